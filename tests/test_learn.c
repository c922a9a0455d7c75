/* Calibration: labels that snap and mask, a little lesson that helps, one that harms, one that is called off.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/evaluation/evaluation.h"
#include "core/lmm/lmm_calibrate.h"
#include "core/lmm/lmm_doubts.h"
#include "core/lmm/lmm_lag.h"
#include "core/nn/nn_weights.h"
#include "core/transcription/transcription_again.h"
#include "core/transcription/transcription_hear.h"
#include "tests/check.h"

#include <stdatomic.h>

enum { RATE_HZ = FEATURES_RATE_HZ, KEYS = MOTION_KEYS, FRAMES = 200 };

static const double hop_s = (double)FEATURES_HOP / FEATURES_RATE_HZ;

/* ---- labels ---- */

static LmmAnswers silence(void) {
  LmmAnswers answers = {.frames = FRAMES};
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) answers.heads[h] = calloc(FRAMES * KEYS, sizeof(uint16_t));
  answers.pedal = calloc(FRAMES, sizeof(uint16_t));
  answers.heard = calloc(1, sizeof *answers.heard);
  answers.heard->evidence = evidence_new(FRAMES, hop_s);
  return answers;
}

static void sound(LmmAnswers *answers, size_t t, int key, double p) {
  uint16_t *onset = answers->heads[HEAD_ONSET];
  onset[t * KEYS + (size_t)key] = (uint16_t)(65535 * p);
  onset[(t - 1) * KEYS + (size_t)key] = onset[(t + 1) * KEYS + (size_t)key] = (uint16_t)(65535 * p * 0.6);
}

static void expect(Motion *motion, double frame, int key) {
  CHECK(motion_add(motion, frame * hop_s, frame * hop_s + 0.2, key + MOTION_LOWEST_KEY, 64, 1));
}

static int label_at(const LmmLabels *labels, size_t t, int key) {
  return labels->onset[t * KEYS + (size_t)key];
}

static bool is_known(const LmmLabels *labels, size_t t, int key) {
  return labels->known[t * KEYS + (size_t)key];
}

static LmmLabels labels_of(LmmAnswers *answers, Motion *expected) {
  LmmLabels labels = {0};
  motion_sort(expected);
  CHECK(lmm_labels_of(NULL, &labels, answers, expected, NULL) == BASE_OK);
  motion_free(expected);
  lmm_answers_clear(answers);
  return labels;
}

/* An alignment is 60 ms late, the sound says where the note is. */
static void labels_snap_to_the_sound(void) {
  LmmAnswers answers = silence();
  Motion *expected = motion_new();
  sound(&answers, 50, 40, 0.2);
  expect(expected, 53, 40);
  LmmLabels labels = labels_of(&answers, expected);
  CHECK(labels.found == 1 && labels.unheard == 0);
  CHECK(label_at(&labels, 50, 40) == 255 && label_at(&labels, 49, 40) == 153 && label_at(&labels, 53, 40) == 0);
  CHECK(is_known(&labels, 53, 40) && is_known(&labels, 150, 40));
  lmm_labels_clear(&labels);
}

/* Two strokes of one key, 120 ms apart, expected a little early: each takes its own. */
static void each_onset_is_taken_once(void) {
  LmmAnswers answers = silence();
  Motion *expected = motion_new();
  sound(&answers, 60, 30, 0.9);
  sound(&answers, 66, 30, 0.3);
  expect(expected, 58, 30);
  expect(expected, 64, 30);
  LmmLabels labels = labels_of(&answers, expected);
  CHECK(labels.found == 2 && labels.unheard == 0);
  CHECK(label_at(&labels, 60, 30) == 255 && label_at(&labels, 66, 30) == 255 && label_at(&labels, 63, 30) == 0);
  lmm_labels_clear(&labels);
}

