/* What the sources of the project share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/project.h"

/* Makes the command the last step and does it; takes what it owns, also on failure (no memory, nothing changed). */
bool project_append(Project *project, ProjectCommand *command);

/* ---- project_edits.c ---- */

/* Equal in place, kind and value. */
bool project_same_edit(const OmrEdit *a, const OmrEdit *b);

/* Valid, or none with a place. */
bool project_sane_edit(const OmrEdit *edit);

bool project_reserve_edits(Project *project, size_t n);

/* Applies one pair, or takes it back; room must have been reserved. */
void project_put_edit(Project *project, const ProjectEditChange *change, bool forward);
