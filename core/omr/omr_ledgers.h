/* Heads above and below a staff. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

/* Sets the position of a head outside the staff by the ledger lines that carry it, and takes off its score
 * for lines that are hard to see. `size`: of the head and its ledger lines, 1 that of a note, less of a grace
 * note. False when the head hangs in the air. About 5 µs. */
bool omr_carry_by_ledgers(OmrHead *head, const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff,
                          float size);