/* A note without a sound is unknown, never a negative; so is a clear sound without a note; an unclear one is none. */
static void disagreements_are_masked(void) {
  LmmAnswers answers = silence();
  Motion *expected = motion_new();
  for (int i = 0; i < 6; i++) {
    sound(&answers, 20 + 20 * (size_t)i, 10, 0.9);
    expect(expected, 20 + 20 * i, 10);
  }
  expect(expected, 80, 41);
  sound(&answers, 90, 50, 0.97);
  sound(&answers, 90, 60, 0.4);
  sound(&answers, 100, 41, 0.5);
  LmmLabels labels = labels_of(&answers, expected);
  CHECK(labels.found == 6 && labels.unheard == 1 && labels.unclear == 1 && labels.foreign == 2);
  CHECK(!is_known(&labels, 80, 41) && !is_known(&labels, 84, 41) && is_known(&labels, 100, 41));
  CHECK(!is_known(&labels, 90, 50) && !is_known(&labels, 91, 50) && is_known(&labels, 120, 50));
  CHECK(is_known(&labels, 90, 60) && label_at(&labels, 90, 60) == 0);
  lmm_labels_clear(&labels);
}

/* Nobody wrote out the trill. */
static void ornaments_are_left_alone(void) {
  LmmAnswers answers = silence();
  Motion *expected = motion_new();
  for (int i = 0; i < 6; i++) {
    sound(&answers, 20 + 20 * (size_t)i, 10, 0.9);
    expect(expected, 20 + 20 * i, 10);
  }
  sound(&answers, 50, 41, 0.9);
  expect(expected, 50, 41);
  sound(&answers, 60, 43, 0.5);
  sound(&answers, 60, 45, 0.5);
  sound(&answers, 100, 43, 0.5);
  LmmLabels labels = labels_of(&answers, expected);
  CHECK(!is_known(&labels, 60, 43) && is_known(&labels, 60, 45) && is_known(&labels, 100, 43) && is_known(&labels, 50, 41));
  lmm_labels_clear(&labels);
}

/* A melody without the accompaniment that is played: nothing is said of that. */
static void half_a_score_makes_nobody_deaf(void) {
  LmmAnswers answers = silence();
  Motion *expected = motion_new();
  for (int i = 0; i < 6; i++) {
    const size_t t = 20 + 20 * (size_t)i;
    sound(&answers, t, 50, 0.9);
    sound(&answers, t, 20, i % 2 ? 0.95 : 0.5);
    expect(expected, (double)t, 50);
  }
  LmmLabels labels = labels_of(&answers, expected);
  CHECK(labels.found == 6 && labels.foreign == 0 && labels.unclear == 6);
  CHECK(!is_known(&labels, 20, 20) && !is_known(&labels, 40, 20) && is_known(&labels, 30, 20));
  lmm_labels_clear(&labels);
}

/* A piece in time but for one key, which always speaks 60 ms early, and an alignment that is 20 ms late all along: that
 * key is drawn to the others, and these stay where they sound. */
static void a_key_that_speaks_early_is_drawn_into_time(void) {
  LmmAnswers answers = silence();
  Motion *expected = motion_new();
  for (int i = 0; i < 8; i++) {
    const size_t t = 20 + 20 * (size_t)i;
    for (int key = 20; key < 40; key += 10) {
      const size_t at = key == 30 && i == 4 ? t - 3 : t;
      sound(&answers, at, key, 0.9);
      evidence_put_onset(answers.heard->evidence, (double)at, key, 200, 60);
      expect(expected, (double)t + 1, key);
    }
  }
  LmmLabels labels = labels_of(&answers, expected);
  CHECK(labels.found == 16 && label_at(&labels, 100, 20) == 255 && label_at(&labels, 120, 30) == 255);
  CHECK_SAYING(label_at(&labels, 99, 30) > label_at(&labels, 98, 30) && label_at(&labels, 99, 30) > label_at(&labels, 100, 30),
               "%d %d %d", label_at(&labels, 98, 30), label_at(&labels, 99, 30), label_at(&labels, 100, 30));
  lmm_labels_clear(&labels);
}

/* ---- a recording's own ---- */

enum { LONG = 6000, CHORDS = 200 };

/* What is written and what is heard of it. The first fifth of the recording is trusted fully, the rest less. */
typedef struct {
  Motion *heard, *expected;
  uint8_t trust[LONG];
  BaseRng rng;
} Played;

static Played *open_played(void) {
  Played *p = calloc(1, sizeof *p);
  p->heard = motion_new(), p->expected = motion_new(), p->rng = base_rng(3, 0);
  memset(p->trust, 178, sizeof p->trust);
  memset(p->trust, 255, LONG / 5);
  return p;
}

