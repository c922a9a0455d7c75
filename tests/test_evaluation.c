/* The metrics on cases that can be counted by hand, and the matching against a slow reference.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/evaluation/evaluation.h"
#include "tests/check.h"

/* ---- notes ---- */

typedef struct {
  double onset_s, end_s;
  int midi, velocity;
} Row;

static Motion *motion_of(const Row *rows, size_t n) {
  Motion *motion = motion_new();
  for (size_t i = 0; i < n; i++)
    motion_add(motion, rows[i].onset_s, rows[i].end_s, rows[i].midi, rows[i].velocity, 1);
  motion_sort(motion);
  return motion;
}

static EvaluationNotes compare(const Row *a, size_t n, const Row *b, size_t m) {
  EvaluationNotes out = {0};
  Motion *reference = motion_of(a, n), *estimate = motion_of(b, m);
  CHECK(evaluation_notes(NULL, &out, reference, estimate, NULL) == BASE_OK);
  motion_free(reference);
  motion_free(estimate);
  return out;
}

#define COMPARE(a, b) compare(a, sizeof(a) / sizeof *(a), b, sizeof(b) / sizeof *(b))

static void same_notes_are_perfect(void) {
  const Row notes[] = {{0, 1, 60, 64}, {1, 2, 62, 100}};
  EvaluationNotes out = COMPARE(notes, notes);
  CHECK(out.onset.f1 == 1 && out.onset_offset.f1 == 1 && out.onset_offset_velocity.f1 == 1 &&
        out.frame.f1 == 1);
  CHECK(out.deviation_absolute_s == 0);
}

static void fifty_milliseconds_are_in(void) {
  const Row reference[] = {{0, 1, 60, 64}, {1, 2, 62, 100}},
            estimate[] = {{0.05, 1, 60, 64}, {1.0502, 2, 62, 64}};
  EvaluationNotes out = COMPARE(reference, estimate);
  CHECK_NEAR(out.onset.precision, 0.5, 1e-12);
  CHECK_NEAR(out.onset.recall, 0.5, 1e-12);
  CHECK_NEAR(out.deviation_mean_s, 0.05, 1e-9);
}

static void doubled_note_counts_once(void) {
  const Row reference[] = {{0, 1, 60, 64}}, estimate[] = {{0, 1, 60, 64}, {0.02, 1, 60, 64}};
  EvaluationNotes out = COMPARE(reference, estimate);
  CHECK_NEAR(out.onset.precision, 0.5, 1e-12);
  CHECK_NEAR(out.onset.recall, 1, 1e-12);
  CHECK_NEAR(out.onset.f1, 2.0 / 3, 1e-12);
}

/* Nearest first would match one pair; the greatest matching has two. */
static void matching_is_maximum(void) {
  const Row reference[] = {{0.05, 1, 60, 64}, {0.11, 1, 60, 64}},
            estimate[] = {{0.09, 1, 60, 64}, {0.01, 1, 60, 64}};
  CHECK(COMPARE(reference, estimate).onset.f1 == 1);
}

static void ends_may_be_off_by_a_fifth(void) {
  const Row reference[] = {{0, 2, 60, 64}, {3, 3.1, 60, 64}};
  const Row near[] = {{0, 2.4, 60, 64}, {3, 3.15, 60, 64}}, far[] = {{0, 2.41, 60, 64}, {3, 3.16, 60, 64}};
  CHECK(COMPARE(reference, near).onset_offset.f1 == 1);
  CHECK(COMPARE(reference, far).onset_offset.f1 == 0);
}

static void velocities_are_fitted_by_a_line(void) {
  Row reference[8], estimate[8];
  for (int i = 0; i < 8; i++) {
    reference[i] = (Row){i, i + 0.5, 60 + i, 20 + 10 * i};
    estimate[i] = (Row){i, i + 0.5, 60 + i, 17 + 5 * i};
  }
  CHECK(COMPARE(reference, estimate).onset_offset_velocity.f1 == 1);
  estimate[3].velocity += 40;
  EvaluationNotes out = COMPARE(reference, estimate);
  CHECK(out.onset_offset.f1 == 1 && out.onset_offset_velocity.f1 < 1);
}

static void nothing_gives_nothing(void) {
  const Row notes[] = {{0, 1, 60, 64}};
  EvaluationNotes out = compare(notes, 1, NULL, 0);
  CHECK(out.onset.f1 == 0 && out.onset.reference == 1 && out.onset.estimated == 0);
  out = compare(NULL, 0, NULL, 0);
  CHECK(out.onset.f1 == 0 && out.frame.f1 == 0);
}

static size_t largest(const size_t *first, const int32_t *to, size_t n, size_t i, unsigned used) {
  if (i == n) return 0;
  size_t best = largest(first, to, n, i + 1, used);
  for (size_t e = first[i]; e < first[i + 1]; e++) {
    if (used >> to[e] & 1) continue;
    size_t with = 1 + largest(first, to, n, i + 1, used | 1u << to[e]);
    if (with > best) best = with;
  }
  return best;
}

