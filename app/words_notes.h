/* What is written, in a person's words. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"
#include "core/omr/omr_edit.h"

#include <glib.h>

G_BEGIN_DECLS

/* "C♯5, dotted quarter" or "Eighth rest, triplet". New string. */
char *words_note(const ScoreNote *note);

/* A printed value as a noun: "quarter". Static. */
const char *words_value(int type);

/* What a note would be after an edit: "eighth", "with a dot", "D5", "no note". New string. */
char *words_reading(const OmrEdit *edit);

/* Why a bar is suspicious, from what the reader says of it, and what may be the matter: "5 beats in 4/4: dot
 * or flag missing?". New string. */
char *words_doubt(const char *doubt);

G_END_DECLS
