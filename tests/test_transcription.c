/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/nn/nn_run.h"
#include "core/nn/nn_weights.h"
#include "core/transcription/transcription.h"
#include "core/transcription/transcription_decoder.h"
#include "core/transcription/transcription_peaks.h"
#include "core/transcription/transcription_together.h"
#include "tests/check.h"

#include <stdatomic.h>
#include <time.h>

enum { RATE_HZ = 16000 };

/* Adds a string: decaying partials, silent soon after key up. An instrument that nobody tuned the engine for.
 */
static void pluck(DspAudio *audio, const MotionNote *note) {
  const double hz = 440 * exp2((note->midi - 69) / 12.0), loudness = note->velocity / 127.0 * 0.2;
  const size_t from = (size_t)(note->onset_s * RATE_HZ), to = (size_t)((note->key_up_s + 0.3) * RATE_HZ);
  for (int n = 1; n <= 12 && n * hz < 7500; n++) {
    const double omega = 2 * M_PI * hz * n * sqrt(1 + 4e-4 * n * n) / RATE_HZ, decay = 0.6 + 0.25 * n;
    for (size_t t = from; t < audio->frames && t < to; t++) {
      const double s = (double)(t - from) / RATE_HZ, over = s - (note->key_up_s - note->onset_s);
      const double level = exp(-decay * s - (over > 0 ? 25 * over : 0)) * (1 - exp(-s / 0.002));
      audio->samples[t] +=
          (float)(loudness * pow(n, note->velocity / 127.0 - 1.8) * level * sin(omega * (double)(t - from)));
    }
  }
}

static DspAudio *play(const Motion *motion, double seconds) {
  DspAudio *audio = dsp_audio_new((size_t)(seconds * RATE_HZ), 1, RATE_HZ);
  for (size_t i = 0; i < motion->notes.n; i++) pluck(audio, &motion->notes.items[i]);
  return audio;
}

/* A walking bass under chords: 12 s. */
static Motion *little_piece(void) {
  static const int bass[] = {36, 43, 41, 48, 45, 40, 38, 43}, third[] = {4, 3, 3, 4};
  Motion *motion = motion_new();
  for (int beat = 0; beat < 24; beat++) {
    const double t = 0.4 + beat * 0.47;
    motion_add(motion, t, t + 0.42, bass[beat % 8], 70, 1);
    if (beat % 2) continue;
    const int root = 60 + (beat * 5) % 12;
    motion_add(motion, t + 0.005, t + 0.8, root, 60, 1);
    motion_add(motion, t + 0.011, t + 0.8, root + third[beat / 2 % 4], 75, 1);
    motion_add(motion, t, t + 0.8, root + 7, 90, 1);
  }
  motion_sort(motion);
  return motion;
}

/* F1 of onsets within 50 ms at the same key, each note used once; half of it is worth nothing. */
static double onset_f1(const Motion *truth, const Motion *found, double until_s) {
  size_t hits = 0, n_truth = 0, n_found = 0;
  bool *used = calloc(found->notes.n + 1, sizeof *used);
  for (size_t j = 0; j < found->notes.n; j++) n_found += found->notes.items[j].onset_s < until_s;
  for (size_t i = 0; i < truth->notes.n; i++) {
    const MotionNote *a = &truth->notes.items[i];
    n_truth += a->onset_s < until_s;
    for (size_t j = 0; a->onset_s < until_s && j < found->notes.n; j++) {
      const MotionNote *b = &found->notes.items[j];
      if (used[j] || a->midi != b->midi || fabs(a->onset_s - b->onset_s) > 0.05) continue;
      used[j] = true;
      hits++;
      break;
    }
  }
  free(used);
  return n_truth + n_found ? 2.0 * (double)hits / (double)(n_truth + n_found) : 1;
}

static Transcription *listen(const DspAudio *audio, const TranscriptionParams *params) {
  Transcription *heard = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(transcription_listen(&ctx, &heard, audio, params) == BASE_OK, "%s", ctx.sentence);
  CHECK(motion_validate(NULL, heard->motion) == BASE_OK);
  return heard;
}

