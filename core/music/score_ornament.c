/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score_ornament.h"

#include <math.h>

static const double TRILL_S = 0.09, MORDENT_S = 0.08, TURN_S = 0.12, FASTEST_STROKE_S = 0.03;

/* What the key signature does to a step 0…6 = C…B. */
static int key_alter(int step, int fifths) {
  static const int8_t SHARP_ORDER[7] = {1, 3, 5, 0, 2, 4, 6}; /* place of C…B in F C G D A E B */
  int place = SHARP_ORDER[step];
  if (fifths > 0) return place < fifths ? 1 : 0;
  return 6 - place < -fifths ? -1 : 0;
}

int score_neighbour(const ScoreNote *note, int steps, int fifths) {
  ScoreNote neighbour = *note;
  int place = note->octave * 7 + note->step + steps;
  neighbour.octave = (int8_t)floor(place / 7.0);
  neighbour.step = (int8_t)(place - 7 * neighbour.octave);
  neighbour.alter = (int8_t)key_alter(neighbour.step, fifths);
  int semitones = score_midi(&neighbour) - score_midi(note);
  if (steps > 0) return semitones < 1 ? 1 : semitones > 3 ? 3 : semitones;
  return semitones > -1 ? -1 : semitones < -3 ? -3 : semitones;
}

/* `n` strokes of equal length through the note, pitches taken in turn from `pattern`. */
static size_t fill(ScoreStroke *strokes, size_t n, double duration_s, const int8_t pattern[2]) {
  for (size_t i = 0; i < n; i++)
    strokes[i] = (ScoreStroke){duration_s * (double)i / (double)n, duration_s * (double)(i + 1) / (double)n,
                               pattern[i % 2]};
  return n;
}

/* Short strokes of `stroke_s`, then the last pitch until the note ends. */
static size_t flourish(ScoreStroke *strokes, size_t n, double duration_s, double stroke_s,
                       const int8_t *pattern) {
  double each_s = fmin(stroke_s, duration_s / (double)(n + 1));
  for (size_t i = 0; i < n; i++)
    strokes[i] =
        (ScoreStroke){each_s * (double)i, i + 1 < n ? each_s * (double)(i + 1) : duration_s, pattern[i]};
  return n;
}

static size_t strokes_of(double duration_s, double stroke_s) {
  double n = floor(duration_s / fmax(stroke_s, FASTEST_STROKE_S) + 1e-6);
  return n < 1 ? 1 : n > SCORE_MOST_STROKES - 1 ? SCORE_MOST_STROKES - 1 : (size_t)n;
}

static size_t tremolo(ScoreStroke *strokes, const ScoreNote *note, double duration_s, double s_per_quarter) {
  int flags = note->type > 2 ? note->type - 2 : 0, levels = note->tremolo + flags;
  double stroke_s = s_per_quarter / (double)(1 << (levels > 6 ? 6 : levels));
  return fill(strokes, strokes_of(duration_s, stroke_s), duration_s, (int8_t[2]){0, 0});
}

size_t score_strokes(ScoreStroke *strokes, const ScoreNote *note, int fifths, double duration_s,
                     double s_per_quarter) {
  int8_t up = (int8_t)score_neighbour(note, 1, fifths), down = (int8_t)score_neighbour(note, -1, fifths);
  unsigned marks = note->marks;
  if (marks & SCORE_TRILL) {
    size_t n = strokes_of(duration_s, TRILL_S) | 1; /* odd: it ends on the note itself */
    return fill(strokes, n < 3 ? 3 : n, duration_s, (int8_t[2]){0, up});
  }
  if (marks & SCORE_MORDENT) return flourish(strokes, 3, duration_s, MORDENT_S, (int8_t[3]){0, down, 0});
  if (marks & SCORE_INVERTED_MORDENT)
    return flourish(strokes, 3, duration_s, MORDENT_S, (int8_t[3]){0, up, 0});
  if (marks & SCORE_TURN) return flourish(strokes, 4, duration_s, TURN_S, (int8_t[4]){up, 0, down, 0});
  if (marks & SCORE_INVERTED_TURN)
    return flourish(strokes, 4, duration_s, TURN_S, (int8_t[4]){down, 0, up, 0});
  if (note->tremolo) return tremolo(strokes, note, duration_s, s_per_quarter);
  return fill(strokes, 1, duration_s, (int8_t[2]){0, 0});
}
