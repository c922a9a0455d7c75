/* A corpus in one file, so that a thousand scores need not be read again. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_corpus.h"
#include "core/lmm/lmm_dream.h"

/* Times as f32. Remembers the paths that the pieces came from. */
BaseStatus lmm_corpus_file_write(BaseContext *ctx, const LmmCorpus *corpus, const char *path, const LmmLibrary *library);

/* Fills an empty corpus; false, and nothing taken, where the file is not there, damaged or of other paths. */
bool lmm_corpus_file_read(LmmCorpus *corpus, const char *path, const LmmLibrary *library);