static void matching_equals_brute_force(void) {
  BaseRng rng = base_rng(1, 0);
  for (int round = 0; round < 1000; round++) {
    size_t n = 1 + base_rng_below(&rng, 6), m = 1 + base_rng_below(&rng, 6), first[7] = {0}, size = 0,
           edges = 0;
    int32_t to[36], partner[6];
    for (size_t i = 0; i < n; i++) {
      for (size_t j = 0; j < m; j++)
        if (base_rng_uniform(&rng) < 0.35) to[edges++] = (int32_t)j;
      first[i + 1] = edges;
    }
    CHECK(evaluation_match(NULL, partner, &size, first, to, n, m) == BASE_OK);
    CHECK(size == largest(first, to, n, 0, 0));
    unsigned used = 0;
    for (size_t i = 0; i < n; i++) {
      if (partner[i] < 0) continue;
      CHECK(!(used >> partner[i] & 1));
      used |= 1u << partner[i];
      size--;
    }
    CHECK(size == 0);
  }
}

/* ---- scores ---- */

static void add_note(Score *score, int measure, int staff, int quarter, int midi, int length) {
  static const int8_t STEP[12] = {0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6},
                      ALTER[12] = {0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0};
  ScoreNote note = score_note(score);
  note.measure = measure, note.staff = (int16_t)staff, note.voice = (int16_t)(1 + staff), note.type = 2;
  note.onset = beat_whole(quarter), note.duration = beat_whole(length);
  note.step = STEP[midi % 12], note.alter = ALTER[midi % 12], note.octave = (int8_t)(midi / 12 - 1);
  if (!base_array_push(&score->notes, note)) abort();
}

enum { MEASURES = 8, NOTES = 7 * MEASURES };

/* Eight measures of seven notes on two staves; measure `without` is left out, -1 none. */
static Score *make_score(int without) {
  Score *score = score_new();
  if (!base_array_push(&score->parts, (ScorePart){.id = "P1", .staves = 2})) abort();
  for (int i = 0; i < MEASURES; i++) {
    if (i == without) continue;
    ScoreMeasure measure = score_measure();
    measure.length = beat_whole(4);
    int at = (int)score->measures.n;
    if (!base_array_push(&score->measures, measure)) abort();
    for (int k = 0; k < 4; k++) add_note(score, at, 0, k, 60 + (3 * i + 5 * k) % 17, 1);
    add_note(score, at, 0, 0, 79, 1);
    for (int k = 0; k < 2; k++) add_note(score, at, 1, 2 * k, 40 + (i + 7 * k) % 12, 2);
  }
  score_sort(score);
  return score;
}

static EvaluationScore compare_scores(Score *estimate) {
  EvaluationScore out = {.measures_right = 99};
  Score *truth = make_score(-1);
  CHECK(evaluation_score(NULL, &out, truth, estimate) == BASE_OK);
  score_free(truth);
  score_free(estimate);
  return out;
}

static void same_scores_are_perfect(void) {
  EvaluationScore out = compare_scores(make_score(-1));
  CHECK(out.pitch_onset_duration.f1 == 1 && out.measures_right == MEASURES);
  CHECK(out.pitch.reference == NOTES);
}

static void wrong_pitch_costs_one_note(void) {
  Score *score = make_score(-1);
  score->notes.items[20].alter++;
  EvaluationScore out = compare_scores(score);
  CHECK_NEAR(out.pitch.f1, (NOTES - 1.0) / NOTES, 1e-12);
  CHECK_NEAR(out.pitch_onset_duration.f1, (NOTES - 1.0) / NOTES, 1e-12);
  CHECK(out.measures_right == MEASURES - 1);
}

static void missing_measure_costs_its_notes(void) {
  EvaluationScore out = compare_scores(make_score(4));
  CHECK(out.pitch_onset_duration.precision == 1);
  CHECK_NEAR(out.pitch_onset_duration.recall, 49.0 / 56, 1e-12);
  CHECK(out.measures_right == MEASURES - 1);
}

static void wrong_length_keeps_the_onset(void) {
  Score *score = make_score(-1);
  score->notes.items[9].duration = beat_make(1, 2);
  EvaluationScore out = compare_scores(score);
  CHECK(out.pitch_onset.f1 == 1);
  CHECK_NEAR(out.pitch_onset_duration.f1, (NOTES - 1.0) / NOTES, 1e-12);
}