static void a_played_piece_is_heard(void) {
  Motion *motion = little_piece();
  DspAudio *audio = play(motion, 13);
  Transcription *heard = listen(audio, NULL);
  const double f1 = onset_f1(motion, heard->motion, 99);
  CHECK_SAYING(f1 > 0.9, "%.3f with %zu notes of %zu", f1, heard->motion->notes.n, motion->notes.n);
  transcription_free(heard);
  dsp_audio_free(audio);
  motion_free(motion);
}

static void a_piano_out_of_tune_is_heard(void) {
  Motion *motion = little_piece();
  DspAudio *audio = play(motion, 13);
  audio->rate_hz = (int32_t)lround(RATE_HZ * exp2(-40 / 1200.0)); /* 40 cents low */
  const double slower = (double)RATE_HZ / audio->rate_hz;
  for (size_t i = 0; i < motion->notes.n; i++) motion->notes.items[i].onset_s *= slower;
  Transcription *heard = listen(audio, NULL);
  CHECK_SAYING(onset_f1(motion, heard->motion, 99) > 0.9, "%.3f", onset_f1(motion, heard->motion, 99));
  transcription_free(heard);
  dsp_audio_free(audio);
  motion_free(motion);
}

/* The cell of the likeliest onset of a note's key within three frames. */
static size_t onset_near(const Evidence *evidence, const MotionNote *note) {
  const size_t middle = (size_t)lround(note->onset_s / evidence->hop_s) * 88 + note->midi - 21u;
  size_t best = middle;
  for (size_t at = middle > 3 * 88 ? middle - 3 * 88 : middle; at <= middle + 3 * 88; at += 88)
    if (evidence->onset[at] > evidence->onset[best]) best = at;
  return best;
}

static void evidence_peaks_where_notes_start(void) {
  Motion *motion = little_piece();
  DspAudio *audio = play(motion, 13);
  Transcription *heard = listen(audio, NULL);
  const Evidence *evidence = heard->evidence;
  CHECK_NEAR((double)evidence->frames * evidence->hop_s, 13, 0.05);
  CHECK(evidence->hop_s >= 0.01 && evidence->hop_s <= 0.02);
  for (size_t i = 0; i < heard->motion->notes.n; i++) {
    const MotionNote *note = &heard->motion->notes.items[i];
    const size_t at = onset_near(evidence, note);
    CHECK_NEAR(evidence_onset_s(evidence, at / 88, (int)(at % 88)), note->onset_s, 0.04);
    CHECK_NEAR(evidence->onset[at] / 255.0, note->confidence, 0.3); /* the piece has its say in the latter */
    CHECK(evidence->strength[at] == note->velocity);
    CHECK(evidence->sounding[at + 4 * 88] > 100);
  }
  transcription_free(heard);
  dsp_audio_free(audio);
  motion_free(motion);
}

static void loud_is_louder_than_soft(void) {
  Motion *motion = motion_new();
  for (int i = 0; i < 8; i++) motion_add(motion, 0.5 + i, 1 + i, 60 + 2 * i, i % 2 ? 110 : 25, 1);
  DspAudio *audio = play(motion, 9);
  Transcription *heard = listen(audio, NULL);
  int soft = 0, loud = 0;
  for (size_t i = 0; i < heard->motion->notes.n; i++) {
    const MotionNote *note = &heard->motion->notes.items[i];
    if ((int)lround(note->onset_s - 0.5) % 2)
      loud += note->velocity;
    else
      soft += note->velocity;
  }
  CHECK_SAYING(loud > soft + 50, "%d, %d", loud, soft);
  transcription_free(heard);
  dsp_audio_free(audio);
  motion_free(motion);
}

