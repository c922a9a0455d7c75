/* How likely each key was struck or sounding at each moment of a recording.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Posteriors of a transcription, K = 88 keys (0 = A0, MIDI 21). The value that transcription hands to
 * alignment, correction and training. Owned by one holder, freed with evidence_free. */
typedef struct {
  size_t frames;  /* T */
  double hop_s;   /* frame t is centred at t * hop_s seconds of the recording */
  uint8_t *onset; /* T × K, probability of a key going down at the frame × 255; one 1-frame peak a note */
  uint8_t *sounding; /* T × K, probability that the key sounds × 255 */
  uint8_t *strength; /* T × K, velocity 1…127 if there were an onset; may be null */
  uint8_t *release;  /* T × K, probability that the sound of the key ends at the frame × 255; may be null */
  int8_t *shift;     /* T × K, how much later than the frame's centre the onset is, in 1/EVIDENCE_SHIFTS of a hop;
                        may be null */
} Evidence;

enum { EVIDENCE_SHIFTS = 200 };

/* Zeroed evidence with all planes; null without memory. */
Evidence *evidence_new(size_t frames, double hop_s);
void evidence_free(Evidence *evidence);
Evidence *evidence_dup(const Evidence *evidence); /* all its planes; null without memory */

/* Writes an onset `at` frames (any real from 0 on) from the beginning, unless what stands there is likelier or it lies
 * behind the end. Evidence with all planes. */
void evidence_put_onset(Evidence *evidence, double at, int key, uint8_t onset, uint8_t strength);

/* Seconds of the onset that frame t may hold for a key. */
double evidence_onset_s(const Evidence *evidence, size_t t, int key);
