/* What a scene marks on its pages. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/page-tile.h"

G_BEGIN_DECLS

/* The scene's pages with the state of each note head that sounds and the bars in doubt. A note that is played
 * on several passes shows the one that needs the person most. Null without pages; caller's reference. Main
 * thread. */
TriPageInk *tri_page_marks_ink(TriScene *scene);

G_END_DECLS