static void silence_is_no_music(void) {
  DspAudio *audio = dsp_audio_new(10 * 44100, 2, 44100);
  Transcription *heard = listen(audio, NULL);
  CHECK(heard->motion->notes.n == 0);
  for (size_t i = 0; i < heard->evidence->frames * 88; i++) CHECK(heard->evidence->onset[i] == 0);
  transcription_free(heard);
  BaseRng rng = base_rng(1, 0);
  for (size_t i = 0; i < 2 * audio->frames; i++) audio->samples[i] = (float)(3e-4 * base_rng_normal(&rng));
  heard = listen(audio, NULL); /* tape hiss */
  CHECK_SAYING(heard->motion->notes.n == 0, "%zu", heard->motion->notes.n);
  transcription_free(heard);
  dsp_audio_free(audio);
}

static void any_shape_of_sound_will_do(void) {
  static const int32_t rates[] = {8000, 11025, 22050, 96000, 192000};
  static const size_t lengths[] = {1, 2, 255, 4097, 20000};
  BaseRng rng = base_rng(2, 0);
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++) {
      DspAudio *audio = dsp_audio_new(lengths[j], 1 + 5 * (i % 2), rates[i]);
      for (size_t t = 0; t < lengths[j] * (size_t)audio->channels; t++)
        audio->samples[t] = t % 97 == 3 ? NAN : t % 101 == 7 ? -INFINITY : (float)base_rng_normal(&rng);
      transcription_free(listen(audio, NULL));
      dsp_audio_free(audio);
    }
}

static void a_tone_at_eight_kilohertz_is_heard(void) {
  Motion *motion = motion_new();
  motion_add(motion, 1, 2, 60, 90, 1);
  DspAudio *audio = play(motion, 3), *narrow = NULL;
  CHECK(dsp_audio_convert(NULL, &narrow, audio, 8000, 6) == BASE_OK);
  Transcription *heard = listen(narrow, NULL);
  CHECK_SAYING(onset_f1(motion, heard->motion, 99) > 0.6, "%zu notes", heard->motion->notes.n);
  transcription_free(heard);
  dsp_audio_free(narrow);
  dsp_audio_free(audio);
  motion_free(motion);
}

typedef struct {
  double reached_s;
  size_t calls;
  Motion *notes;
} Parts;

static void take_part(void *user, const MotionNote *notes, size_t n, double from_s, double to_s) {
  Parts *parts = user;
  CHECK(from_s == parts->reached_s && to_s >= from_s);
  for (size_t i = 0; i < n; i++) {
    CHECK(notes[i].onset_s >= from_s && notes[i].onset_s < to_s);
    base_array_push(&parts->notes->notes, notes[i]);
  }
  parts->reached_s = to_s;
  parts->calls++;
}

static bool same_notes(const Motion *a, const Motion *b) {
  if (a->notes.n != b->notes.n) return false;
  for (size_t i = 0; i < a->notes.n; i++) {
    const MotionNote *x = &a->notes.items[i], *y = &b->notes.items[i];
    if (x->onset_s != y->onset_s || x->key_up_s != y->key_up_s || x->midi != y->midi ||
        x->velocity != y->velocity || x->confidence != y->confidence)
      return false;
  }
  return true;
}

static void parts_and_file_and_memory_agree(void) {
  const char *path = check_temporary("piece.flac");
  Motion *motion = little_piece();
  DspAudio *audio = play(motion, 13), *loaded = NULL;
  CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
  CHECK(dsp_audio_load(NULL, &loaded, path, NULL) == BASE_OK);
  Parts parts = {.notes = motion_new()};
  Transcription *in_memory = listen(loaded, NULL), *streamed = NULL;
  const TranscriptionParams params = {.part = take_part, .user = &parts};
  CHECK(transcription_listen_file(NULL, &streamed, path, &params) == BASE_OK);
  const size_t bytes = streamed->evidence->frames * 88;
  CHECK(parts.calls >= 1 && parts.reached_s >= 13);
  CHECK(same_notes(streamed->motion, in_memory->motion));
  CHECK_SAYING(onset_f1(streamed->motion, parts.notes, 99) > 0.95, "%.3f", onset_f1(streamed->motion, parts.notes, 99));
  CHECK(memcmp(streamed->evidence->onset, in_memory->evidence->onset, bytes) == 0);
  CHECK(memcmp(streamed->evidence->sounding, in_memory->evidence->sounding, bytes) == 0);
  transcription_free(in_memory);
  transcription_free(streamed);
  motion_free(parts.notes);
  motion_free(motion);
  dsp_audio_free(audio);
  dsp_audio_free(loaded);
}

