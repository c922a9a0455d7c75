/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/dsp/dsp_audio.h"
#include "core/dsp/dsp_fft.h"
#include "core/dsp/dsp_logbank.h"
#include "core/dsp/dsp_resample.h"
#include "core/dsp/dsp_spectrogram.h"
#include "core/dsp/dsp_stft.h"
#include "core/dsp/dsp_stream.h"
#include "tests/check.h"

#include <stdatomic.h>
#include <unistd.h>

static DspAudio *sine(double hz, double seconds, int32_t rate_hz, int32_t channels, double amplitude) {
  DspAudio *audio = dsp_audio_new((size_t)(seconds * rate_hz), channels, rate_hz);
  for (size_t t = 0; t < audio->frames; t++)
    for (int32_t c = 0; c < channels; c++)
      audio->samples[t * (size_t)channels + (size_t)c] =
          (float)(amplitude * sin(2 * M_PI * hz * (double)t / rate_hz));
  return audio;
}

static DspAudio *noise(size_t frames, int32_t rate_hz, int32_t channels) {
  DspAudio *audio = dsp_audio_new(frames, channels, rate_hz);
  BaseRng rng = base_rng(1, 0);
  for (size_t i = 0; i < frames * (size_t)channels; i++)
    audio->samples[i] = (float)base_rng_range(&rng, -0.9, 0.9);
  return audio;
}

static void transform_keeps_energy(void) {
  enum { N = 1024 };
  DspFft *fft = dsp_fft_new(N);
  BaseRng rng = base_rng(2, 0);
  double in_time = 0, in_frequency = 0;
  for (size_t t = 0; t < N; t++) {
    dsp_fft_input(fft)[t] = (float)base_rng_normal(&rng);
    in_time += dsp_fft_input(fft)[t] * dsp_fft_input(fft)[t];
  }
  const float *pairs = dsp_fft_run(fft);
  for (size_t f = 0; f <= N / 2; f++) {
    const double power = pairs[2 * f] * pairs[2 * f] + pairs[2 * f + 1] * pairs[2 * f + 1];
    in_frequency += (f == 0 || f == N / 2 ? power : 2 * power) / N;
  }
  CHECK_NEAR(in_time, in_frequency, 1e-3 * in_time);
  dsp_fft_free(fft);
}

static void transform_is_the_definition(void) {
  enum { N = 16 };
  DspFft *fft = dsp_fft_new(N);
  float samples[N], pairs[N + 2];
  for (int t = 0; t < N; t++) samples[t] = (float)((t * 7) % 5) - 2;
  dsp_fft_forward(fft, pairs, samples);
  for (int f = 0; f <= N / 2; f++) {
    double re = 0, im = 0;
    for (int t = 0; t < N; t++) {
      re += samples[t] * cos(2 * M_PI * f * t / N);
      im -= samples[t] * sin(2 * M_PI * f * t / N);
    }
    CHECK_NEAR(pairs[2 * f], re, 1e-5);
    CHECK_NEAR(pairs[2 * f + 1], im, 1e-5);
  }
  dsp_fft_free(fft);
}

static void spectrum_shows_the_amplitude(void) {
  enum { N = 2048, BIN = 100 };
  DspStft *stft = dsp_stft_new(N);
  DspAudio *audio = sine((double)BIN * 16000 / N, 1, 16000, 1, 0.5);
  float magnitudes[N / 2 + 1];
  dsp_stft_run(stft, magnitudes, audio->samples);
  CHECK_NEAR(magnitudes[BIN], 0.5, 1e-3);
  CHECK(magnitudes[BIN + 3] < 1e-3);
  dsp_audio_free(audio);
  dsp_stft_free(stft);
}

static size_t highest(const float *values, size_t n) {
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    if (values[i] > values[best]) best = i;
  return best;
}

static void bank_finds_each_key(void) {
  DspLogbank *bank = NULL;
  CHECK(dsp_logbank_new(NULL, &bank, NULL) == BASE_OK);
  const size_t window = dsp_logbank_window(bank), bins = dsp_logbank_bins(bank);
  CHECK(bins == DSP_KEY_BINS);
  DspFft *fft = dsp_fft_new(window);
  float magnitudes[DSP_KEY_BINS], expected[DSP_KEY_BINS];
  for (int key = 0; key < 88; key++) {
    const double hz = 27.5 * exp2(key / 12.0);
    DspAudio *audio = sine(hz, 1.2 * (double)window / 16000, 16000, 1, 1);
    dsp_logbank_run(bank, fft, magnitudes, audio->samples);
    dsp_logbank_response(bank, expected, hz);
    CHECK_SAYING(highest(magnitudes, bins) == (size_t)(3 * key + 1), "key %d: bin %zu", key,
                 highest(magnitudes, bins));
    CHECK_NEAR(magnitudes[3 * key + 1], 1, 0.02);
    for (size_t b = 0; b < bins; b++)
      CHECK_SAYING(fabsf(magnitudes[b] - expected[b]) < 0.02F, "key %d bin %zu: %g, %g", key, b,
                   magnitudes[b], expected[b]);
    dsp_audio_free(audio);
  }
  dsp_fft_free(fft);
  dsp_logbank_free(bank);
}

