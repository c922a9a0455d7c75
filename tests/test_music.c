/* Beats, unfolding, plain playing, motion. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/music/evidence.h"
#include "core/music/glossary.h"
#include "core/music/score_sections.h"
#include "tests/check.h"
#include "tests/music_examples.h"

/* ---- beats ---- */

static void beats_agree_with_fractions_exhaustively(void) {
  for (int an = -6; an <= 6; an++)
    for (int ad = 1; ad <= 6; ad++)
      for (int bn = -6; bn <= 6; bn++)
        for (int bd = 1; bd <= 6; bd++) {
          Beat a = beat_make(an, ad), b = beat_make(bn, bd);
          double x = (double)an / ad, y = (double)bn / bd;
          CHECK_NEAR(beat_double(beat_add(a, b)), x + y, 1e-12);
          CHECK_NEAR(beat_double(beat_sub(a, b)), x - y, 1e-12);
          CHECK_NEAR(beat_double(beat_mul(a, b)), x * y, 1e-12);
          CHECK_NEAR(beat_double(beat_div(a, b)), bn ? x / y : 0, 1e-12);
          CHECK((beat_compare(a, b) < 0) == (an * bd < bn * ad));
          CHECK(beat_equal(a, b) == (an * bd == bn * ad));
          CHECK(beat_equal(beat_sub(beat_add(a, b), b), a));
          CHECK(beat_equal(beat_min(a, b), a) || beat_equal(beat_min(a, b), b));
        }
}