typedef struct {
  double first_s, told_s;
} Wanted;

static double near_the_end(void *user) {
  return 45;
}

static void note_part(void *user, const MotionNote *notes, size_t n, double from_s, double to_s) {
  Wanted *wanted = user;
  if (wanted->told_s == 0) wanted->first_s = from_s;
  wanted->told_s += to_s - from_s;
}

/* Whatever the order, in the end the same is heard. At a rate where going somewhere takes resampling. */
static void what_is_wanted_is_heard_first(void) {
  Motion *motion = motion_new();
  Wanted wanted = {0};
  DspAudio *audio = NULL, *plain = NULL;
  for (int i = 0; i < 120; i++) motion_add(motion, 0.3 + 0.41 * i, 0.6 + 0.41 * i, 50 + 7 * i % 30, 80, 1);
  plain = play(motion, 50);
  CHECK(dsp_audio_convert(NULL, &audio, plain, 44100, 1) == BASE_OK);
  const TranscriptionParams params = {.part = note_part, .wanted = near_the_end, .user = &wanted};
  Transcription *straight = listen(audio, NULL), *jumping = listen(audio, &params);
  CHECK_SAYING(wanted.first_s > 20 && wanted.first_s <= 45, "%.2f s", wanted.first_s);
  CHECK_NEAR(wanted.told_s, 50, 0.05);
  CHECK(straight->motion->notes.n == jumping->motion->notes.n && straight->motion->notes.n > 100);
  for (size_t i = 0; i < straight->motion->notes.n && i < jumping->motion->notes.n; i++) {
    CHECK_NEAR(jumping->motion->notes.items[i].onset_s, straight->motion->notes.items[i].onset_s, 1e-3);
    CHECK(jumping->motion->notes.items[i].midi == straight->motion->notes.items[i].midi);
  }
  transcription_free(straight);
  transcription_free(jumping);
  dsp_audio_free(audio);
  dsp_audio_free(plain);
  motion_free(motion);
}

typedef struct {
  atomic_bool cancel;
  struct timespec asked;
} Stop;

static void stop_at_first(void *user, double fraction, const char *what) {
  Stop *stop = user;
  if (!atomic_exchange(&stop->cancel, true)) clock_gettime(CLOCK_MONOTONIC, &stop->asked);
}

static void listening_stops_when_asked(void) {
  Stop stop = {0};
  BaseContext ctx = {.cancel = &stop.cancel, .progress = stop_at_first, .user = &stop};
  DspAudio *audio = dsp_audio_new(600 * RATE_HZ, 1, RATE_HZ);
  Transcription *heard = NULL;
  CHECK(transcription_listen(&ctx, &heard, audio, NULL) == BASE_CANCELLED && heard == NULL &&
        ctx.sentence[0]);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double took_s =
      (double)(now.tv_sec - stop.asked.tv_sec) + 1e-9 * (double)(now.tv_nsec - stop.asked.tv_nsec);
  CHECK_SAYING(took_s < 0.1, "%.3f s", took_s);
  dsp_audio_free(audio);
}

static bool contains(const Motion *motion, const MotionNote *note) {
  for (size_t i = 0; i < motion->notes.n; i++)
    if (motion->notes.items[i].midi == note->midi && fabs(motion->notes.items[i].onset_s - note->onset_s) < 0.04)
      return true;
  return false;
}