static void bank_refuses_what_the_rate_cannot_hold(void) {
  BaseContext ctx = {0};
  DspLogbank *bank = NULL;
  CHECK(dsp_logbank_new(&ctx, &bank, &(DspLogbankParams){.rate_hz = 8000}) == BASE_BAD_INPUT);
  CHECK(bank == NULL && ctx.sentence[0]);
}

static void tuning_is_heard(void) {
  for (double truth = -45; truth <= 45; truth += 15) {
    DspAudio *audio = dsp_audio_new(16000 * 5, 1, 16000);
    for (size_t t = 0; t < audio->frames; t++)
      for (int key = 30; key < 60; key += 7)
        audio->samples[t] +=
            (float)(0.1 * sin(2 * M_PI * 27.5 * exp2((key + truth / 100) / 12) * (double)t / 16000));
    DspStream *stream = NULL;
    double cents = 99, strength = 0;
    CHECK(dsp_stream_over(NULL, &stream, audio, 16000) == BASE_OK);
    CHECK(dsp_tuning(NULL, &cents, &strength, stream, 16000, 10) == BASE_OK);
    CHECK_NEAR(cents, truth, 2);
    CHECK(strength > 0.9);
    dsp_stream_free(stream);
    dsp_audio_free(audio);
  }
}

static void resampling_keeps_a_tone(void) {
  DspAudio *audio = sine(440, 1, 44100, 2, 0.5), *out = NULL;
  CHECK(dsp_audio_convert(NULL, &out, audio, 16000, 1) == BASE_OK);
  CHECK(out->rate_hz == 16000 && out->channels == 1);
  CHECK_SAYING(labs((long)out->frames - 16000) <= 1, "%zu frames", out->frames);
  double worst = 0;
  for (size_t t = 400; t < 15600; t++)
    worst = fmax(worst, fabs(out->samples[t] - 0.5 * sin(2 * M_PI * 440 * (double)t / 16000)));
  CHECK_SAYING(worst < 1e-3, "%g", worst);
  dsp_audio_free(audio);
  dsp_audio_free(out);
}

static void conversion_without_change_is_a_copy(void) {
  DspAudio *audio = noise(50000, 44100, 2), *out = NULL;
  CHECK(dsp_audio_convert(NULL, &out, audio, 0, 0) == BASE_OK);
  CHECK(out->frames == audio->frames && memcmp(out->samples, audio->samples, 50000 * 2 * sizeof(float)) == 0);
  dsp_audio_free(out);
  CHECK(dsp_audio_convert(NULL, &out, audio, 0, 1) == BASE_OK);
  CHECK_NEAR(out->samples[777], (audio->samples[1554] + audio->samples[1555]) / 2, 1e-6);
  dsp_audio_free(out);
  dsp_audio_free(audio);
}

static void what_is_written_is_read(void) {
  static const char *const endings[] = {"a.wav", "a.flac"};
  for (int i = 0; i < 2; i++) {
    const char *path = check_temporary(endings[i]);
    DspAudio *audio = noise(30000, 44100, 2), *back = NULL;
    audio->samples[5] = 7; /* clipped, not wrapped */
    CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
    CHECK(dsp_audio_load(NULL, &back, path, NULL) == BASE_OK);
    CHECK(back->frames == 30000 && back->channels == 2 && back->rate_hz == 44100);
    CHECK(back->samples[5] > 0.999F);
    audio->samples[5] = back->samples[5];
    for (size_t t = 0; t < 60000; t++)
      CHECK_SAYING(fabsf(audio->samples[t] - back->samples[t]) < 1 / 30000.0F, "sample %zu", t);
    dsp_audio_free(audio);
    dsp_audio_free(back);
  }
}

