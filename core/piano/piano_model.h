/* An instrument as numbers: a parametric piano whose sound depends smoothly on every one of them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stiff strings give partial h of key k the frequency  f0 h √((1 + B h²) / (1 + B))  (Fletcher 1964), B a sum
 * of two exponentials over the keyboard and f0 carrying the octave stretch that B asks for (Renault 2022).
 * A partial's power rises once and falls in two stages (Weinreich 1977):
 * (1 − m) e^(−t/τ1) + m e^(−t/τ2) − e^(−t/τ1 − t/τa), then falls with the damper's time constant. Its level
 * depends on key, partial and velocity. A hammer thump, a shared equaliser, a room that smears power in time
 * and a noise floor complete the instrument (after Engel 2020). Between the key's message and the hammer's
 * blow lies the way of the action, which differs from key to key, with the blow's strength, and for a string
 * that still sounds, whose key is not quite back (Askenfelt & Jansson 1990; Goebl & Bresin 2003).
 *
 * Powers are natural logarithms, times natural logarithms of seconds, shares logits, so that every parameter
 * may take any finite value; priors and bounds keep unheard keys near their neighbours. */
#pragma once

#include "core/base/base_context.h"
#include "core/base/base_pack.h"
#include "core/base/base_rng.h"
#include "core/piano/piano_notes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
  PIANO_PARTIALS = 32, /* H */
  PIANO_NODES = 12,    /* along the keyboard, every 8 keys; values between are linear */
  PIANO_BANDS = 24,    /* along log frequency, 30 Hz … 7.6 kHz; values between are linear */
  PIANO_ROOMS = 4,     /* nodes along log frequency for the room */
};

/* Where the first and the last node along log frequency stand. */
#define PIANO_LOWEST_BAND_HZ  30.0
#define PIANO_HIGHEST_BAND_HZ 7600.0

/* The parameters as blocks of one flat vector: name, count, standard deviation of its prior, lower and upper
 * bound. The prior is a Gaussian around the value in the reference instrument that the fit starts from. */
#define PIANO_BLOCKS(X)                                                                                      \
  X(TUNING, 1, 20.0, -100, 100)                          /* cents, whole instrument */                       \
  X(INHARMONICITY, 4, 0.3, -20, 20)                      /* α_b·10, β_b, α_t·10, β_t of B(k) */        \
  X(KEY_TUNING, PIANO_KEYS, 4.0, -40, 40)                /* cents, one key */                                \
  X(KEY_LEVEL, PIANO_KEYS, 0.7, -20, 20)                 /* ln power of a key */                             \
  X(PARTIAL, PIANO_NODES *PIANO_PARTIALS, 1.5, -25, 10)  /* ln power of partial h against the key */         \
  X(KEY_PARTIAL, PIANO_KEYS *PIANO_PARTIALS, 0.8, -8, 8) /* the same, what is particular to one key */       \
  X(DYNAMICS, PIANO_NODES, 0.8, 0.5, 9)                  /* ln power from velocity 64 to 128 */              \
  X(BRIGHTNESS, PIANO_NODES, 0.4, -1, 4)                 /* the same for each doubling of h */               \
  X(DECAY, PIANO_NODES, 0.5, -5, 2)                      /* ln τ1 of partial 1 */                           \
  X(KEY_DECAY, PIANO_KEYS, 0.3, -1.5, 1.5)               /* what is particular to one key, both stages */    \
  X(DECAY_SLOPE, PIANO_NODES, 0.3, -2, 0.5)              /* ln τ for each doubling of h */                  \
  X(AFTER_DECAY, PIANO_NODES, 0.5, 0.2, 4)               /* ln τ2 − ln τ1 */                             \
  X(AFTER_SHARE, PIANO_NODES, 0.7, -6, 3)                /* logit m */                                       \
  X(ATTACK, PIANO_NODES, 0.5, -8, -3)                    /* ln τa */                                        \
  X(ATTACK_DYNAMICS, 1, 0.3, -2, 2)                      /* ln τa from velocity 64 to 128 */                \
  X(DELAY, 1, 4.0, -40, 40)                              /* ms from key to microphone, attack aside */       \
  X(KEY_DELAY, PIANO_KEYS, 8.0, -40, 40)                 /* ms, the way of one key's hammer */               \
  X(TOUCH, 4, 8.0, -60, 60)          /* ms by v = (velocity − 64) / 64, by v², if re-struck, then by v */ \
  X(DAMPER, PIANO_NODES, 0.5, -6, 1) /* ln τ after the key comes up */                                      \
  X(HAMMER, PIANO_NODES, 1.0, -16, 4)       /* ln power of the thump against the key */                      \
  X(HAMMER_SHAPE, PIANO_BANDS, 1.0, -10, 6) /* ln power by band */                                           \
  X(HAMMER_DECAY, 1, 0.4, -6, -2)           /* ln τ */                                                      \
  X(PEDAL, 2, 0.5, -3, 3)                   /* logit m, ln τ2 added while the dampers are lifted */         \
  X(EQUALISER, PIANO_BANDS, 1.0, -12, 12)   /* ln power by band */                                           \
  X(ROOM_LEVEL, PIANO_ROOMS, 1.0, -9, 1)    /* ln of reverberant against direct power */                     \
  X(ROOM_DECAY, PIANO_ROOMS, 0.5, -4, 1)    /* ln τ of the reverberant power */                             \
  X(NOISE, PIANO_BANDS, 4.0, -30, 4)        /* ln power of the floor by band */