static void beats_survive_the_extremes(void) {
  const int64_t EXTREMES[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  for (int i = 0; i < 7; i++)
    for (int k = 0; k < 7; k++) {
      Beat a = beat_make(EXTREMES[i], EXTREMES[k]), b = beat_make(EXTREMES[k], EXTREMES[i]);
      Beat results[] = {a, b, beat_add(a, b), beat_sub(a, b), beat_mul(a, b), beat_div(a, b)};
      for (int r = 0; r < 6; r++) {
        CHECK(results[r].den > 0);
        CHECK(beat_equal(results[r], beat_make(results[r].num, results[r].den)));
      }
    }
  CHECK(beat_equal(beat_near(NAN, 4), beat_whole(0)));
  CHECK(beat_equal(beat_near(1e300, 4), beat_near(1e301, 4)));
  CHECK(beat_equal(beat_near(0.3334, 3), beat_make(1, 3)));
}

/* ---- playing order ---- */

/* Plays a score of one letter for each measure and checks the order in which they come. */
static void check_order(const Score *score, const char *wanted, const ScoreUnfoldParams *params) {
  ScoreUnfolded *unfolded = NULL;
  char played[512] = "";
  CHECK(score_unfold(NULL, &unfolded, score, params) == BASE_OK);
  for (size_t i = 0; i < unfolded->steps.n && i < sizeof played - 1; i++)
    played[i] = (char)('A' + unfolded->steps.items[i].measure), played[i + 1] = 0;
  CHECK_TEXT(played, wanted);
  score_unfolded_free(unfolded);
}

static void ending(Score *score, int measure, uint16_t passes, bool start, bool stop) {
  ScoreMeasure *m = &score->measures.items[measure];
  m->endings = passes;
  m->ending_start = start;
  m->ending_stop = stop;
}

static void repeats_are_played(void) {
  Score *score = example_score(4);
  ScoreMeasure *m = score->measures.items;
  check_order(score, "ABCD", NULL);
  m[1].repeat_stop = 2;
  check_order(score, "ABABCD", NULL);
  m[1].repeat_start = true;
  check_order(score, "ABBCD", NULL);
  m[1].repeat_stop = 4;
  check_order(score, "ABBBBCD", NULL);
  m[3].repeat_stop = 2;
  check_order(score, "ABBBBCDCD", NULL);
  check_order(score, "ABCD", &(ScoreUnfoldParams){.no_repeats = true});
  score_free(score);
}

static void endings_are_chosen(void) {
  Score *score = example_score(5);
  ScoreMeasure *m = score->measures.items;
  m[1].repeat_start = true;
  ending(score, 2, 1, true, true);
  m[2].repeat_stop = 2;
  ending(score, 3, 2, true, true);
  check_order(score, "ABCBDE", NULL);
  check_order(score, "ABDE", &(ScoreUnfoldParams){.no_repeats = true});
  ending(score, 2, 1 | 2, true, true); /* 1. 2. and 3. */
  ending(score, 3, 4, true, true);
  check_order(score, "ABCBCBDE", NULL);
  ending(score, 3, 0, false, false); /* a first ending alone is left out the second time */
  ending(score, 2, 1, true, true);
  check_order(score, "ABCBDE", NULL);
  score_free(score);
}

static void two_repeated_parts_with_endings(void) {
  Score *score = example_score(8);
  ScoreMeasure *m = score->measures.items;
  ending(score, 1, 1, true, true), m[1].repeat_stop = 2;
  ending(score, 2, 2, true, true);
  m[3].repeat_start = true;
  ending(score, 5, 1, true, true), m[5].repeat_stop = 2;
  ending(score, 6, 2, true, true);
  check_order(score, "ABACDEFDEGH", NULL);
  score_free(score);
}

static void jumps_are_taken_once(void) {
  Score *score = example_score(6);
  ScoreMeasure *m = score->measures.items;
  m[5].jumps = SCORE_JUMP_DA_CAPO;
  m[2].jumps = SCORE_JUMP_FINE;
  check_order(score, "ABCDEFABC", NULL);
  m[1].repeat_start = true, m[2].repeat_stop = 2; /* after the D.C. nothing is repeated */
  check_order(score, "ABCBCDEFABC", NULL);
  check_order(score, "ABCDEF", &(ScoreUnfoldParams){.no_repeats = true});
  m[1] = m[2] = m[3];
  m[5].jumps = SCORE_JUMP_DAL_SEGNO;
  m[2].jumps = SCORE_JUMP_SEGNO;
  check_order(score, "ABCDEFCDEF", NULL);
  score_free(score);
}

static void coda_follows_dal_segno(void) {
  Score *score = example_score(6);
  ScoreMeasure *m = score->measures.items;
  m[1].jumps = SCORE_JUMP_SEGNO;
  m[2].jumps = SCORE_JUMP_TO_CODA;
  m[3].jumps = SCORE_JUMP_DAL_SEGNO;
  m[4].jumps = SCORE_JUMP_CODA;
  check_order(score, "ABCDBCEF", NULL);
  m[3].jumps = SCORE_JUMP_DA_CAPO;
  check_order(score, "ABCDABCEF", NULL);
  score_free(score);
}

static void last_ending_after_da_capo(void) {
  Score *score = example_score(4);
  ScoreMeasure *m = score->measures.items;
  ending(score, 1, 1, true, true), m[1].repeat_stop = 2;
  ending(score, 2, 2, true, true);
  m[3].jumps = SCORE_JUMP_DA_CAPO;
  m[2].jumps = SCORE_JUMP_FINE;
  check_order(score, "ABACDAC", NULL);
  score_free(score);
}

/* Random signs of every kind: it ends, stays within its bounds, and steps lie end to end. */
static void contradicting_signs_come_to_an_end(void) {
  BaseRng rng = base_rng(5, 0);
  for (int round = 0; round < 3000; round++) {
    Score *score = example_score(1 + base_rng_below(&rng, 9));
    for (size_t i = 0; i < score->measures.n; i++) {
      ScoreMeasure *m = &score->measures.items[i];
      m->jumps = base_rng_below(&rng, 3) ? 0 : (uint8_t)(base_rng_bits(&rng) & 63);
      m->repeat_start = base_rng_below(&rng, 3) == 0;
      m->repeat_stop = base_rng_below(&rng, 3) ? 0 : (uint8_t)base_rng_bits(&rng);
      m->endings = base_rng_below(&rng, 2) ? 0 : (uint16_t)(base_rng_bits(&rng) & 0x803);
    }
    ScoreUnfolded *unfolded = NULL;
    int plays[10] = {0};
    CHECK(score_unfold(NULL, &unfolded, score, NULL) == BASE_OK);
    for (size_t i = 0; i < unfolded->steps.n; i++) {
      const ScoreStep *step = &unfolded->steps.items[i];
      CHECK(++plays[step->measure] == step->pass && step->pass <= 32);
      CHECK(beat_equal(step->start, beat_whole(4 * (int64_t)i)));
    }
    score_unfolded_free(unfolded);
    score_free(score);
  }
}

static void a_given_order_is_followed(void) {
  Score *score = example_score(3);
  BaseContext ctx = {0};
  ScoreUnfolded *unfolded = NULL;
  check_order(score, "CAAB", &(ScoreUnfoldParams){.order = (int32_t[]){2, 0, 0, 1}, .order_n = 4});
  ScoreUnfoldParams wrong = {.order = (int32_t[]){3}, .order_n = 1};
  CHECK(score_unfold(&ctx, &unfolded, score, &wrong) == BASE_BAD_INPUT);
  CHECK_TEXT(ctx.sentence, "The playing order names measure 4, but the score has 3.");
  score_free(score);
}

static void ties_join_across_bars_and_repeats(void) {
  Score *score = example_score(3);
  score->measures.items[1].repeat_stop = 2;
  size_t held = example_note(score, 0, beat_whole(2), beat_whole(2), 60);
  size_t on = example_note(score, 1, beat_whole(0), beat_whole(1), 60);
  example_note(score, 1, beat_whole(1), beat_whole(1), 60);
  score->notes.items[held].ties = SCORE_TIE_START;
  score->notes.items[on].ties = SCORE_TIE_STOP;
  score_sort(score);
  CHECK(score_validate(NULL, score) == BASE_OK);
  ScoreUnfolded *unfolded = NULL;
  CHECK(score_unfold(NULL, &unfolded, score, NULL) == BASE_OK);
  CHECK(unfolded->sounds.n == 4 && unfolded->onsets.n == 4);
  CHECK(beat_equal(unfolded->sounds.items[0].duration, beat_whole(3)));
  CHECK(beat_equal(unfolded->sounds.items[1].onset, beat_whole(5)));
  CHECK(beat_equal(unfolded->sounds.items[2].onset, beat_whole(10)));
  score_unfolded_free(unfolded);
  score_free(score);
}

/* ---- playing ---- */

static Motion *play(const Score *score) {
  ScoreUnfolded *unfolded = NULL;
  Motion *motion = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
  CHECK(score_unfold(NULL, &unfolded, score, NULL) == BASE_OK);
  CHECK(score_play(NULL, &motion, score, unfolded, NULL) == BASE_OK);
  CHECK_SAYING(motion_validate(&ctx, motion) == BASE_OK, "%s", ctx.sentence);
  score_unfolded_free(unfolded);
  return motion;
}

static void tempo(Score *score, int measure, Beat onset, float quarters_per_minute, const char *words) {
  ScoreSign *sign = example_sign(score, SCORE_SIGN_TEMPO, measure, onset);
  sign->quarters_per_minute = quarters_per_minute;
  snprintf(sign->text, sizeof sign->text, "%s", words);
}

static void quarters_at_sixty_are_seconds(void) {
  Score *score = example_score(2);
  for (int i = 0; i < 4; i++) example_note(score, 0, beat_whole(i), beat_whole(1), 60 + i);
  example_note(score, 1, beat_whole(0), beat_whole(4), 72);
  tempo(score, 0, beat_whole(0), 60, "");
  tempo(score, 1, beat_whole(2), 120, "più mosso");
  score_sort(score);
  Motion *motion = play(score);
  for (int i = 0; i < 4; i++) {
    CHECK_NEAR(motion->notes.items[i].onset_s, i, 1e-9);
    CHECK_NEAR(motion->notes.items[i].key_up_s, i + 1, 1e-9);
    CHECK(motion->notes.items[i].velocity == 80);
    CHECK(motion->notes.items[i].score_note == score->notes.items[i].id);
  }
  CHECK_NEAR(motion->notes.items[4].key_up_s, 7, 1e-9); /* two slow quarters, two fast ones */
  CHECK_NEAR(motion->beats.items[motion->beats.n - 1].time_s, 7, 1e-9);
  motion_free(motion);
  score_free(score);
}

static void words_alone_set_the_tempo(void) {
  Score *score = example_score(1);
  example_note(score, 0, beat_whole(0), beat_whole(4), 60);
  tempo(score, 0, beat_whole(0), 0, "Sehr langsam");
  Motion *motion = play(score);
  CHECK_NEAR(motion->notes.items[0].key_up_s, 4 * 60.0 / 56, 1e-6);
  motion_free(motion);
  score_free(score);
}

static void dynamics_and_hairpins_become_velocities(void) {
  Score *score = example_score(3);
  for (int m = 0; m < 3; m++)
    for (int i = 0; i < 4; i++) example_note(score, m, beat_whole(i), beat_whole(1), 60 + i);
  ScoreSign *p = example_sign(score, SCORE_SIGN_DYNAMIC, 0, beat_whole(1));
  p->velocity = 49;
  ScoreSign *from = example_sign(score, SCORE_SIGN_WEDGE, 1, beat_whole(0));
  from->edge = SCORE_EDGE_START, from->wedge = 1;
  ScoreSign *to = example_sign(score, SCORE_SIGN_WEDGE, 2, beat_whole(0));
  to->edge = SCORE_EDGE_STOP, to->wedge = 1;
  ScoreSign *f = example_sign(score, SCORE_SIGN_DYNAMIC, 2, beat_whole(0));
  f->velocity = 97;
  ScoreSign *sudden = example_sign(score, SCORE_SIGN_DYNAMIC, 2, beat_whole(2));
  sudden->velocity = 112;
  snprintf(sudden->text, sizeof sudden->text, "sfz");
  score->notes.items[11].marks = SCORE_ACCENT;
  score_sort(score);
  Motion *motion = play(score);
  const int WANTED[12] = {80, 49, 49, 49, 49, 61, 73, 85, 97, 97, 112, 109};
  for (int i = 0; i < 12; i++)
    CHECK_SAYING(motion->notes.items[i].velocity == WANTED[i], "note %d: %d", i,
                 motion->notes.items[i].velocity);
  motion_free(motion);
  score_free(score);
}

static void short_notes_grace_notes_and_trills(void) {
  Score *score = example_score(2);
  tempo(score, 0, beat_whole(0), 60, "");
  size_t short_note = example_note(score, 0, beat_whole(0), beat_whole(1), 60);
  size_t grace = example_note(score, 0, beat_whole(2), beat_whole(0), 62);
  example_note(score, 0, beat_whole(2), beat_whole(1), 64);
  size_t trill = example_note(score, 1, beat_whole(0), beat_whole(1), 64);
  size_t mordent = example_note(score, 1, beat_whole(2), beat_whole(1), 67);
  score->notes.items[short_note].marks = SCORE_STACCATO;
  score->notes.items[grace].grace = true;
  score->notes.items[trill].marks = SCORE_TRILL;
  score->notes.items[mordent].marks = SCORE_MORDENT;
  score_sort(score);
  Motion *motion = play(score);
  const MotionNote *notes = motion->notes.items;
  CHECK_NEAR(notes[0].key_up_s, 0.5, 1e-9);
  CHECK(notes[1].midi == 62 && notes[2].midi == 64);
  CHECK_NEAR(notes[1].onset_s, 1.91, 1e-9);
  CHECK_NEAR(notes[2].onset_s, 2, 1e-9);
  for (int i = 0; i < 11; i++) CHECK(notes[3 + i].midi == (i % 2 ? 65 : 64)); /* E–F in C major */
  CHECK_NEAR(notes[3].onset_s, 4, 1e-9);
  CHECK_NEAR(notes[13].key_up_s, 5, 1e-9);
  CHECK(notes[14].midi == 67 && notes[15].midi == 65 && notes[16].midi == 67);
  CHECK_NEAR(notes[16].key_up_s, 7, 1e-9);
  CHECK(motion->notes.n == 17);
  motion_free(motion);
  score_free(score);
}

static void a_grace_note_at_the_start_gets_a_lead(void) {
  Score *score = example_score(1);
  size_t grace = example_note(score, 0, beat_whole(0), beat_whole(0), 62);
  score->notes.items[grace].grace = true;
  example_note(score, 0, beat_whole(0), beat_whole(1), 64);
  Motion *motion = play(score);
  CHECK_NEAR(motion->notes.items[0].onset_s, 0, 1e-9);
  CHECK_NEAR(motion->notes.items[1].onset_s, 0.09, 1e-9);
  CHECK_NEAR(motion->beats.items[0].time_s, 0.09, 1e-9);
  motion_free(motion);
  score_free(score);
}

static void one_key_is_struck_once(void) {
  Score *score = example_score(1);
  tempo(score, 0, beat_whole(0), 60, "");
  example_note(score, 0, beat_whole(0), beat_whole(4), 60);
  size_t again = example_note(score, 0, beat_whole(0), beat_whole(1), 60);
  size_t later = example_note(score, 0, beat_whole(2), beat_whole(1), 60);
  score->notes.items[again].voice = score->notes.items[later].voice = 2;
  score_sort(score);
  Motion *motion = play(score);
  CHECK(motion->notes.n == 2);
  CHECK_NEAR(motion->notes.items[0].key_up_s, 2, 1e-9);
  CHECK_NEAR(motion->notes.items[1].onset_s, 2, 1e-9);
  motion_free(motion);
  score_free(score);
}

static void pedal_marks_hold_the_sound(void) {
  Score *score = example_score(2);
  tempo(score, 0, beat_whole(0), 60, "");
  example_note(score, 0, beat_whole(0), beat_whole(1), 60);
  example_note(score, 0, beat_whole(1), beat_whole(1), 60);
  example_note(score, 0, beat_whole(2), beat_whole(1), 64);
  example_sign(score, SCORE_SIGN_PEDAL, 0, beat_whole(0))->edge = SCORE_EDGE_START;
  example_sign(score, SCORE_SIGN_PEDAL, 1, beat_whole(1))->edge = SCORE_EDGE_STOP;
  score_sort(score);
  Motion *motion = play(score);
  double end_s[3];
  motion_sound_ends(end_s, motion);
  CHECK(motion->pedals.n == 2 && motion->pedals.items[0].depth == 127);
  CHECK_NEAR(end_s[0], 1, 1e-9); /* struck again */
  CHECK_NEAR(end_s[1], 5, 1e-9);
  CHECK_NEAR(end_s[2], 5, 1e-9);
  motion_free(motion);
  score_free(score);
}

/* ---- motion ---- */

/* The definition, note by note, against the sweep. */
static double naive_end_s(const Motion *motion, size_t i) {
  const MotionNote *note = &motion->notes.items[i];
  double end_s = note->key_up_s;
  bool down = false;
  size_t p = 0;
  for (; p < motion->pedals.n && motion->pedals.items[p].time_s <= note->key_up_s; p++)
    down = motion->pedals.items[p].depth >= 64;
  while (down && p < motion->pedals.n && motion->pedals.items[p].depth >= 64) p++;
  if (down) end_s = p < motion->pedals.n ? motion->pedals.items[p].time_s : motion_duration_s(motion);
  for (size_t k = i + 1; k < motion->notes.n; k++)
    if (motion->notes.items[k].midi == note->midi && motion->notes.items[k].onset_s > note->onset_s)
      return fmin(end_s, motion->notes.items[k].onset_s);
  return end_s;
}

static void sound_ends_agree_with_the_definition(void) {
  BaseRng rng = base_rng(11, 0);
  for (int round = 0; round < 3000; round++) {
    Motion *motion = motion_new();
    double end_s[8], at_s[2] = {0, 0};
    for (int i = 0; i < 8; i++) { /* two keys, each struck after it was let go */
      int key = (int)base_rng_below(&rng, 2);
      double onset_s = at_s[key] + 0.25 * (1 + base_rng_below(&rng, 4)) + 0.01 * key;
      at_s[key] = onset_s + 0.25 * (1 + base_rng_below(&rng, 3)) - 0.125;
      motion_add(motion, onset_s, at_s[key], 60 + key, 64, 1);
    }
    for (int i = 0; i < 6; i++)
      base_array_push(&motion->pedals, (MotionPedal){0.0625 + base_rng_below(&rng, 40) * 0.25 + i * 0.001,
                                                     MOTION_SUSTAIN, (uint8_t)base_rng_below(&rng, 128)});
    motion_sort(motion);
    motion_sound_ends(end_s, motion);
    for (size_t i = 0; i < 8; i++) CHECK_NEAR(end_s[i], naive_end_s(motion, i), 1e-9);
    motion_free(motion);
  }
}

static void csv_comes_back(void) {
  const char *path = check_temporary("notes.csv");
  Motion *motion = motion_new(), *again = NULL;
  motion_add(motion, 0.5, 1.25, 60, 80, 1);
  motion_add(motion, 0, 0.1234, 64, 1, 1);
  motion_sort(motion);
  CHECK(motion_write_csv(NULL, motion, path) == BASE_OK);
  CHECK(motion_read_csv(NULL, &again, path) == BASE_OK);
  CHECK(again->notes.n == 2 && again->notes.items[0].midi == 64 && again->notes.items[1].velocity == 80);
  CHECK_NEAR(again->notes.items[0].key_up_s, 0.1234, 1e-9);
  motion_free(motion);
  motion_free(again);
}

static BaseStatus read_text(BaseContext *ctx, Motion **motion, const char *text) {
  const char *path = check_temporary("typed.csv");
  FILE *file = fopen(path, "w");
  fputs(text, file);
  fclose(file);
  return motion_read_csv(ctx, motion, path);
}

static void csv_takes_other_separators_and_names_bad_lines(void) {
  BaseContext ctx = {0};
  Motion *motion = NULL;
  CHECK(read_text(&ctx, &motion,
                  "\xEF\xBB\xBF"
                  "a;b;c\r\n0;1;60\r\n2\t3\t61\t100\textra\n\n") == BASE_OK);
  CHECK(motion->notes.n == 2 && motion->notes.items[1].velocity == 100);
  motion_free(motion);
  CHECK(read_text(&ctx, &motion, "onset,offset,pitch\n0,1,60\n1,0.5,60\n") == BASE_BAD_FILE);
  CHECK_SAYING(strstr(ctx.sentence, "line 3"), "%s", ctx.sentence);
  CHECK(read_text(&ctx, &motion, "0,1,160\n") == BASE_BAD_FILE);
  CHECK(read_text(&ctx, &motion, "0,1\n") == BASE_BAD_FILE);
  CHECK(read_text(&ctx, &motion, "0,nan,3\n") == BASE_BAD_FILE);
  CHECK(read_text(&ctx, &motion, "") == BASE_OK && motion->notes.n == 0);
  motion_free(motion);
}

static void broken_promises_are_named(void) {
  BaseContext ctx = {0};
  Score *score = example_score(1);
  size_t note = example_note(score, 0, beat_whole(0), beat_whole(5), 60);
  CHECK(score_validate(&ctx, score) == BASE_BAD_INPUT);
  CHECK_TEXT(ctx.sentence, "Note 1 sounds beyond the end of measure 1.");
  score->notes.items[note].duration = beat_whole(1);
  CHECK(score_validate(&ctx, score) == BASE_OK);
  score->notes.items[note].id = 0;
  CHECK(score_validate(&ctx, score) == BASE_BAD_INPUT);
  score->notes.items[note].id = 1;
  base_array_push(&score->slurs, (ScoreSlur){1, 99});
  CHECK(score_validate(&ctx, score) == BASE_BAD_INPUT);
  CHECK_TEXT(ctx.sentence, "Slur 1 has no note at one of its ends.");
  Score *copy = score_dup(score);
  CHECK(score_equal(&ctx, score, copy));
  copy->notes.items[0].marks = SCORE_FERMATA;
  CHECK(!score_equal(&ctx, score, copy));
  CHECK_SAYING(strstr(ctx.sentence, "another marks"), "%s", ctx.sentence);
  score_free(copy);
  score_free(score);
}

static void glossary_knows_the_usual_words(void) {
  CHECK(glossary_velocity("pp") == 33 && glossary_velocity("p dolce") == 49 && glossary_velocity("x") == 0);
  CHECK(glossary_tempo("Allegro ma non troppo") == 132 && glossary_tempo("Allegretto") == 112);
  CHECK(glossary_tempo("dolce") == 0 && glossary_tempo("unslowly") == 0);
  CHECK(glossary_jumps("D.C. al Fine") == SCORE_JUMP_DA_CAPO && glossary_jumps("Fine") == SCORE_JUMP_FINE);
  CHECK(glossary_jumps("D. S. al Coda") == SCORE_JUMP_DAL_SEGNO &&
        glossary_jumps("To Coda") == SCORE_JUMP_TO_CODA);
  CHECK(glossary_jumps("dolce") == 0 && glossary_jumps("finemente") == 0 && glossary_jumps("dcl") == 0);
}

static void evidence_is_zeroed(void) {
  Evidence *evidence = evidence_new(3, 0.01);
  int sum = 0;
  for (size_t i = 0; i < 3 * MOTION_KEYS; i++)
    sum += evidence->onset[i] + evidence->sounding[i] + evidence->strength[i];
  CHECK(sum == 0);
  evidence_free(evidence);
  evidence_free(NULL);
}

/* Twelve measures: a pickup, |: eight, of which the last is a first ending :|, a second ending, two more. */
static void sections_are_lettered(void) {
  static const int32_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11}, once[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11},
                       cut[] = {0, 1, 2, 3, 6, 7, 9, 10, 11};
  const struct {
    const int32_t *measures;
    size_t n;
  } orders[] = {{all, 19}, {once, 11}, {cut, 9}};
  Score *score = score_new();
  char letters[SCORE_LETTERS_SIZE];
  for (int i = 0; i < 12; i++) {
    ScoreMeasure measure = score_measure();
    measure.length = beat_whole(4);
    measure.endings = i == 8 ? 1 : i == 9 ? 2 : 0;
    CHECK(base_array_push(&score->measures, measure));
  }
  ScoreUnfolded *unfolded[3];
  for (int i = 0; i < 3; i++)
    CHECK(score_unfold(NULL, &unfolded[i], score, &(ScoreUnfoldParams){.order = orders[i].measures, .order_n = orders[i].n}) == BASE_OK);
  CHECK(score_sections(letters, score, unfolded[1], (const ScoreUnfolded *const *)unfolded, 2));
  CHECK_SAYING(strcmp(letters, "A B") == 0, "%s", letters);
  CHECK(score_sections(letters, score, unfolded[0], (const ScoreUnfolded *const *)unfolded, 2));
  CHECK_SAYING(strcmp(letters, "A A B") == 0, "%s", letters);
  CHECK(score_sections(letters, score, unfolded[2], (const ScoreUnfolded *const *)&unfolded[2], 1));
  CHECK_SAYING(strcmp(letters, "A C D") == 0, "%s", letters);
  for (int i = 0; i < 3; i++) score_unfolded_free(unfolded[i]);
  score_free(score);
}