/* What a score of other keys expects is not invented, and what is clear stays. */
static void a_score_does_not_make_notes(void) {
  Motion *motion = little_piece(), *expected = motion_new(), *decided = NULL;
  DspAudio *audio = play(motion, 13);
  for (int i = 0; i < 40; i++) motion_add(expected, 0.3 * i, 0.3 * i + 0.1, 100 + i % 8, 64, 1);
  motion_sort(expected);
  Transcription *plain = listen(audio, &(TranscriptionParams){.onset_threshold = 0.05F});
  CHECK(transcription_expect(NULL, &decided, plain, expected) == BASE_OK && motion_validate(NULL, decided) == BASE_OK);
  CHECK_SAYING(onset_f1(motion, decided, 99) > 0.7, "%.3f", onset_f1(motion, decided, 99));
  for (size_t i = 0; i < decided->notes.n; i++) CHECK(contains(plain->motion, &decided->notes.items[i]));
  motion_free(decided);
  motion_free(expected);
  transcription_free(plain);
  dsp_audio_free(audio);
  motion_free(motion);
}

/* A faint onset counts where the score asks for it, and only there; a clear one counts anyway. */
static float logit_of(double p) {
  p = fmin(fmax(p, 1e-4), 1 - 1e-4);
  return (float)log(p / (1 - p));
}

/* What is decided by perfect answers of a network, made of the very targets that it learns. */
static Motion *found_by_perfect_answers(const Motion *motion) {
  enum { FRAMES = 700 };
  TranscriptionPeaks peaks;
  Evidence *evidence = evidence_new(FRAMES, 0.02);
  Motion *found = motion_new();
  float *maps[TRANSCRIPTION_HEADS], *near_onset = malloc(FRAMES * 88 * sizeof(float)), down[FRAMES], pedal[FRAMES];
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) maps[h] = malloc(FRAMES * 88 * sizeof(float));
  transcription_net_targets(maps, near_onset, down, FRAMES, 0, motion);
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++)
    for (int i = 0; i < FRAMES * 88; i++) maps[h][i] = logit_of(maps[h][i]);
  for (int t = 0; t < FRAMES; t++) down[t] = logit_of(down[t]);
  const TranscriptionAnswers answers = {
      .count = FRAMES, .heads = {maps[0], maps[1], maps[2], maps[3]}, .pedal = down};
  transcription_peaks_init(&peaks, evidence, pedal, NULL, 0, FRAMES);
  transcription_peaks_add(&peaks, &answers);
  transcription_peaks_end(&peaks);
  CHECK(transcription_decode(found, evidence, &(TranscriptionDecoderParams){.to = FRAMES}));
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) free(maps[h]);
  free(near_onset);
  evidence_free(evidence);
  return found;
}

/* By how much later than it was made the second of two strokes of one key is found. */
static double second_is_late_s(double first_s, double second_s, int velocity) {
  Motion *motion = motion_new();
  motion_add(motion, first_s, first_s + 0.1, 60, velocity, 1);
  motion_add(motion, second_s, second_s + 0.1, 60, velocity, 1);
  Motion *found = found_by_perfect_answers(motion);
  CHECK(found->notes.n == 2);
  const double late_s = found->notes.n == 2 ? found->notes.items[1].onset_s - second_s : NAN;
  motion_free(found);
  motion_free(motion);
  return late_s;
}

/* What is heard of a soft stroke lies well behind its key, unless the key had hardly come to rest. */
static void soft_hammers_take_their_time(void) {
  const double rested_s = second_is_late_s(0.5, 2.2, 45), restless_s = second_is_late_s(0.5, 0.8, 45);
  CHECK(rested_s < -0.02 && restless_s > rested_s + 0.03);
  CHECK(fabs(second_is_late_s(0.5, 2.2, 100)) < 0.005 && fabs(second_is_late_s(0.5, 0.8, 100)) < 0.005);
}

/* ---- a recording's own ---- */

