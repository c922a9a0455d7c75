/* Wrong notes planted into what was heard, told by playing back. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/flow/flow_evidence.h"
#include "core/piano/piano_wave.h"
#include "tests/check.h"

#include <math.h>

enum { CHORDS = 20, VOICES = 3, PLANTED = 10 };

static const float HEARD_WITH = 0.75F;
static const float CENTS = -30;

/* A piano that nobody knows yet: flat, with a bright treble. */
static PianoModel strange_piano(void) {
  PianoModel piano = piano_model_reference();
  piano.values[PIANO_AT_TUNING] = CENTS;
  for (int b = PIANO_BANDS / 2; b < PIANO_BANDS; b++) piano.values[PIANO_AT_EQUALISER + b] += 1;
  return piano;
}

static Motion *play_chords(BaseRng *rng) {
  static const int low[VOICES] = {43, 57, 70};
  Motion *motion = motion_new();
  for (int c = 0; c < CHORDS; c++)
    for (int v = 0; v < VOICES; v++) {
      const double at_s = 0.5 + 0.4 * c + base_rng_range(rng, -0.01, 0.01);
      CHECK(motion_add(motion, at_s, at_s + 0.35, low[v] + (int)base_rng_below(rng, 12), 50 + (int)base_rng_below(rng, 40), HEARD_WITH));
    }
  motion_sort(motion);
  return motion;
}

static bool is_near(const Motion *motion, double at_s, int midi) {
  for (size_t i = 0; i < motion->notes.n; i++)
    if (motion->notes.items[i].midi == midi && fabs(motion->notes.items[i].onset_s - at_s) < 0.5) return true;
  return false;
}

/* What is heard with notes a semitone, a fifth or an octave beside, or between the chords. */
static Motion *mishear(const Motion *played, BaseRng *rng) {
  static const int beside[] = {1, -1, 7, 12};
  Motion *heard = motion_dup(played);
  for (int planted = 0; planted < PLANTED;) {
    const MotionNote note = played->notes.items[base_rng_below(rng, (uint32_t)played->notes.n)];
    const int midi = note.midi + beside[planted % 4];
    const double at_s = note.onset_s + (planted % 2 ? 0.2 : 0);
    if (is_near(heard, at_s, midi)) continue;
    CHECK(motion_add(heard, at_s, at_s + 0.3, midi, 64, HEARD_WITH));
    planted++;
  }
  motion_sort(heard);
  return heard;
}

static bool was_played(const Motion *played, const MotionNote *note) {
  for (size_t i = 0; i < played->notes.n; i++)
    if (played->notes.items[i].id == note->id) return true;
  return false;
}

/* The instrument is learned from what was heard, wrong notes and all. */
static void planted_notes_are_not_needed(void) {
  BaseRng rng = base_rng(3, 0);
  const PianoModel piano = strange_piano();
  Motion *played = play_chords(&rng), *heard = mishear(played, &rng);
  const char *path = check_temporary("played.wav");
  PianoModel learned;
  float *sounding = NULL;
  size_t told = 0, doubted = 0;
  CHECK(piano_wave_file(NULL, NULL, path, &piano, played, &(PianoWaveParams){.rate_hz = 22050}) == BASE_OK);
  CHECK(flow_learn_piano(NULL, &learned, path, heard) == BASE_OK);
  CHECK_NEAR(learned.values[PIANO_AT_TUNING], CENTS, 8);
  CHECK(flow_weigh(NULL, &sounding, path, &learned, heard) == BASE_OK);
  for (size_t i = 0; i < heard->notes.n; i++) {
    const bool true_note = was_played(played, &heard->notes.items[i]);
    CHECK(sounding[i] >= 0 && sounding[i] <= 1);
    told += !true_note && sounding[i] < 0.5F;
    doubted += true_note && sounding[i] < 0.5F;
  }
  CHECK_SAYING(told >= PLANTED - 1, "%zu of %d", told, PLANTED);
  CHECK_SAYING(doubted <= CHORDS * VOICES / 20, "%zu of %d", doubted, CHORDS * VOICES);
  free(sounding);
  motion_free(heard);
  motion_free(played);
}

/* Silence needs no note; nothing is learned where no note falls into the recording, and a file that is missing is named. */
static void what_cannot_be_weighed_is_told(void) {
  BaseContext ctx = {0};
  Motion *late = motion_new();
  PianoModel learned, piano = piano_model_reference();
  float *sounding = NULL;
  CHECK(motion_add(late, 100, 101, 60, 64, 1));
  Motion *nothing = motion_new();
  const char *path = check_temporary("silence.wav");
  CHECK(piano_wave_file(NULL, NULL, path, &piano, nothing, NULL) == BASE_OK);
  CHECK(flow_learn_piano(&ctx, &learned, path, late) == BASE_BAD_INPUT && strstr(ctx.sentence, "silence.wav"));
  CHECK(flow_weigh(&ctx, &sounding, "/nowhere/a.wav", &piano, late) != BASE_OK && strstr(ctx.sentence, "/nowhere/a.wav"));
  CHECK(!sounding);
  motion_free(nothing);
  motion_free(late);
}

CHECK_MAIN({CASE(planted_notes_are_not_needed)}, {CASE(what_cannot_be_weighed_is_told)})
