/* MusicXML. The last case reads real scores: a sample of 60, or all of them with TRIPTYCH_ALL_SCORES=1
 * (about a minute). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/music/musicxml.h"
#include "tests/check.h"
#include "tests/music_examples.h"

#include <time.h>

static Score *read_little(void) {
  BaseContext ctx = {0};
  Score *score = NULL;
  CHECK_SAYING(musicxml_read(&ctx, &score, check_data("little.musicxml")) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(score && score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
  return score;
}

static const ScoreSign *find_sign(const Score *score, ScoreSignKind kind, size_t skip) {
  for (size_t i = 0; i < score->signs.n; i++)
    if (score->signs.items[i].kind == kind && skip-- == 0) return &score->signs.items[i];
  return NULL;
}

/* The note of a part at a place, the first one there. */
static const ScoreNote *note_at(const Score *score, int part, int measure, Beat onset, int voice) {
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    if (note->part == part && note->measure == measure && note->voice == voice && !note->grace &&
        beat_equal(note->onset, onset))
      return note;
  }
  return NULL;
}

static void the_head_is_read(void) {
  Score *score = read_little();
  CHECK_TEXT(score->title, "Little & Small");
  CHECK_TEXT(score->composer, "Any One");
  CHECK_TEXT(score->source, "a hand");
  CHECK(score->parts.n == 2);
  CHECK_TEXT(score->parts.items[0].name, "Clarinet in B");
  CHECK(score->parts.items[0].program == 71 && score->parts.items[0].transpose == -2);
  CHECK(score->parts.items[1].staves == 2);
  score_free(score);
}

static void measures_know_their_lengths_and_repeats(void) {
  Score *score = read_little();
  const ScoreMeasure *m = score->measures.items;
  CHECK(score->measures.n == 4);
  CHECK(m[0].implicit && beat_equal(m[0].length, beat_whole(1)));
  CHECK(beat_equal(m[1].length, beat_whole(4)) && m[1].repeat_start && m[1].new_system);
  CHECK(m[2].endings == 1 && m[2].repeat_stop == 2 && m[2].ending_start && m[2].ending_stop);
  CHECK(m[3].endings == 2 && m[3].bar_style == SCORE_BAR_FINAL && m[3].jumps == SCORE_JUMP_FINE);
  score_free(score);
}

static void notes_carry_what_is_written(void) {
  Score *score = read_little();
  const ScoreNote *first = note_at(score, 0, 1, beat_whole(0), 1);
  CHECK(first->tuplet_actual == 3 && first->tuplet_normal == 2 && first->tuplet_edge == 1);
  CHECK(beat_equal(first->duration, beat_make(1, 3)) && first->ties == SCORE_TIE_START &&
        first->beams[0] == 1);
  CHECK(first[-1].grace && first[-1].slash && score_midi(&first[-1]) == 73);
  CHECK(note_at(score, 0, 1, beat_make(2, 3), 1)->marks == SCORE_TRILL);
  CHECK(note_at(score, 0, 1, beat_whole(2), 1)->cue);
  CHECK(note_at(score, 0, 2, beat_whole(0), 1)->whole_measure);
  CHECK(note_at(score, 0, 3, beat_whole(0), 1)->marks == (SCORE_FERMATA | SCORE_ACCENT | SCORE_STACCATO));
  const ScoreNote *chord = note_at(score, 1, 1, beat_whole(0), 1);
  CHECK(!chord[0].chord && chord[1].chord && chord[1].finger == 5 && chord[1].marks == SCORE_ARPEGGIO);
  const ScoreNote *low = note_at(score, 1, 1, beat_whole(2), 5);
  CHECK(low->tremolo == 2 && low->accidental == SCORE_ACCIDENTAL_FLAT && low->alter == -1 && low->staff == 1);
  CHECK(score->slurs.n == 1 && score_find_note(score, score->slurs.items[0].to) == first);
  CHECK(score->lyrics.n == 2 && score->lyrics.items[1].verse == 2 && score->lyrics.items[1].syllabic == 3);
  CHECK_TEXT(score->lyrics.items[1].text, "tle‿song");
  score_free(score);
}