static BasePack *pack_of(const TranscriptionOwn *lag, size_t frames) {
  BaseContext ctx = {0};
  BasePackWriter *writer = base_pack_writer_new();
  BasePack *pack = NULL;
  void *bytes = NULL;
  size_t n = 0;
  CHECK(transcription_own_save(&ctx, writer, lag, frames) == BASE_OK);
  CHECK(base_pack_bytes(&ctx, &bytes, &n, writer) == BASE_OK);
  CHECK(base_pack_load_memory(&ctx, &pack, bytes, n, "lag") == BASE_OK);
  base_pack_writer_free(writer);
  free(bytes);
  return pack;
}

static bool is_nothing(const TranscriptionOwn *lag) {
  bool none = lag->rested_s == 0 && lag->restless_s == 0 && lag->together == 0;
  for (int key = 0; key < MOTION_KEYS; key++) none = none && lag->key_s[key] == 0;
  for (int i = 0; i < TRANSCRIPTION_CLUES; i++) none = none && lag->weights[i] == 0;
  return none;
}

static void a_lag_is_that_of_one_recording(void) {
  const TranscriptionOwn lag = {.key_s[39] = 0.02F, .rested_s = 0.03F, .restless_s = -0.01F, .together = 0.8F, .weights[2] = -0.4F};
  TranscriptionOwn back;
  BasePack *pack = pack_of(&lag, 5000);
  transcription_own_load(&back, pack, 5001);
  CHECK(memcmp(&back, &lag, sizeof lag) == 0);
  transcription_own_load(&back, pack, 5100);
  CHECK(is_nothing(&back));
  transcription_own_load(&back, NULL, 5000);
  CHECK(is_nothing(&back));
  base_pack_free(pack);
}

static void a_lag_beyond_reason_is_none(void) {
  const TranscriptionOwn mad[] = {{.key_s[3] = 0.5F}, {.together = NAN}, {.together = -1}, {.rested_s = INFINITY}, {.weights[5] = 90}};
  for (int i = 0; i < 5; i++) {
    TranscriptionOwn back = {.together = 0.25F};
    BasePack *pack = pack_of(&mad[i], 5000);
    transcription_own_load(&back, pack, 5000);
    CHECK(is_nothing(&back));
    base_pack_free(pack);
  }
}

/* The program's network, with its first value as it is said, for all recordings and for one of 5000 frames. */
static BasePack *two_networks(BaseContext *ctx, NnNet *net, float for_all, float for_one) {
  static const TranscriptionOwn nothing;
  BasePackWriter *writer = base_pack_writer_new();
  BasePack *pack = NULL;
  void *bytes = NULL;
  size_t n = 0;
  float *values = nn_net_values(net), *own = malloc(nn_net_size(net) * sizeof *own);
  memcpy(own, values, nn_net_size(net) * sizeof *own);
  values[0] = for_all, own[0] = for_one;
  CHECK(nn_weights_save(ctx, writer, net, BASE_F32) == BASE_OK);
  CHECK(transcription_own_save(ctx, writer, &nothing, 5000) == BASE_OK);
  CHECK(transcription_values_save(ctx, writer, own, nn_net_size(net)) == BASE_OK);
  CHECK(base_pack_bytes(ctx, &bytes, &n, writer) == BASE_OK);
  CHECK(base_pack_load_memory(ctx, &pack, bytes, n, "two") == BASE_OK);
  base_pack_writer_free(writer);
  free(own);
  free(bytes);
  return pack;
}

static void check_first(BaseContext *ctx, NnNet *net, const BasePack *pack, size_t frames, float wanted) {
  CHECK_SAYING(transcription_weights_load(ctx, net, pack, frames) == BASE_OK, "%s", ctx->sentence);
  CHECK_SAYING(nn_net_values_const(net)[0] == wanted, "%g", (double)nn_net_values_const(net)[0]);
}