static void close_played(Played *p) {
  motion_free(p->heard);
  motion_free(p->expected);
  free(p);
}

/* A note as written at `written_s`, heard `late_s` after that. */
static void strike(Played *p, double written_s, double late_s, int key, int velocity) {
  motion_add(p->expected, written_s, written_s + 0.1, key + MOTION_LOWEST_KEY, 64, 1);
  motion_add(p->heard, written_s + late_s, written_s + late_s + 0.2, key + MOTION_LOWEST_KEY, velocity, 1);
}

static double spread_s(Played *p, double most_s) {
  return base_rng_range(&p->rng, -most_s, most_s);
}

static TranscriptionOwn lag_of(Played *p) {
  TranscriptionOwn lag;
  motion_sort(p->heard);
  motion_sort(p->expected);
  lmm_lag_fit(&lag, p->heard, p->expected, p->trust, LONG, hop_s);
  lag.together = lmm_together_fit(p->heard, p->expected, p->trust, LONG, hop_s);
  close_played(p);
  return lag;
}

static void late_keys_and_soft_strokes_are_found(void) {
  Played *p = open_played();
  for (int i = 0; i < CHORDS; i++) {
    const double at_s = 1 + i * 0.55;
    strike(p, at_s, spread_s(p, 0.004) + (i % 8 == 3 ? 0.03 : 0), 30 + i % 8, 100);
    strike(p, at_s + 0.25, spread_s(p, 0.004) + 0.05, 50 + i % 5, 40);
  }
  const TranscriptionOwn lag = lag_of(p);
  CHECK_SAYING(fabs(lag.key_s[33] - 0.03F) < 0.006F, "%.4f", (double)lag.key_s[33]);
  CHECK_SAYING(fabs(lag.key_s[31]) < 0.004F && lag.key_s[10] == 0, "%.4f", (double)lag.key_s[31]);
  CHECK_SAYING(fabs(lag.rested_s + lag.key_s[51] - 0.05F) < 0.006F, "%.4f %.4f", (double)lag.rested_s, (double)lag.key_s[51]);
}

/* Two notes are no habit, and what is not trusted tells nothing. */
static void few_notes_tell_little(void) {
  Played *p = open_played();
  strike(p, 1, 0.05, 40, 100);
  strike(p, 2, 0.05, 41, 100);
  memset(p->trust + LONG / 2, 0, LONG / 2);
  for (int i = 0; i < 50; i++) strike(p, LONG / 2 * hop_s + 1 + i, 0.05, 60, 100);
  const TranscriptionOwn lag = lag_of(p);
  CHECK_SAYING(lag.key_s[40] < 0.03F && lag.key_s[40] > 0 && lag.key_s[60] == 0, "%.4f", (double)lag.key_s[40]);
  CHECK(lag.rested_s == 0 && lag.together == 0);
}

/* Soft notes are heard here and there around loud ones that they are written with; or where they are written, apart. */
static float together_of(bool apart) {
  Played *p = open_played();
  for (int i = 0; i < CHORDS; i++) {
    const double at_s = 1 + i * 0.55, off_s = spread_s(p, 0.045);
    strike(p, at_s, 0, 30 + i % 12, 100);
    strike(p, at_s + (apart ? off_s : 0), apart ? 0 : off_s, 50 + i % 12, 60);
  }
  return lag_of(p).together;
}

static void how_far_chords_are_struck_together_is_found(void) {
  CHECK_SAYING(together_of(false) > 0.8F, "%.3f", (double)together_of(false));
  CHECK_SAYING(together_of(true) < 0.1F, "%.3f", (double)together_of(true));
}

/* ---- doubts ---- */

