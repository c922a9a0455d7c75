/* Instruments as jobs: learned from a recording, made ready to be played. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "app/job.h"
#include "core/music/motion.h"
#include "core/piano/piano.h"
#include "core/piano/piano_model.h"

G_BEGIN_DECLS

/* ---- learning: the result is a PianoModel, freed with g_free ---- */

typedef struct {
  char *path;    /* the recording */
  Motion *notes; /* what is played in it, sorted by onset */
} StepsLearnPianoSnapshot;
void steps_learn_piano_snapshot_free(gpointer snapshot);
BaseStatus steps_learn_piano(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

/* ---- making it playable: the result is a PianoSynth ---- */

typedef struct {
  char *soundfont;  /* null: the model, as a soundfont in the user's cache, where the newest few stay */
  PianoModel model; /* of no meaning with a soundfont */
  int rate_hz;
} StepsInstrumentSnapshot;
void steps_instrument_snapshot_free(gpointer snapshot);
BaseStatus steps_make_synth(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

G_END_DECLS