CHECK_MAIN({CASE(beats_agree_with_fractions_exhaustively)}, {CASE(beats_survive_the_extremes)},
           {CASE(repeats_are_played)}, {CASE(endings_are_chosen)}, {CASE(two_repeated_parts_with_endings)},
           {CASE(jumps_are_taken_once)}, {CASE(coda_follows_dal_segno)}, {CASE(last_ending_after_da_capo)},
           {CASE(contradicting_signs_come_to_an_end)}, {CASE(a_given_order_is_followed)}, {CASE(sections_are_lettered)},
           {CASE(ties_join_across_bars_and_repeats)}, {CASE(quarters_at_sixty_are_seconds)},
           {CASE(words_alone_set_the_tempo)}, {CASE(dynamics_and_hairpins_become_velocities)},
           {CASE(short_notes_grace_notes_and_trills)}, {CASE(a_grace_note_at_the_start_gets_a_lead)},
           {CASE(one_key_is_struck_once)}, {CASE(pedal_marks_hold_the_sound)},
           {CASE(sound_ends_agree_with_the_definition)}, {CASE(csv_comes_back)},
           {CASE(csv_takes_other_separators_and_names_bad_lines)}, {CASE(broken_promises_are_named)},
           {CASE(glossary_knows_the_usual_words)}, {CASE(evidence_is_zeroed)})
