/* What the proof-reader thinks of a score, by note. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_suspicion.h"

#include "core/language/language_proof.h"

#include <stdlib.h>

BaseStatus flow_suspect(BaseContext *ctx, FlowSuspicion **out, const Score *score) {
  FlowSuspicion *found = calloc((size_t)score->next_id + 1, sizeof *found);
  LanguageProof *proof = NULL;
  LanguageDoubt *doubts = NULL;
  size_t n = 0;
  BaseStatus status = found ? language_proof_load(ctx, &proof, NULL) : base_fail_memory(ctx);
  if (status == BASE_OK) status = language_doubts(ctx, &doubts, &n, proof, score);
  for (size_t i = 0; status == BASE_OK && i < n; i++)
    if (doubts[i].note < score->next_id) found[doubts[i].note] = (FlowSuspicion){doubts[i].pitch_prob, doubts[i].rhythm_prob};
  free(doubts);
  language_proof_free(proof);
  if (status == BASE_OK)
    *out = found;
  else
    free(found);
  return status;
}
