/* What a transcriber hears in dreams, to learn from what music sounds like. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_sound.h"
#include "core/lmm/lmm_dream.h"

/* Moments of dreams, one after another. Every tenth dream is of pieces to validate on. */
typedef struct {
  LanguageMoments moments;
  BASE_ARRAY(size_t) ends; /* of each dream, in moments */
} LmmSounds;

void lmm_sounds_clear(LmmSounds *sounds);

/* Whether a dream, by its number, is of a piece to validate on; and how many of these there are. */
bool lmm_sounds_validates(size_t dream);
size_t lmm_sounds_to_validate(const LmmSounds *sounds);

/* The number of the k-th of those. */
size_t lmm_sounds_validation(size_t k);

/* Dreams minutes until there are `count` of them, and listens to them with the program's own ears. The same for the same
 * ctx->seed and instruments, however many there were before. After a failure those are kept that are whole. 3 s a dream. */
BaseStatus lmm_sounds_dream(BaseContext *ctx, LmmSounds *sounds, const LmmLibrary *library, LmmInstruments *instruments,
                            size_t count);

/* A file of them. 180 kB a dream. */
BaseStatus lmm_sounds_write(BaseContext *ctx, const LmmSounds *sounds, const char *path);
BaseStatus lmm_sounds_read(BaseContext *ctx, LmmSounds *sounds, const char *path);