static void signs_stand_where_they_are_written(void) {
  Score *score = read_little();
  const ScoreSign *words = find_sign(score, SCORE_SIGN_TEMPO, 0),
                  *mark = find_sign(score, SCORE_SIGN_TEMPO, 1);
  CHECK_TEXT(words->text, "Allegro");
  CHECK_TEXT(mark->text, "(♩.=80)");
  CHECK_NEAR(mark->quarters_per_minute, 120, 1e-6);
  const ScoreSign *clef = find_sign(score, SCORE_SIGN_CLEF, 3);
  CHECK(clef->measure == 1 && clef->staff == 1 && clef->clef_octave == -1 &&
        beat_equal(clef->onset, beat_whole(2)));
  CHECK(beat_equal(find_sign(score, SCORE_SIGN_OCTAVE, 0)->onset, beat_make(5, 2)));
  CHECK(find_sign(score, SCORE_SIGN_OCTAVE, 1)->octave_shift == 1);
  CHECK(find_sign(score, SCORE_SIGN_WEDGE, 1)->wedge == 1 &&
        find_sign(score, SCORE_SIGN_PEDAL, 1)->edge == SCORE_EDGE_STOP);
  const ScoreSign *dynamic = find_sign(score, SCORE_SIGN_DYNAMIC, 0);
  CHECK(dynamic && strcmp(dynamic->text, "mf") == 0);
  CHECK(find_sign(score, SCORE_SIGN_DYNAMIC, 2)->velocity == 96);
  score_free(score);
}

/* ---- there and back ---- */

static void check_round_trip(const Score *score, const char *path, const char *name) {
  BaseContext ctx = {0};
  Score *again = NULL;
  CHECK_SAYING(musicxml_write(&ctx, score, path) == BASE_OK, "%s: %s", name, ctx.sentence);
  CHECK_SAYING(musicxml_read(&ctx, &again, path) == BASE_OK, "%s: %s", name, ctx.sentence);
  CHECK_SAYING(again && score_equal(&ctx, score, again), "%s: %s", name, ctx.sentence);
  bool same_ids = again && again->notes.n == score->notes.n;
  for (size_t i = 0; same_ids && i < score->notes.n; i++)
    same_ids = again->notes.items[i].id == score->notes.items[i].id;
  CHECK_SAYING(same_ids, "%s: other ids", name);
  if (again) CHECK_TEXT(again->source, score->source);
  score_free(again);
}

static void little_comes_back_plain_and_packed(void) {
  Score *score = read_little();
  check_round_trip(score, check_temporary("little.musicxml"), "plain");
  check_round_trip(score, check_temporary("little.mxl"), "packed");
  score_free(score);
}

static void packing_is_repeatable(void) {
  Score *score = read_little();
  char command[1400];
  const char *a = check_temporary("a.mxl"), *b = check_temporary("b.mxl");
  CHECK(musicxml_write(NULL, score, a) == BASE_OK && musicxml_write(NULL, score, b) == BASE_OK);
  snprintf(command, sizeof command, "cmp -s '%s' '%s'", a, b);
  CHECK(system(command) == 0);
  score_free(score);
}

static void any_score_comes_back(void) {
  BaseRng rng = base_rng(41, 0);
  const char *path = check_temporary("random.musicxml");
  for (int round = 0; round < 150; round++) {
    Score *score = example_score(3);
    for (int i = 0; i < 14; i++) {
      Beat onset = beat_make(base_rng_below(&rng, 20), 7), length = beat_make(1 + base_rng_below(&rng, 5), 5);
      size_t index = example_note(score, (int)base_rng_below(&rng, 3), onset, length,
                                  40 + (int)base_rng_below(&rng, 50));
      ScoreNote *note = &score->notes.items[index];
      note->voice = (int16_t)(1 + base_rng_below(&rng, 3));
      note->type = (int8_t)((int)base_rng_below(&rng, 9) - 2);
      note->dots = (uint8_t)base_rng_below(&rng, 3);
      note->marks = base_rng_below(&rng, 3) ? 0 : (uint32_t)(base_rng_bits(&rng) & 0x1FFF);
      note->ties = (uint8_t)base_rng_below(&rng, 4);
      note->accidental = (uint8_t)base_rng_below(&rng, 8);
      note->stem = (uint8_t)base_rng_below(&rng, 4);
      note->tuplet_edge = (uint8_t)base_rng_below(&rng, 4);
      note->tremolo = base_rng_below(&rng, 4) ? 0 : 3;
      note->finger = (uint8_t)base_rng_below(&rng, 6);
      note->beams[base_rng_below(&rng, 8)] = (uint8_t)base_rng_below(&rng, 6);
      note->cue = base_rng_below(&rng, 9) == 0;
      note->hidden = base_rng_below(&rng, 9) == 0;
      if (base_rng_below(&rng, 5) == 0) note->grace = true, note->duration = beat_whole(0);
    }
    for (int i = 0; i < 6; i++) {
      ScoreSign *sign =
          example_sign(score, (ScoreSignKind)(base_rng_below(&rng, 2) ? SCORE_SIGN_WORDS : SCORE_SIGN_TEMPO),
                       (int)base_rng_below(&rng, 3), beat_make(base_rng_below(&rng, 12), 3));
      static const char *const TEXTS[] = {
          "dolce", "♩=92", "<&> \"'", "♪.=♩", "(♩=ca. 60)", "♩=", "a very long word that fills it"};
      snprintf(sign->text, sizeof sign->text, "%s", TEXTS[base_rng_below(&rng, 7)]);
      if (sign->kind == SCORE_SIGN_TEMPO) sign->quarters_per_minute = (float)base_rng_range(&rng, 20, 300);
      sign->staff = (int16_t)((int)base_rng_below(&rng, 2) - 1);
    }
    score_sort(score);
    check_round_trip(score, path, "random");
    score_free(score);
  }
}

