/* A MIDI file taken as a score. Key-downs and key-ups go through the tempo map to quarters and to the nearest
 * 1/24; notes are cut at bar lines every four quarters and tied; on each staff a note takes the first voice
 * that is free or whose chord it joins. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GRID = 24, MEASURE_QUARTERS = 4, VOICES = 4, MIDDLE_C = 60, MOST_MEASURES = 100000 };
static const double USUAL_S = 0.5; /* a quarter without a tempo map */

static double quarter_at(const Motion *motion, double time_s) {
  size_t n = motion->beats.n, low = 0, high = n;
  if (n < 2)
    return n ? beat_double(motion->beats.items[0].quarter) +
                   (time_s - motion->beats.items[0].time_s) / USUAL_S
             : time_s / USUAL_S;
  const MotionBeat *beats = motion->beats.items;
  while (low + 1 < high) {
    size_t middle = low + (high - low) / 2;
    if (beats[middle].time_s <= time_s)
      low = middle;
    else
      high = middle;
  }
  if (low + 1 >= n) low = n - 2;
  double seconds = beats[low + 1].time_s - beats[low].time_s;
  double quarters = beat_double(beats[low + 1].quarter) - beat_double(beats[low].quarter);
  if (!(seconds > 0)) return beat_double(beats[low].quarter);
  return beat_double(beats[low].quarter) + quarters * (time_s - beats[low].time_s) / seconds;
}

/* The end of what each voice of each staff holds, and the start and length of its last chord. */
typedef struct {
  Beat end, start, duration;
  bool used;
} Voice;

/* The voice for a note, from 0; `chord` tells whether it joins the voice's last note. */
static int choose_voice(Voice *voices, Beat onset, Beat duration, bool *chord) {
  int best = VOICES - 1;
  for (int v = VOICES - 1; v >= 0; v--) {
    bool same =
        voices[v].used && beat_equal(voices[v].start, onset) && beat_equal(voices[v].duration, duration);
    if (same || !voices[v].used || beat_compare(voices[v].end, onset) <= 0) best = v;
  }
  Voice *voice = &voices[best];
  *chord = voice->used && beat_equal(voice->start, onset) && beat_equal(voice->duration, duration);
  *voice = (Voice){beat_add(onset, duration), onset, duration, true};
  return best;
}

/* The printed value nearest below, and a dot where it fits. */
static void set_type(ScoreNote *note) {
  double quarters = beat_double(note->duration), value = 4;
  note->type = 0;
  while (value > quarters + 1e-9 && note->type < 8) value /= 2, note->type++;
  note->dots = fabs(quarters - 1.5 * value) < 1e-9;
}

static void spell(ScoreNote *note, int midi) {
  static const int8_t STEP[12] = {0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6};
  static const int8_t ALTER[12] = {0, 1, 0, -1, 0, 0, 1, 0, 1, 0, -1, 0};
  note->step = STEP[midi % 12], note->alter = ALTER[midi % 12], note->octave = (int8_t)(midi / 12 - 1);
}

static bool add_measures(Score *score, int64_t wanted) {
  while ((int64_t)score->measures.n < wanted) {
    ScoreMeasure measure = score_measure();
    measure.length = beat_whole(MEASURE_QUARTERS);
    snprintf(measure.number, sizeof measure.number, "%zu", score->measures.n + 1);
    if (!base_array_push(&score->measures, measure)) return false;
  }
  return true;
}

/* One note as tied pieces between bar lines. */
static bool add_note(Score *score, const MotionNote *played, Beat onset, Beat end, int voice, bool chord) {
  bool first = true;
  while (beat_compare(onset, end) < 0) {
    int64_t bar = onset.num / onset.den / MEASURE_QUARTERS;
    Beat stop = beat_min(end, beat_whole((bar + 1) * MEASURE_QUARTERS));
    if (!add_measures(score, bar + 1)) return false;
    ScoreNote note = score_note(score);
    spell(&note, played->midi);
    note.measure = (int32_t)bar, note.staff = played->midi < MIDDLE_C, note.chord = chord;
    note.voice = (int16_t)(1 + voice + note.staff * VOICES);
    note.onset = beat_sub(onset, beat_whole(bar * MEASURE_QUARTERS)), note.duration = beat_sub(stop, onset);
    note.ties = (uint8_t)((first ? 0 : SCORE_TIE_STOP) | (beat_compare(stop, end) < 0 ? SCORE_TIE_START : 0));
    set_type(&note);
    if (!base_array_push(&score->notes, note)) return false;
    onset = stop, first = false;
  }
  return true;
}

static bool add_signs(Score *score) {
  for (int16_t staff = 0; staff < 2; staff++) {
    ScoreSign clef = score_sign(score, SCORE_SIGN_CLEF), time = score_sign(score, SCORE_SIGN_TIME);
    clef.staff = staff, clef.onset = beat_whole(0);
    clef.clef = staff == 0 ? SCORE_CLEF_G : SCORE_CLEF_F, clef.clef_line = staff == 0 ? 2 : 4;
    time.staff = staff, time.onset = beat_whole(0), time.beats = MEASURE_QUARTERS, time.beat_type = 4;
    if (!base_array_push(&score->signs, clef) || !base_array_push(&score->signs, time)) return false;
  }
  return true;
}

static void name_score(Score *score, const char *name) {
  const char *slash = strrchr(name, '/');
  snprintf(score->title, sizeof score->title, "%s", slash ? slash + 1 : name);
  snprintf(score->source, sizeof score->source, "MIDI");
}

static BaseStatus fill_score(BaseContext *ctx, Score *score, const Motion *motion) {
  Voice voices[2][VOICES] = {{{.used = false}}};
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    double from = quarter_at(motion, note->onset_s), to = quarter_at(motion, note->key_up_s);
    if (to > (double)MOST_MEASURES * MEASURE_QUARTERS)
      return base_fail(ctx, BASE_UNSUPPORTED,
                       "A MIDI file with more than %d measures is too long for a score.", MOST_MEASURES);
    Beat onset = beat_max(beat_near(from, GRID), beat_whole(0)), end = beat_near(to, GRID);
    end = beat_max(end, beat_add(onset, beat_make(1, GRID)));
    bool chord;
    int voice = choose_voice(voices[note->midi < MIDDLE_C], onset, beat_sub(end, onset), &chord);
    if (!add_note(score, note, onset, end, voice, chord)) return base_fail_memory(ctx);
  }
  score_sort(score);
  return BASE_OK;
}

BaseStatus flow_score_of_motion(BaseContext *ctx, Score **out, const Motion *motion, const char *name) {
  if (motion->notes.n == 0) return base_fail(ctx, BASE_BAD_INPUT, "“%s” holds no notes.", name);
  Score *score = score_new();
  if (!score) return base_fail_memory(ctx);
  name_score(score, name);
  ScorePart part = {.id = "P1", .name = "Piano", .staves = 2};
  BaseStatus status =
      base_array_push(&score->parts, part) && add_signs(score) ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) status = fill_score(ctx, score, motion);
  if (status == BASE_OK)
    *out = score;
  else
    score_free(score);
  return status;
}