/* Keys here and there that are heard shyly and the score asks for, and octaves above clear ones that it does not. */
static Evidence *shy_evidence(Motion *expected) {
  Evidence *evidence = evidence_new(LONG, hop_s);
  BaseRng rng = base_rng(5, 0);
  for (int i = 0; i < CHORDS; i++) {
    const double at = 50 + i * 28.0;
    const int key = 30 + (int)base_rng_below(&rng, 24);
    const double prob = base_rng_range(&rng, 0.1, 0.5);
    evidence_put_onset(evidence, at, key, 255, 80);
    evidence_put_onset(evidence, at, key + 12, (uint8_t)(255 * base_rng_range(&rng, 0.3, 0.7)), 40);
    const int alone = 30 + (int)base_rng_below(&rng, 40);
    evidence_put_onset(evidence, at + 14, alone, (uint8_t)(255 * prob), 50);
    expect(expected, at, key);
    expect(expected, at + 15, alone);
  }
  motion_sort(expected);
  return evidence;
}

static double heard_with(const Evidence *evidence, const TranscriptionOwn *own, const Motion *expected) {
  EvaluationNotes notes;
  Motion *motion = motion_new();
  CHECK(transcription_again(NULL, motion, evidence, (MusicPrior){0}, own, 0) == BASE_OK);
  CHECK(evaluation_notes(NULL, &notes, expected, motion, NULL) == BASE_OK);
  motion_free(motion);
  return notes.onset.f1;
}

static void what_the_score_asks_for_is_weighed_more(void) {
  static uint8_t trust[LONG];
  TranscriptionOwn own = {0};
  Motion *expected = motion_new();
  Evidence *evidence = shy_evidence(expected);
  const double usual = heard_with(evidence, NULL, expected);
  CHECK(lmm_doubts_fit(NULL, &own, evidence, expected, trust) == BASE_OK);
  for (int i = 0; i < TRANSCRIPTION_CLUES; i++) CHECK_NEAR(own.weights[i], 0, 1e-6); /* nothing is trusted */
  memset(trust, 200, LONG / 2); /* the other half is judged by */
  CHECK(lmm_doubts_fit(NULL, &own, evidence, expected, trust) == BASE_OK);
  const double fitted = heard_with(evidence, &own, expected);
  CHECK_SAYING(usual < 0.85 && fitted > 0.97, "%.3f -> %.3f", usual, fitted);
  evidence_free(evidence);
  motion_free(expected);
}

/* ---- a little world ---- */

/* A string with a dozen partials. */
static void pluck(DspAudio *audio, const MotionNote *note) {
  const double hz = 440 * exp2((note->midi - 69) / 12.0);
  const size_t from = (size_t)(note->onset_s * RATE_HZ), to = (size_t)((note->key_up_s + 0.2) * RATE_HZ);
  for (int n = 1; n <= 12 && n * hz < 7500; n++)
    for (size_t t = from; t < audio->frames && t < to; t++) {
      const double s = (double)(t - from) / RATE_HZ, over = fmax(0, s - (note->key_up_s - note->onset_s));
      audio->samples[t] += (float)(note->velocity / 640.0 * pow(n, -1.3) * exp(-(0.6 + 0.25 * n) * s - 25 * over) *
                                   (1 - exp(-s / 0.002)) * sin(2 * M_PI * hz * n * s));
    }
}

enum { BARS = 12 };
static const double bar_s = 1.8;

/* Three chords over a bass in each bar. */
static Motion *little_piece(void) {
  static const int bass[] = {36, 43, 41, 48, 45, 40, 38, 43}, third[] = {4, 3, 3, 4};
  Motion *motion = motion_new();
  for (int beat = 0; beat < 3 * BARS; beat++) {
    const double t = 0.4 + beat * bar_s / 3;
    const int root = 55 + (beat * 5) % 17;
    motion_add(motion, t, t + 0.5, bass[beat * 3 % 8], 60, 1);
    motion_add(motion, t, t + 0.5, root, 45, 1);
    motion_add(motion, t, t + 0.5, root + third[beat % 4], 50, 1);
    motion_add(motion, t, t + 0.5, root + 7, 70, 1);
  }
  motion_sort(motion);
  return motion;
}

typedef struct {
  Motion *motion;
  LmmRecording recording;
  LmmSpan bars[BARS];
  LmmPair pair;
  BasePack *weights; /* those of the program, dulled */
  int asked;         /* where the score is; negative: it is nowhere */
} World;