static void writing_fails_without_a_trace(void) {
  BaseContext ctx = {0};
  DspAudio *audio = noise(100, 44100, 1);
  CHECK(dsp_audio_write(&ctx, audio, check_temporary("a.xyz")) == BASE_BAD_INPUT && ctx.sentence[0]);
  CHECK(access(check_temporary("a.xyz"), F_OK) != 0);
  CHECK(dsp_audio_write(&ctx, audio, "/nowhere/at/all/a.wav") == BASE_UNREADABLE);
  atomic_bool cancel = true;
  ctx.cancel = &cancel;
  CHECK(dsp_audio_write(&ctx, audio, check_temporary("c.wav")) == BASE_CANCELLED);
  CHECK(access(check_temporary("c.wav"), F_OK) != 0);
  dsp_audio_free(audio);
}

static void reader_goes_anywhere(void) {
  static const char *const endings[] = {"s.wav", "s.flac"};
  for (int i = 0; i < 2; i++) {
    const char *path = check_temporary(endings[i]);
    DspAudio *audio = noise(40000, 22050, 1);
    DspReader *reader = NULL;
    float some[1000];
    CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
    CHECK(dsp_reader_open(NULL, &reader, path) == BASE_OK);
    const DspAudioInfo *info = dsp_reader_info(reader);
    CHECK(info->frames == 40000 && info->rate_hz == 22050 && info->channels == 1);
    CHECK_TEXT(info->format, i ? "FLAC, 16 bit" : "WAV, 16 bit");
    for (int64_t at = 39000; at >= 0; at -= 7777) {
      CHECK(dsp_reader_seek(NULL, reader, at) == BASE_OK);
      CHECK(dsp_reader_read(reader, some, 1000) == 1000);
      CHECK_NEAR(some[999], audio->samples[at + 999], 1e-4);
    }
    CHECK(dsp_reader_seek(NULL, reader, 39990) == BASE_OK && dsp_reader_read(reader, some, 1000) == 10);
    CHECK(dsp_reader_seek(NULL, reader, -1) == BASE_BAD_INPUT);
    CHECK(dsp_reader_seek(NULL, reader, 40001) == BASE_BAD_INPUT);
    dsp_reader_free(reader);
    dsp_audio_free(audio);
  }
}

static void a_part_is_loaded(void) {
  const char *path = check_temporary("part.wav");
  DspAudio *audio = noise(16000, 16000, 1), *part = NULL;
  CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
  CHECK(dsp_audio_load(NULL, &part, path, &(DspLoadParams){.from_s = 0.25, .to_s = 0.5}) == BASE_OK);
  CHECK(part && part->frames == 4000);
  CHECK_NEAR(part->samples[0], audio->samples[4000], 1e-4);
  dsp_audio_free(part);
  CHECK(dsp_audio_load(NULL, &part, path, &(DspLoadParams){.from_s = 5}) == BASE_BAD_INPUT);
  dsp_audio_free(audio);
}

static void put32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

/* A WAV file of 32 bit floats whose header claims `claimed` bytes of samples. */
static const char *float_wav(const char *name, const float *samples, size_t n, uint32_t channels,
                             uint32_t rate_hz, uint32_t claimed) {
  uint8_t head[44] = "RIFF....WAVEfmt ....";
  put32(head + 4, 36 + claimed);
  put32(head + 16, 16);
  put32(head + 20, 3 | channels << 16);
  put32(head + 24, rate_hz);
  put32(head + 28, rate_hz * channels * 4);
  put32(head + 32, channels * 4 | 32 << 16);
  memcpy(head + 36, "data", 4);
  put32(head + 40, claimed);
  const char *path = check_temporary(name);
  FILE *file = fopen(path, "wb");
  fwrite(head, 1, sizeof head, file);
  fwrite(samples, sizeof *samples, n, file);
  fclose(file);
  return path;
}