static void a_recording_keeps_a_network_of_its_own(void) {
  BaseContext ctx = {0};
  TranscriptionTensors tensors;
  NnNet *net = nn_net_new(0);
  CHECK(transcription_net_build(&ctx, &tensors, net, 1, 100, false) == BASE_OK);
  CHECK(transcription_weights_load(&ctx, net, NULL, 5000) == BASE_OK);
  BasePack *pack = two_networks(&ctx, net, 0.5F, 0.25F), *broken = two_networks(&ctx, net, 0.5F, INFINITY);
  check_first(&ctx, net, pack, 5000, 0.25F);
  check_first(&ctx, net, pack, 6000, 0.5F);
  check_first(&ctx, net, pack, 0, 0.5F);
  CHECK(transcription_weights_load(&ctx, net, broken, 5000) == BASE_BAD_FILE && strstr(ctx.sentence, "finite"));
  base_pack_free(pack);
  base_pack_free(broken);
  nn_net_free(net);
}

/* A soft note behind a loud one, one that is alone, and one that is hardly longer than the way it would be drawn. */
static void what_is_struck_together_is_drawn_together(void) {
  Motion *motion = motion_new();
  double apart_s[4];
  motion_add(motion, 1.00, 2, 60, 100, 1);
  motion_add(motion, 1.06, 2, 64, 40, 1);
  motion_add(motion, 2.50, 3, 62, 30, 1);
  motion_add(motion, 0.95, 0.99, 67, 30, 1);
  motion_sort(motion);
  transcription_apart(apart_s, motion);
  CHECK(apart_s[3] == 0 && apart_s[0] < -0.02 && fabs(apart_s[1]) < 0.003 && apart_s[2] > 0.045 && apart_s[2] < 0.06);
  CHECK(transcription_draw_together(motion, 0) && motion->notes.items[2].onset_s == 1.06);
  CHECK(transcription_draw_together(motion, 1) && motion_validate(NULL, motion) == BASE_OK);
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (note->midi == 60) CHECK(fabs(note->onset_s - 1) < 0.003);
    if (note->midi == 64) CHECK_NEAR(note->onset_s, 1.06 - apart_s[2], 1e-9);
    if (note->midi == 62) CHECK(note->onset_s == 2.5);
    if (note->midi == 67) CHECK_NEAR(note->onset_s, 0.96, 1e-9);
  }
  motion_free(motion);
}

static void a_score_decides_what_is_unsure(void) {
  enum { FRAMES = 100 };
  Transcription heard = {.motion = motion_new(), .evidence = evidence_new(FRAMES, 0.02)};
  Motion *expected = motion_new(), *decided = NULL;
  const struct {
    int frame, key, onset;
  } peaks[] = {{20, 39, 60}, {20, 45, 60}, {60, 50, 250}, {60, 51, 150}};
  for (int i = 0; i < 4; i++) heard.evidence->onset[peaks[i].frame * 88 + peaks[i].key] = (uint8_t)peaks[i].onset;
  motion_add(expected, 0.42, 0.5, 39 + 21, 64, 1);
  CHECK(transcription_expect(NULL, &decided, &heard, expected) == BASE_OK);
  CHECK(decided->notes.n == 2 && decided->notes.items[0].midi == 60 && decided->notes.items[1].midi == 71);
  motion_free(decided);
  motion_free(expected);
  motion_free(heard.motion);
  heard.motion = motion_new();
  evidence_free(heard.evidence);
  heard.evidence = NULL;
  CHECK(transcription_expect(NULL, &decided, &heard, heard.motion) == BASE_BAD_INPUT);
  motion_free(heard.motion);
}

/* Of loud notes, whose hammers take no time. */
static void perfect_answers_give_the_notes_back(void) {
  Motion *motion = little_piece();
  for (size_t i = 0; i < motion->notes.n; i++) motion->notes.items[i].velocity = (uint8_t)(88 + i % 30);
  Motion *found = found_by_perfect_answers(motion);
  CHECK_SAYING(found->notes.n == motion->notes.n, "%zu of %zu", found->notes.n, motion->notes.n);
  size_t close = 0;
  for (size_t i = 0; i < motion->notes.n; i++)
    for (size_t j = 0; j < found->notes.n; j++) {
      const MotionNote *a = &motion->notes.items[i], *b = &found->notes.items[j];
      close += a->midi == b->midi && fabs(a->onset_s - b->onset_s) < 0.01 && fabs(a->key_up_s - b->key_up_s) < 0.05 &&
               abs(a->velocity - b->velocity) < 4;
    }
  CHECK_SAYING(close == motion->notes.n, "%zu of %zu", close, motion->notes.n);
  motion_free(found);
  motion_free(motion);
}

