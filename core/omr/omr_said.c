/* What a person said of bars, found by the bar it was said in. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/omr/omr_assembly.h"

static bool tells(const OmrSaidBar *said, OmrSaidWhat what) {
  return what == OMR_SAID_KEY ? said->key : what == OMR_SAID_TIME ? said->beats > 0 : said->right;
}

const OmrSaidBar *omr_said_of(const OmrAssembly *assembly, size_t index, OmrSaidWhat what) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrPage *page = assembly->pages[measure->page];
  const OmrSaidBar *last = NULL;
  for (size_t i = 0; i < page->said.n; i++) {
    const OmrSaidBar *said = &page->said.items[i];
    bool inside = said->system == measure->system && said->x_px >= measure->head_x_px &&
                  said->x_px < page->bars.items[measure->right].x_px;
    if (inside && tells(said, what)) last = said;
  }
  return last;
}