static void odd_files_are_read(void) {
  float samples[600];
  for (int i = 0; i < 600; i++) samples[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : 0.25F;
  DspAudio *audio = NULL;
  CHECK(dsp_audio_load(NULL, &audio, float_wav("nan.wav", samples, 600, 6, 96000, 2400), NULL) == BASE_OK);
  CHECK(audio && audio->frames == 100 && audio->channels == 6 && audio->rate_hz == 96000);
  for (size_t i = 0; audio && i < 600; i++) CHECK(audio->samples[i] == (i % 3 == 2 ? 0.25F : 0));
  dsp_audio_free(audio);
  audio = NULL;
  CHECK(dsp_audio_load(NULL, &audio, float_wav("one.wav", samples + 2, 1, 1, 8000, 4),
                       &(DspLoadParams){.rate_hz = 16000}) == BASE_OK);
  CHECK(audio && audio->frames >= 1 && audio->frames <= 4);
  dsp_audio_free(audio);
  audio = NULL;
  CHECK(dsp_audio_load(NULL, &audio, float_wav("short.wav", samples, 600, 1, 44100, 2000000000), NULL) ==
        BASE_OK); /* what is there, not what is claimed */
  CHECK(audio && audio->frames == 600);
  dsp_audio_free(audio);
}

static void hostile_files_are_refused(void) {
  BaseContext ctx = {0};
  DspAudio *audio = NULL;
  float silence[8] = {0};
  CHECK(dsp_audio_load(&ctx, &audio, check_temporary("absent.wav"), NULL) == BASE_UNREADABLE);
  CHECK(strstr(ctx.sentence, "absent.wav") != NULL);
  CHECK(dsp_audio_load(&ctx, &audio, "/tmp", NULL) == BASE_UNREADABLE);
  CHECK(dsp_audio_load(&ctx, &audio, "/dev/null", NULL) == BASE_UNREADABLE);
  CHECK(dsp_audio_load(&ctx, &audio, float_wav("none.wav", silence, 0, 1, 44100, 0), NULL) == BASE_BAD_INPUT);
  CHECK(dsp_audio_load(&ctx, &audio, float_wav("slow.wav", silence, 8, 1, 3, 32), NULL) == BASE_BAD_FILE);
  const char *path = check_temporary("text.wav");
  FILE *file = fopen(path, "w");
  fclose(file);
  CHECK(dsp_audio_load(&ctx, &audio, path, NULL) == BASE_BAD_FILE && strstr(ctx.sentence, "text.wav"));
  file = fopen(path, "w");
  fputs("this is not a recording but a sentence about one, long enough to be mistaken for something", file);
  fclose(file);
  CHECK(dsp_audio_load(&ctx, &audio, path, NULL) == BASE_BAD_FILE && strstr(ctx.sentence, "text.wav"));
  CHECK(audio == NULL);
}

/* Every prefix and many damaged copies of real files: any answer but a crash or unbounded memory. */
static void damaged_files_do_no_harm(void) {
  static const char *const endings[] = {"d.wav", "d.flac"};
  for (int i = 0; i < 2; i++) {
    const char *path = check_temporary(endings[i]), *damaged = check_temporary("damaged");
    DspAudio *audio = noise(3000, 44100, 2);
    CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
    dsp_audio_free(audio);
    static uint8_t bytes[40000], copy[40000];
    FILE *file = fopen(path, "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    BaseRng rng = base_rng(3, (uint64_t)i);
    for (int trial = 0; trial < 300; trial++) {
      memcpy(copy, bytes, n);
      const size_t kept = trial % 2 ? n : base_rng_below(&rng, (uint32_t)n);
      for (int k = 0; k < trial % 8; k++)
        copy[base_rng_below(&rng, trial % 3 ? 64 : (uint32_t)n)] = (uint8_t)base_rng_bits(&rng);
      file = fopen(damaged, "wb");
      fwrite(copy, 1, kept, file);
      fclose(file);
      DspAudio *loaded = NULL;
      const BaseStatus status = dsp_audio_load(NULL, &loaded, damaged, NULL);
      CHECK((status == BASE_OK) == (loaded != NULL));
      CHECK(!loaded || loaded->frames < 100000);
      dsp_audio_free(loaded);
    }
  }
}

static void stream_is_the_conversion_in_pieces(void) {
  DspAudio *audio = noise(60000, 44100, 2), *whole = NULL;
  DspStream *stream = NULL;
  CHECK(dsp_audio_convert(NULL, &whole, audio, 16000, 1) == BASE_OK);
  CHECK(dsp_stream_over(NULL, &stream, audio, 16000) == BASE_OK);
  static float pieces[30000];
  size_t n = 0;
  for (size_t some, wanted = 1; (some = dsp_stream_read(stream, pieces + n, wanted));
       wanted = (wanted * 7) % 1999 + 1)
    n += some;
  CHECK_SAYING(n == whole->frames, "%zu of %zu", n, whole->frames);
  for (size_t t = 0; t < n; t++) CHECK(pieces[t] == whole->samples[t]);
  CHECK(dsp_stream_done(stream) == 1);
  dsp_stream_free(stream);
  dsp_audio_free(whole);
  dsp_audio_free(audio);
}

/* What comes after going somewhere is what comes there when all is read, at the same rate and at others. */
static void a_stream_goes_anywhere(void) {
  enum { N = 800 };
  static const int32_t rates[] = {16000, 44100, 48000, 22050};
  float *all = malloc(48000 * sizeof *all), part[N];
  for (int r = 0; r < 4; r++) {
    DspAudio *audio = dsp_audio_new((size_t)rates[r] * 3, 1, rates[r]);
    DspStream *stream = NULL;
    for (size_t t = 0; t < audio->frames; t++)
      audio->samples[t] = (float)sin(2 * M_PI * 440 * (double)t / rates[r]) * (float)(t % 5000) / 5000;
    CHECK(dsp_stream_over(NULL, &stream, audio, 16000) == BASE_OK);
    const size_t n = dsp_stream_read(stream, all, 48000);
    for (int64_t at = 320; at < 40000; at += 320 * 31) {
      CHECK(dsp_stream_seek(NULL, stream, at) == BASE_OK && dsp_stream_read(stream, part, N) == N);
      for (int i = 0; i < N && (size_t)at + N < n; i++) CHECK_NEAR(part[i], all[at + i], 2e-3);
    }
    CHECK(dsp_stream_seek(NULL, stream, 10000000) == BASE_BAD_INPUT);
    dsp_stream_free(stream);
    dsp_audio_free(audio);
  }
  free(all);
}

static void windows_are_centred(void) {
  enum { SIZE = 64, HOP = 24, N = 1000 };
  DspAudio *audio = dsp_audio_new(N, 1, 16000);
  for (size_t t = 0; t < N; t++) audio->samples[t] = (float)t + 1;
  DspStream *stream = NULL;
  CHECK(dsp_stream_over(NULL, &stream, audio, 16000) == BASE_OK);
  DspFrames *frames = dsp_frames_new(stream, SIZE, HOP);
  size_t n = 0;
  for (const float *window; (window = dsp_frames_next(frames)); n++)
    for (size_t i = 0; i < SIZE; i++) {
      const ptrdiff_t t = (ptrdiff_t)(n * HOP + i) - SIZE / 2;
      CHECK(window[i] == (t >= 0 && t < N ? (float)t + 1 : 0));
    }
  CHECK_SAYING(n == (N + HOP - 1) / HOP, "%zu", n);
  CHECK(dsp_frames_next(frames) == NULL);
  dsp_frames_free(frames);
  dsp_stream_free(stream);
  dsp_audio_free(audio);
}

typedef struct {
  size_t frames;
} Parts;

static void count_part(void *user, const uint8_t *levels, size_t first, size_t n) {
  Parts *parts = user;
  CHECK(first == parts->frames && n > 0 && levels != NULL);
  parts->frames += n;
}

static void spectrogram_shows_the_key(void) {
  const char *path = check_temporary("a4.wav");
  DspAudio *audio = sine(440, 4, 44100, 2, 0.5);
  CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
  uint8_t *levels = NULL;
  size_t frames = 0;
  Parts parts = {0};
  CHECK(dsp_spectrogram_levels(NULL, &levels, &frames, path, NULL, count_part, &parts) == BASE_OK);
  CHECK_SAYING(frames == 174, "%zu", frames);
  CHECK(parts.frames == frames);
  const uint8_t *row = levels + 87 * DSP_KEY_BINS;
  for (size_t b = 0; b < DSP_KEY_BINS; b++) CHECK(b == 3 * 48 + 1 || row[b] < row[3 * 48 + 1]);
  CHECK_NEAR(row[3 * 48 + 1], 255 * (1 - 6.02 / 80), 1.5);
  CHECK(row[10] == 0);
  free(levels);
  atomic_bool cancel = true;
  BaseContext ctx = {.cancel = &cancel};
  CHECK(dsp_spectrogram_levels(&ctx, &levels, &frames, path, NULL, NULL, NULL) == BASE_CANCELLED);
  dsp_audio_free(audio);
}

CHECK_MAIN({CASE(transform_keeps_energy)}, {CASE(transform_is_the_definition)},
           {CASE(spectrum_shows_the_amplitude)}, {CASE(bank_finds_each_key)},
           {CASE(bank_refuses_what_the_rate_cannot_hold)}, {CASE(tuning_is_heard)},
           {CASE(resampling_keeps_a_tone)}, {CASE(conversion_without_change_is_a_copy)},
           {CASE(what_is_written_is_read)}, {CASE(writing_fails_without_a_trace)},
           {CASE(reader_goes_anywhere)}, {CASE(a_part_is_loaded)}, {CASE(odd_files_are_read)},
           {CASE(hostile_files_are_refused)}, {CASE(damaged_files_do_no_harm)},
           {CASE(stream_is_the_conversion_in_pieces)}, {CASE(a_stream_goes_anywhere)}, {CASE(windows_are_centred)},
           {CASE(spectrogram_shows_the_key)})
