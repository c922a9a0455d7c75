/* Dream, listen, keep what was heard. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_sounds.h"

#include "core/transcription/transcription.h"

#include <string.h>

enum { ONE_TO_VALIDATE = 10, ROW = sizeof(LanguageMoment) };

static const double DREAM_S = 60;

void lmm_sounds_clear(LmmSounds *sounds) {
  base_array_clear(&sounds->moments);
  base_array_clear(&sounds->ends);
}

bool lmm_sounds_validates(size_t dream) {
  return dream % ONE_TO_VALIDATE == ONE_TO_VALIDATE - 1;
}

size_t lmm_sounds_to_validate(const LmmSounds *sounds) {
  return sounds->ends.n / ONE_TO_VALIDATE;
}

size_t lmm_sounds_validation(size_t k) {
  return k * ONE_TO_VALIDATE + ONE_TO_VALIDATE - 1;
}

static BaseStatus hear_one(BaseContext *ctx, LmmSounds *sounds, const LmmLibrary *library, LmmInstruments *instruments) {
  const size_t number = sounds->ends.n;
  const bool validation = lmm_sounds_validates(number);
  BaseContext own = {.cancel = ctx->cancel, .threads = 1, .seed = ctx->seed + number};
  BaseRng rng = base_rng(ctx->seed, 2 * number + validation);
  Motion *motion = NULL;
  DspAudio *sound = NULL;
  Transcription *heard = NULL;
  BaseStatus status = lmm_dream_motion(&own, &motion, library, &rng, DREAM_S, validation);
  if (status == BASE_OK) status = lmm_dream_sound(&own, &sound, motion, instruments, &rng);
  if (status == BASE_OK) status = transcription_listen(&own, &heard, sound, NULL);
  if (status == BASE_OK) status = language_moments_of(&own, &sounds->moments, heard->evidence);
  if (status == BASE_OK && !base_array_push(&sounds->ends, sounds->moments.n)) status = base_fail_memory(&own);
  transcription_free(heard);
  dsp_audio_free(sound);
  motion_free(motion);
  return base_context_join(ctx, &own, status);
}

BaseStatus lmm_sounds_dream(BaseContext *ctx, LmmSounds *sounds, const LmmLibrary *library, LmmInstruments *instruments,
                            size_t count) {
  BaseStatus status = BASE_OK;
  const size_t had = sounds->ends.n;
  for (size_t i = had; status == BASE_OK && i < count; i++) {
    base_progress(ctx, (double)(i - had) / (double)(count - had), "Dreaming and listening");
    status = hear_one(ctx, sounds, library, instruments);
  }
  sounds->moments.n = sounds->ends.n ? sounds->ends.items[sounds->ends.n - 1] : 0;
  return status;
}

/* ---- files ---- */

BaseStatus lmm_sounds_write(BaseContext *ctx, const LmmSounds *sounds, const char *path) {
  BasePackWriter *writer = base_pack_writer_new();
  int32_t *ends = malloc((sounds->ends.n + 1) * sizeof *ends);
  const uint64_t moments[2] = {sounds->moments.n, ROW}, dreams[1] = {sounds->ends.n};
  BaseStatus status = writer && ends ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0; ends && i < sounds->ends.n; i++) ends[i] = (int32_t)sounds->ends.items[i];
  if (status == BASE_OK) status = base_pack_add(ctx, writer, "moments", BASE_U8, 2, moments, sounds->moments.items);
  if (status == BASE_OK) status = base_pack_add(ctx, writer, "ends", BASE_I32, 1, dreams, ends);
  if (status == BASE_OK) status = base_pack_write(ctx, writer, path);
  base_pack_writer_free(writer);
  free(ends);
  return status;
}

static bool ends_fit(const int32_t *ends, size_t n, size_t moments) {
  int32_t before = 0;
  for (size_t i = 0; i < n; before = ends[i++])
    if (ends[i] < before) return false;
  return (size_t)before == moments;
}

static BaseStatus take(BaseContext *ctx, LmmSounds *sounds, const BaseTensor *moments, const BaseTensor *ends) {
  if (!base_array_reserve(&sounds->moments, moments->shape[0]) || !base_array_reserve(&sounds->ends, ends->shape[0]))
    return base_fail_memory(ctx);
  memcpy(sounds->moments.items, moments->data, moments->bytes);
  sounds->moments.n = moments->shape[0];
  for (; sounds->ends.n < ends->shape[0]; sounds->ends.n++)
    sounds->ends.items[sounds->ends.n] = (size_t)((const int32_t *)ends->data)[sounds->ends.n];
  return BASE_OK;
}

BaseStatus lmm_sounds_read(BaseContext *ctx, LmmSounds *sounds, const char *path) {
  BasePack *pack = NULL;
  *sounds = (LmmSounds){0};
  BaseStatus status = base_pack_load(ctx, &pack, path);
  if (status != BASE_OK) return status;
  const BaseTensor *moments = base_pack_find(pack, "moments"), *ends = base_pack_find(pack, "ends");
  bool fine = moments && moments->type == BASE_U8 && moments->rank == 2 && moments->shape[1] == ROW && ends &&
              ends->type == BASE_I32 && ends->rank == 1 && ends_fit(ends->data, ends->shape[0], moments->shape[0]);
  status = fine ? take(ctx, sounds, moments, ends) : base_fail(ctx, BASE_BAD_FILE, "“%s” does not hold what was heard in dreams.", path);
  if (status != BASE_OK) lmm_sounds_clear(sounds);
  base_pack_free(pack);
  return status;
}