static void odd_divisions_fall_back_to_the_measure(void) {
  Score *score = example_score(40);
  static const int PRIMES[] = {3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59};
  for (int m = 0; m < 40; m++)
    example_note(score, m, beat_make(1, PRIMES[m % 16]), beat_make(1, PRIMES[(m + 1) % 16]), 60);
  check_round_trip(score, check_temporary("primes.musicxml"), "primes");
  score_free(score);
}

/* ---- bad input ---- */

static void check_refused(const char *text, BaseStatus wanted, const char *sentence) {
  BaseContext ctx = {0};
  Score *score = NULL;
  CHECK(musicxml_read_memory(&ctx, &score, text, strlen(text), "x.xml") == wanted);
  CHECK_SAYING(!score && strstr(ctx.sentence, "x.xml") && strstr(ctx.sentence, sentence), "%s", ctx.sentence);
  score_free(score);
}

static void nonsense_is_refused_with_a_sentence(void) {
  check_refused("", BASE_BAD_FILE, "empty");
  check_refused("a photo of a cat", BASE_BAD_FILE, "no sound MusicXML");
  check_refused("<svg/>", BASE_BAD_FILE, "<svg>");
  check_refused("<score-timewise/>", BASE_UNSUPPORTED, "by time");
  check_refused("<score-partwise><part id='P1'><measure>", BASE_BAD_FILE, "line 1");
  check_refused("<score-partwise/>", BASE_BAD_FILE, "no measure");
  check_refused("PK\3\4 and then nothing", BASE_BAD_FILE, "archive");
  check_refused("<!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><score-partwise>&b;</score-partwise>",
                BASE_BAD_FILE, "entities");
}

static void cancelling_stops_the_reading(void) {
  atomic_bool cancel = true;
  BaseContext ctx = {.cancel = &cancel};
  Score *score = NULL;
  CHECK(musicxml_read(&ctx, &score, check_data("little.musicxml")) == BASE_CANCELLED && !score);
}

static char *slurp(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  char *bytes = malloc(1 << 16);
  *n = fread(bytes, 1, 1 << 16, file);
  fclose(file);
  return bytes;
}