typedef enum {
#define X(name, ...) PIANO_##name,
  PIANO_BLOCKS(X)
#undef X
      PIANO_N_BLOCKS
} PianoBlock;

/* First index of a block; PIANO_PARAMS in all. */
enum {
#define X(name, count, ...) PIANO_AT_##name, PIANO_END_##name = PIANO_AT_##name + (count)-1,
  PIANO_BLOCKS(X)
#undef X
      PIANO_PARAMS
};

typedef struct {
  const char *name; /* "key-level" */
  int first, count;
  float deviation, low, high;
} PianoBlockInfo;

/* The table of blocks, PIANO_N_BLOCKS long, static. */
const PianoBlockInfo *piano_blocks(void);

/* One instrument, or a gradient of one. Plain value of about 16 kB. */
typedef struct {
  float values[PIANO_PARAMS];
} PianoModel;

/* A well-kept grand in a small room, by formulas: what the reference instrument was learned from. */
PianoModel piano_model_default(void);

/* A sampled grand, learned (its origin: resources/models/MANIFEST): what plays when no other is named. The
 * default where memory is short. */
PianoModel piano_model_reference(void);

/* What pianos have in common: `model` with the traits of its single keys smoothed away. The centre of the
 * priors when another piano is learned. */
PianoModel piano_model_common(const PianoModel *model);

/* Draws an instrument around `mean` from the priors, `spread` deviations wide: detuned, bright, dull, worn.
 */
PianoModel piano_model_sample(const PianoModel *mean, BaseRng *rng, double spread);

/* Puts every value inside its block's bounds. */
void piano_model_clamp(PianoModel *model);

/* Hz of partial `h` (from 1) of `key` (from 0). O(1). */
double piano_model_frequency_hz(const PianoModel *model, int key, int h);

/* ln power that the equaliser adds at a frequency. */
double piano_model_equaliser(const PianoModel *model, double hz);

/* Seconds between a key press and the hammer's blow, beyond what all share; may be negative. */
double piano_model_way_s(const PianoModel *model, const PianoNote *note);

/* Chain rule through it: adds what `d`, a derivative by the result, means to `gradient` (null: nothing) and
 * returns the derivative by velocity. */
double piano_model_way_backward(PianoModel *gradient, const PianoModel *model, const PianoNote *note,
                                double d);

/* Everything one partial of one note needs; the result of the physics above. */
typedef struct {
  double ln_power, frequency_hz;
  double tau1_s, tau2_s, share, attack_s, damper_s;
} PianoPartialSound;

/* `velocity` is 1 … 127, any real; `pedal` tells whether the dampers are lifted at the onset. */
PianoPartialSound piano_model_partial(const PianoModel *model, int key, int h, double velocity, int pedal);

/* Chain rule through piano_model_partial: adds to `gradient` what `d` (derivatives of a loss by the fields of
 * the result) means for the parameters (null: nothing), and returns the derivative by velocity. */
double piano_model_partial_backward(PianoModel *gradient, const PianoModel *model, int key, int h,
                                    double velocity, int pedal, const PianoPartialSound *d);

/* The hammer's thump as a source of broad-band noise: power, and one decay in tau1_s. */
PianoPartialSound piano_model_hammer(const PianoModel *model, int key, double velocity);
double piano_model_hammer_backward(PianoModel *gradient, const PianoModel *model, int key, double velocity,
                                   const PianoPartialSound *d);

/* Saved as a named-tensor file, one tensor a block, as f32 (exact) or f16; refused unless every block has its
 * exact shape. `origin` says what produced it. */
BaseStatus piano_model_save(BaseContext *ctx, const PianoModel *model, BaseType type, const char *origin,
                            const char *path);
BaseStatus piano_model_load(BaseContext *ctx, PianoModel *model, const char *path);

/* The bytes of such a file in memory, freed by the caller, and back; `name` stands for it in sentences. */
BaseStatus piano_model_pack(BaseContext *ctx, void **bytes, size_t *n, const PianoModel *model, BaseType type,
                            const char *origin);
BaseStatus piano_model_unpack(BaseContext *ctx, PianoModel *model, const void *bytes, size_t n,
                              const char *name);
