/* Words, rank and thresholds of the states, so that every view agrees. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/state.h"

#include <glib/gi18n.h>

static const float sure_from = 0.9f, unsure_from = 0.5f;

const char *tri_state_text(TriState state) {
  switch (state) {
  case TRI_SURE:
    return _("sure");
  case TRI_UNSURE:
    return _("unsure");
  case TRI_DOUBTFUL:
    return _("doubtful");
  case TRI_CHECKED:
    return _("checked");
  case TRI_NOT_PLAYED:
    return _("in score, not heard");
  case TRI_EXTRA:
    return _("heard, not in score");
  }
  return "";
}

gboolean tri_state_outranks(TriState a, TriState b) {
  static const guint8 rank[] = {[TRI_CHECKED] = 0,    [TRI_SURE] = 1,   [TRI_EXTRA] = 2,
                                [TRI_NOT_PLAYED] = 3, [TRI_UNSURE] = 4, [TRI_DOUBTFUL] = 5};
  return rank[MIN(a, TRI_EXTRA)] > rank[MIN(b, TRI_EXTRA)];
}

TriState tri_state_of_confidence(float confidence) {
  if (confidence < unsure_from) return TRI_DOUBTFUL;
  return confidence < sure_from ? TRI_UNSURE : TRI_SURE;
}
