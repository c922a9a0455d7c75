/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/rolled.h"

void rolled_add(Rolled *rolled, double at_s) {
  if (rolled->n && at_s < rolled->last_s) rolled->broken = true;
  if (!rolled->n++) rolled->first_s = at_s;
  rolled->last_s = at_s;
}

bool rolled_is(const Rolled *rolled, size_t least, double longer_s) {
  return !rolled->broken && rolled->n >= least && rolled->last_s - rolled->first_s > longer_s;
}