/* Measures 3 and 4 read as one of eight quarters. */
static void missed_bar_line_keeps_the_notes(void) {
  Score *score = make_score(-1);
  for (size_t i = 0; i < score->notes.n; i++) {
    ScoreNote *note = &score->notes.items[i];
    if (note->measure == 4) note->onset = beat_add(note->onset, beat_whole(4));
    if (note->measure >= 4) note->measure--;
  }
  score->measures.items[3].length = beat_whole(8);
  score->measures.n--;
  score_sort(score);
  EvaluationScore out = compare_scores(score);
  CHECK(out.pitch_onset_duration.f1 == 1);
  CHECK(out.measures_right == MEASURES - 2);
}

static void extra_staff_is_mapped_away(void) {
  Score *score = make_score(-1);
  score->parts.items[0].staves = 3;
  for (size_t i = 0; i < score->notes.n; i++) score->notes.items[i].staff++;
  EvaluationScore out = compare_scores(score);
  CHECK(out.pitch_onset_duration.f1 == 1 && out.staves_estimated == 3);
}

/* ---- alignment ---- */

static const char *write_table(const char *name, const char *text) {
  const char *path = check_temporary(name);
  FILE *stream = fopen(path, "wb");
  fputs(text, stream);
  fclose(stream);
  return path;
}

static EvaluationOnsets read_table(const char *text) {
  EvaluationOnsets onsets = {0};
  CHECK(evaluation_read_onsets(NULL, &onsets, write_table("table.csv", text)) == BASE_OK);
  return onsets;
}

static void errors_are_interpolated(void) {
  EvaluationOnsets truth = read_table("score_quarter,time_s\n0,1\n1,2\n2,3.5\n3,4\n");
  EvaluationOnsets estimate = read_table("score_quarter,measure,time_s\n0,1,1.02\n2,1,3.0\n3,1,4.04\n");
  EvaluationAlignment out;
  CHECK(evaluation_alignment(NULL, &out, &truth, &estimate, NULL) == BASE_OK);
  CHECK(out.n == 4 && out.missed == 0);
  CHECK_NEAR(out.median_s, 0.03, 1e-9);
  CHECK_NEAR(out.mean_s, (0.02 + 0.01 + 0.5 + 0.04) / 4, 1e-9);
  CHECK_NEAR(out.within_50ms, 0.75, 1e-12);
  CHECK_NEAR(out.beyond_250ms, 0.25, 1e-12);
  base_array_clear(&truth);
  base_array_clear(&estimate);
}

static void drifted_onsets_are_matched_by_pitch(void) {
  EvaluationOnsets truth = read_table("score_quarter,time_s\n0,1\n1,2\n2,3\n");
  EvaluationOnsets written = read_table("score_quarter,midi_pitches\n0,60 64\n1,62\n2,65\n");
  EvaluationOnsets estimate = read_table("score_quarter,time_s,pitches\n0,1.01,60\n7,3.02,65 69\n");
  EvaluationAlignment out;
  CHECK(evaluation_alignment(NULL, &out, &truth, &estimate, &written) == BASE_OK);
  CHECK_NEAR(out.missed, 1.0 / 3, 1e-12);
  CHECK_NEAR(out.mean_s, 0.015, 1e-9);
  CHECK_NEAR(out.within_50ms, 2.0 / 3, 1e-12);
  base_array_clear(&truth);
  base_array_clear(&written);
  base_array_clear(&estimate);
}

static void bad_tables_are_named(void) {
  BaseContext ctx = {0};
  EvaluationOnsets onsets = {0};
  CHECK(evaluation_read_onsets(&ctx, &onsets, write_table("a.csv", "time,what\n1,2\n")) == BASE_BAD_FILE);
  CHECK(strstr(ctx.sentence, "score_quarter"));
  CHECK(evaluation_read_onsets(&ctx, &onsets, write_table("b.csv", "score_quarter,time_s\n1,x\n")) ==
        BASE_BAD_FILE);
  CHECK(strstr(ctx.sentence, "Line 2"));
  CHECK(evaluation_read_onsets(&ctx, &onsets, "/nowhere/c.csv") == BASE_UNREADABLE);
  CHECK(onsets.n == 0);
}

CHECK_MAIN({CASE(same_notes_are_perfect)}, {CASE(fifty_milliseconds_are_in)},
           {CASE(doubled_note_counts_once)}, {CASE(matching_is_maximum)}, {CASE(ends_may_be_off_by_a_fifth)},
           {CASE(velocities_are_fitted_by_a_line)}, {CASE(nothing_gives_nothing)},
           {CASE(matching_equals_brute_force)}, {CASE(same_scores_are_perfect)},
           {CASE(wrong_pitch_costs_one_note)}, {CASE(missing_measure_costs_its_notes)},
           {CASE(wrong_length_keeps_the_onset)}, {CASE(missed_bar_line_keeps_the_notes)},
           {CASE(extra_staff_is_mapped_away)}, {CASE(errors_are_interpolated)},
           {CASE(drifted_onsets_are_matched_by_pitch)}, {CASE(bad_tables_are_named)})
