/* The road of listening up to the judgement, with one that believes nothing. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/transcription/transcription_candidates.h"

#include "core/transcription/transcription_decoder.h"

static const TranscriptionSalience undecided;

static bool push(TranscriptionCandidates *out, TranscriptionDecoder *decoder,
                 const TranscriptionFrame *frame) {
  TranscriptionOnset onsets[TRANSCRIPTION_KEYS];
  size_t n = 0;
  if (!transcription_decoder_push(decoder, onsets, &n, frame)) return false;
  for (size_t i = 0; i < n; i++) {
    TranscriptionCandidate candidate = {.rise_s = onsets[i].rise_s, .key = onsets[i].key};
    transcription_decoder_features(decoder, candidate.features, &onsets[i]);
    if (!base_array_push(out, candidate)) return false;
  }
  return true;
}

static BaseStatus collect(BaseContext *ctx, TranscriptionCandidates *out,
                          TranscriptionActivations *activations) {
  static const TranscriptionFrame silence;
  TranscriptionFrame frames[TRANSCRIPTION_BLOCK];
  TranscriptionDecoder *decoder =
      transcription_decoder_new(&(TranscriptionDecoderParams){.salience = &undecided, .threshold = 1});
  bool fine = decoder != NULL;
  for (size_t n; fine && !base_cancelled(ctx) && (n = transcription_activations_next(activations, frames));)
    for (size_t i = 0; i < n && fine; i++) fine = push(out, decoder, &frames[i]);
  for (int i = 0; i <= TRANSCRIPTION_DELAY && fine; i++) fine = push(out, decoder, &silence);
  transcription_decoder_free(decoder);
  if (!fine) return base_fail_memory(ctx);
  return base_cancelled(ctx) ? base_fail_cancelled(ctx) : BASE_OK;
}

BaseStatus transcription_candidates(BaseContext *ctx, TranscriptionCandidates *out, const DspAudio *audio) {
  DspStream *stream = NULL;
  TranscriptionActivations *activations = NULL;
  double cents = 0;
  BaseStatus status = dsp_stream_over(ctx, &stream, audio, TRANSCRIPTION_RATE_HZ);
  if (!status) status = transcription_tuning(ctx, &cents, stream);
  dsp_stream_free(stream);
  stream = NULL;
  if (!status) status = dsp_stream_over(ctx, &stream, audio, TRANSCRIPTION_RATE_HZ);
  if (!status) status = transcription_activations_new(ctx, &activations, stream, cents);
  if (!status) status = collect(ctx, out, activations);
  transcription_activations_free(activations);
  dsp_stream_free(stream);
  return status;
}