/* Whatever is read must keep every promise, and play. */
static void check_harmless(const void *bytes, size_t n) {
  BaseContext ctx = {0};
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  Motion *motion = NULL;
  BaseStatus status = musicxml_read_memory(&ctx, &score, bytes, n, "fuzz.xml");
  CHECK(status == BASE_OK || (ctx.sentence[0] && !score));
  if (status != BASE_OK) return;
  CHECK_SAYING(score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
  CHECK(score_unfold(&ctx, &unfolded, score, NULL) == BASE_OK);
  CHECK(score_play(&ctx, &motion, score, unfolded, NULL) == BASE_OK);
  CHECK_SAYING(motion_validate(&ctx, motion) == BASE_OK, "%s", ctx.sentence);
  motion_free(motion);
  score_unfolded_free(unfolded);
  score_free(score);
}

static void mutate(char *copy, size_t *n, BaseRng *rng) {
  static const char *const PIECES[] = {"-1",    "999999999999", "0", "<chord/>", "<grace/>",  "nan",
                                       "1e308", "</note>",      "<", "\xFF",     "2147483647"};
  for (uint32_t i = base_rng_below(rng, 4) + 1; i > 0; i--) {
    size_t at = base_rng_below(rng, (uint32_t)*n), length = base_rng_below(rng, 12);
    const char *piece = PIECES[base_rng_below(rng, 11)];
    if (length > *n - at) length = *n - at;
    switch (base_rng_below(rng, 4)) {
    case 0:
      copy[at] = (char)base_rng_bits(rng);
      break;
    case 1:
      memmove(copy + at, copy + at + length, *n - at - length), *n -= length;
      break;
    case 2: /* the next number becomes another */
      while (at < *n && (copy[at] < '0' || copy[at] > '9')) at++;
      if (at < *n) copy[at] = (char)('0' + base_rng_below(rng, 10));
      break;
    case 3:
      memmove(copy + at + strlen(piece), copy + at, *n - at);
      memcpy(copy + at, piece, strlen(piece));
      *n += strlen(piece);
    }
  }
}

static void mutated_files_never_hurt(void) {
  BaseRng rng = base_rng(51, 0);
  size_t n;
  char *bytes = slurp(check_data("little.musicxml"), &n), *copy = malloc(n + 1000);
  for (int round = 0; round < 2500; round++) {
    size_t length = n;
    memcpy(copy, bytes, n);
    mutate(copy, &length, &rng);
    if (base_rng_below(&rng, 20) == 0) length = base_rng_below(&rng, (uint32_t)length);
    check_harmless(copy, length);
  }
  free(bytes);
  free(copy);
}

static void mutated_archives_never_hurt(void) {
  BaseRng rng = base_rng(61, 0);
  Score *score = read_little();
  const char *path = check_temporary("seed.mxl");
  CHECK(musicxml_write(NULL, score, path) == BASE_OK);
  score_free(score);
  size_t n;
  char *bytes = slurp(path, &n), *copy = malloc(n);
  for (int round = 0; round < 800; round++) {
    memcpy(copy, bytes, n);
    for (uint32_t i = base_rng_below(&rng, 5) + 1; i > 0; i--)
      copy[base_rng_below(&rng, (uint32_t)n)] = (char)base_rng_bits(&rng);
    check_harmless(copy, base_rng_below(&rng, 8) ? n : base_rng_below(&rng, (uint32_t)n));
  }
  free(bytes);
  free(copy);
}

/* ---- real scores ---- */

static void real_scores_come_back(void) {
  const char *shared = check_shared(), *all = getenv("TRIPTYCH_ALL_SCORES");
  if (!shared) SKIP("the shared material is not here");
  char command[1400], path[1024];
  snprintf(command, sizeof command,
           "ls '%s'/data/lieder/*.mxl '%s'/data/chopin-first-editions/*.mxl 2>/dev/null | awk 'NR%%%d==0'",
           shared, shared, all && *all == '1' ? 1 : 30);
  FILE *list = popen(command, "r");
  size_t n = 0;
  int failures = check_failures;
  clock_t start = clock();
  while (list && fgets(path, sizeof path, list)) {
    BaseContext ctx = {0};
    Score *score = NULL;
    path[strcspn(path, "\n")] = 0;
    CHECK_SAYING(musicxml_read(&ctx, &score, path) == BASE_OK, "%s", ctx.sentence);
    CHECK_SAYING(score && score_validate(&ctx, score) == BASE_OK, "%s: %s", path, ctx.sentence);
    if (score) check_round_trip(score, check_temporary("real.mxl"), path);
    score_free(score);
    n++;
  }
  if (list) pclose(list);
  if (!n) SKIP("no scores in the shared material");
  printf("# %zu scores, %d failed checks, %.1f s of processor time\n", n, check_failures - failures,
         (double)(clock() - start) / CLOCKS_PER_SEC);
}

CHECK_MAIN({CASE(the_head_is_read)}, {CASE(measures_know_their_lengths_and_repeats)},
           {CASE(notes_carry_what_is_written)}, {CASE(signs_stand_where_they_are_written)},
           {CASE(little_comes_back_plain_and_packed)}, {CASE(packing_is_repeatable)},
           {CASE(any_score_comes_back)}, {CASE(odd_divisions_fall_back_to_the_measure)},
           {CASE(nonsense_is_refused_with_a_sentence)}, {CASE(cancelling_stops_the_reading)},
           {CASE(mutated_files_never_hurt)}, {CASE(mutated_archives_never_hurt)},
           {CASE(real_scores_come_back)})