/* What the ear of the program is worth when its head of onsets has become shy. */
static BasePack *dulled(void) {
  TranscriptionTensors tensors;
  BaseContext ctx = {0};
  BasePack *pack = NULL;
  NnNet *net = nn_net_new(0);
  CHECK(transcription_net_build(&ctx, &tensors, net, 1, 100, false) == BASE_OK);
  CHECK(transcription_weights_load(&ctx, net, NULL, 0) == BASE_OK);
  const NnParameter *bias = nn_net_parameter(net, nn_net_parameter_find(net, "head.onset.bias"));
  nn_net_values(net)[bias->offset] -= 1.55F;
  const char *path = check_temporary("dulled.weights");
  CHECK(nn_weights_write(&ctx, net, path, BASE_F32, NULL, 0) == BASE_OK);
  CHECK_SAYING(base_pack_load(&ctx, &pack, path) == BASE_OK, "%s", ctx.sentence);
  nn_net_free(net);
  return pack;
}

static void open_world(World *world) {
  *world = (World){.motion = little_piece(), .weights = dulled()};
  DspAudio *audio = dsp_audio_new((size_t)((BARS * bar_s + 1) * RATE_HZ), 1, RATE_HZ);
  for (size_t i = 0; i < world->motion->notes.n; i++) pluck(audio, &world->motion->notes.items[i]);
  CHECK(lmm_recording_of(NULL, &world->recording, audio) == BASE_OK);
  dsp_audio_free(audio);
  for (int i = 0; i < BARS; i++) world->bars[i] = (LmmSpan){0.3 + i * bar_s, 0.3 + (i + 1) * bar_s};
  world->pair = (LmmPair){&world->recording, world->motion, world->bars, BARS / 2};
}

static void close_world(World *world) {
  lmm_recording_clear(&world->recording);
  motion_free(world->motion);
  base_pack_free(world->weights);
}

static BaseStatus calibrate(World *world, LmmCalibration *report, void **bytes, size_t *n, BaseContext *ctx,
                            LmmCalibrateParams params) {
  params.weights = world->weights;
  params.batch = 2;
  params.dreams = 1;
  params.tests = 1;
  return lmm_calibrate(ctx, report, bytes, n, &world->pair, &params);
}

/* Finds the score where it is, and counts how often it was asked; or fails. */
static BaseStatus find_score(BaseContext *ctx, void *user, Motion **out, const Transcription *heard) {
  World *world = user;
  if (world->asked < 0) return base_fail(ctx, BASE_NUMERIC, "nowhere to be found");
  CHECK(heard->motion->notes.n > 0);
  world->asked++;
  *out = motion_dup(world->motion);
  return *out ? BASE_OK : base_fail_memory(ctx);
}

static void a_score_that_is_not_found_ends_it(void) {
  World world;
  LmmCalibration report;
  void *bytes = NULL;
  size_t n = 0;
  BaseContext ctx = {.seed = 1, .threads = 1};
  open_world(&world);
  world.asked = -1;
  world.pair.expect = find_score, world.pair.user = &world;
  CHECK(calibrate(&world, &report, &bytes, &n, &ctx, (LmmCalibrateParams){.steps = 4}) == BASE_NUMERIC);
  CHECK(!bytes && !report.accepted && strstr(ctx.sentence, "nowhere"));
  close_world(&world);
}

/* What was learned can be loaded, and hears. */
static void hear_with(const World *world, const void *bytes, size_t n) {
  BaseContext ctx = {0};
  BasePack *pack = NULL;
  LmmAnswers answers = {0};
  TranscriptionTensors tensors;
  NnNet *net = nn_net_new(0);
  CHECK(bytes && base_pack_load_memory(&ctx, &pack, bytes, n, "calibrated") == BASE_OK);
  CHECK(transcription_net_build(&ctx, &tensors, net, 1, 100, false) == BASE_OK);
  CHECK(pack && transcription_weights_load(&ctx, net, pack, world->recording.frames) == BASE_OK);
  CHECK(lmm_answers_of(&ctx, &answers, net, &world->recording) == BASE_OK && answers.heard->motion->notes.n > 0);
  lmm_answers_clear(&answers);
  nn_net_free(net);
  base_pack_free(pack);
}