static void weights_of_another_net_are_refused(void) {
  BaseContext ctx = {0};
  NnNet *net = nn_net_new(1);
  BasePack *pack = NULL;
  Transcription *heard = NULL;
  const char *path = check_temporary("other.weights");
  nn_output(net, "y", nn_linear(net, "head", nn_input(net, "x", (NnShape){1, 1, 1, 3}), (NnConv){.channels = 2}));
  CHECK(nn_net_finish(&ctx, net) == BASE_OK && nn_weights_write(&ctx, net, path, BASE_F32, NULL, 0) == BASE_OK);
  CHECK(base_pack_load(&ctx, &pack, path) == BASE_OK);
  DspAudio *audio = dsp_audio_new(RATE_HZ, 1, RATE_HZ);
  CHECK(transcription_listen(&ctx, &heard, audio, &(TranscriptionParams){.weights = pack}) == BASE_BAD_FILE);
  CHECK_SAYING(strstr(ctx.sentence, "ear") != NULL, "%s", ctx.sentence);
  dsp_audio_free(audio);
  base_pack_free(pack);
  nn_net_free(net);
}

static void bad_files_are_named(void) {
  BaseContext ctx = {0};
  Transcription *heard = NULL;
  CHECK(transcription_listen_file(&ctx, &heard, check_temporary("absent.mp3"), NULL) == BASE_UNREADABLE);
  CHECK(strstr(ctx.sentence, "absent.mp3") != NULL && heard == NULL);
}

/* The floor that a real piano must not fall below; half a minute of a Disklavier. */
static void a_real_piano_is_heard(void) {
  if (!check_shared()) SKIP("the shared recordings are absent");
  char path[1200];
  Motion *truth = NULL;
  DspAudio *audio = NULL;
  snprintf(path, sizeof path, "%s/eval/maps/mz_331_3_ENSTDkCl/notes.csv", check_shared());
  if (motion_read_csv(NULL, &truth, path) != BASE_OK) SKIP("the shared recordings are absent");
  snprintf(path, sizeof path, "%s/eval/maps/mz_331_3_ENSTDkCl/audio.flac", check_shared());
  CHECK(dsp_audio_load(NULL, &audio, path, &(DspLoadParams){.to_s = 30}) == BASE_OK);
  Transcription *heard = listen(audio, NULL);
  CHECK_SAYING(onset_f1(truth, heard->motion, 30) > 0.88, "%.3f", onset_f1(truth, heard->motion, 30));
  transcription_free(heard);
  dsp_audio_free(audio);
  motion_free(truth);
}

CHECK_MAIN({CASE(a_played_piece_is_heard)}, {CASE(a_piano_out_of_tune_is_heard)},
           {CASE(evidence_peaks_where_notes_start)}, {CASE(loud_is_louder_than_soft)},
           {CASE(silence_is_no_music)}, {CASE(any_shape_of_sound_will_do)},
           {CASE(a_tone_at_eight_kilohertz_is_heard)}, {CASE(parts_and_file_and_memory_agree)},
           {CASE(what_is_wanted_is_heard_first)},
           {CASE(listening_stops_when_asked)}, {CASE(a_score_does_not_make_notes)},
           {CASE(a_score_decides_what_is_unsure)}, {CASE(soft_hammers_take_their_time)}, {CASE(perfect_answers_give_the_notes_back)},
           {CASE(a_lag_is_that_of_one_recording)}, {CASE(a_lag_beyond_reason_is_none)}, {CASE(a_recording_keeps_a_network_of_its_own)},
           {CASE(what_is_struck_together_is_drawn_together)}, {CASE(weights_of_another_net_are_refused)},
           {CASE(bad_files_are_named)}, {CASE(a_real_piano_is_heard)})