static void check_encouraged(const LmmCalibration *r) {
  CHECK_SAYING(r->accepted && r->bars == 6 && r->bars_held_out == 1 && r->labels > 100, "%d, %zu bars, %zu held out, %zu labels",
               r->accepted, r->bars, r->bars_held_out, r->labels);
  CHECK_SAYING(r->trusted.after > r->trusted.before + 0.02 || r->beyond.after > r->beyond.before + 0.02,
               "trusted %.3f → %.3f, beyond %.3f → %.3f, dreams %.3f → %.3f", r->trusted.before, r->trusted.after,
               r->beyond.before, r->beyond.after, r->dreams.before, r->dreams.after);
}

/* Twice, since the same seed has to teach the same. */
static void a_shy_ear_is_encouraged(void) {
  World world;
  LmmCalibration report;
  void *bytes[2] = {NULL, NULL};
  size_t n[2] = {0, 0};
  open_world(&world);
  world.pair.expect = find_score, world.pair.user = &world;
  for (int i = 0; i < 2; i++) {
    BaseContext ctx = {.seed = 1, .threads = 1};
    const LmmCalibrateParams params = {.steps = 32, .rate = 0.02F, .bars = 1};
    const BaseStatus status = calibrate(&world, &report, &bytes[i], &n[i], &ctx, params);
    CHECK_SAYING(status == BASE_OK, "%s", ctx.sentence);
    CHECK_SAYING(world.asked == 3 * (i + 1), "asked %d times", world.asked); /* before learning, before going on, after it */
    check_encouraged(&report);
  }
  CHECK(bytes[0] && n[0] == n[1] && memcmp(bytes[0], bytes[1], n[0]) == 0);
  hear_with(&world, bytes[0], n[0]);
  free(bytes[0]);
  free(bytes[1]);
  close_world(&world);
}

static void harm_is_refused(void) {
  World world;
  LmmCalibration report;
  void *bytes = NULL;
  size_t n = 0;
  BaseContext ctx = {.seed = 1, .threads = 1};
  open_world(&world);
  BaseStatus status = calibrate(&world, &report, &bytes, &n, &ctx, (LmmCalibrateParams){.steps = 4, .rate = 0.5F, .bars = 20, .rounds = 1});
  CHECK_SAYING(status == BASE_OK && report.accepted == (bytes != NULL), "%s", ctx.sentence);
  CHECK(report.share == 0 && report.dreams.after == report.dreams.before); /* the network is as it was */
  free(bytes);
  for (size_t i = 0; i < world.motion->notes.n; i++) world.motion->notes.items[i].midi += 1; /* another piece */
  status = calibrate(&world, &report, &bytes, &n, &ctx, (LmmCalibrateParams){.steps = 4});
  CHECK_SAYING(status == BASE_BAD_INPUT && !bytes && strstr(ctx.sentence, "notes"), "%s", ctx.sentence);
  close_world(&world);
}

static void stop_halfway(void *user, double fraction, const char *what) {
  (void)what;
  if (fraction > 0.3) atomic_store((atomic_bool *)user, true);
}

static void called_off_nothing_is_left(void) {
  World world;
  LmmCalibration report;
  void *bytes = NULL;
  size_t n = 0;
  atomic_bool cancel = false;
  BaseContext ctx = {.seed = 1, .threads = 1, .cancel = &cancel, .progress = stop_halfway, .user = &cancel};
  open_world(&world);
  CHECK(calibrate(&world, &report, &bytes, &n, &ctx, (LmmCalibrateParams){.steps = 100}) == BASE_CANCELLED);
  CHECK(!bytes && !report.accepted);
  close_world(&world);
}

CHECK_MAIN({CASE(labels_snap_to_the_sound)}, {CASE(each_onset_is_taken_once)}, {CASE(disagreements_are_masked)}, {CASE(ornaments_are_left_alone)},
           {CASE(half_a_score_makes_nobody_deaf)}, {CASE(a_key_that_speaks_early_is_drawn_into_time)},
           {CASE(late_keys_and_soft_strokes_are_found)}, {CASE(few_notes_tell_little)},
           {CASE(how_far_chords_are_struck_together_is_found)}, {CASE(what_the_score_asks_for_is_weighed_more)}, {CASE(a_score_that_is_not_found_ends_it)},
           {CASE(a_shy_ear_is_encouraged)}, {CASE(harm_is_refused)}, {CASE(called_off_nothing_is_left)})
