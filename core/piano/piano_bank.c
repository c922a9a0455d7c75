/* SoundFont 2.01 is a RIFF file: sound as 16-bit numbers one after another, then tables that say which
 * stretch of it a zone of keys and velocities plays. Here each key has a zone for each strength; keys between
 * the sampled ones differ from them by tuning and attenuation. The curve that the format prescribes for
 * loudness is replaced by a straight one in decibels, which is what the model has. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/piano/piano_bank.h"

#include "core/base/base_file.h"
#include "core/piano/piano_wave.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  RATE_HZ = 22050,
  STEP = 3, /* keys from one sampled to the next */
  SAMPLED = (PIANO_KEYS + STEP - 1) / STEP,
  STRENGTHS = 4,
  SAMPLES = SAMPLED * STRENGTHS,
  ZONES = PIANO_KEYS * STRENGTHS,
  GAP = 46, /* zeros after each sample, which the format asks for */
  ZONE_GENERATORS = 7,
  ZONE_MODULATORS = 2,
};

/* Velocities at which sampled keys are struck, and the highest that each stands for. */
static const int strengths[STRENGTHS] = {28, 56, 84, 112}, up_to[STRENGTHS] = {42, 70, 98, 127};

static const double QUIETEST = 1e-5, LONGEST_S = 9, SHORTEST_S = 0.6, FADE_S = 0.08, RELEASE_TAUS = 23;
static const double FLUIDSYNTH_CB = 0.4; /* what FluidSynth makes of a centibel of fixed attenuation */

/* Generators and sources of the format that are used here. */
enum {
  ATTENUATION = 48,
  RELEASE = 38,
  INSTRUMENT = 41,
  KEY_RANGE = 43,
  VELOCITY_RANGE = 44,
  COARSE_TUNE = 51
};
enum { FINE_TUNE = 52, SAMPLE_ID = 53, ROOT_KEY = 58, BY_VELOCITY = 0x0102, BY_VELOCITY_CONCAVE = 0x0502 };

typedef struct {
  uint32_t from, to; /* of the whole sound */
} Stretch;

typedef struct {
  const PianoModel *model;
  FILE *out;
  float *sound;
  size_t n, room;
  Stretch stretch[SAMPLES];
  float loudest;
} Bank;

/* ---- sound ---- */

static int sampled_key(int i) {
  int key = STEP * i + 1;
  return key < PIANO_KEYS ? key : PIANO_KEYS - 1;
}

static double length_s(const PianoModel *model, int key) {
  PianoPartialSound s = piano_model_partial(model, key, 1, 64, 0);
  double slow = s.tau2_s * log(fmax(s.share / QUIETEST, 1)), fast = s.tau1_s * -log(QUIETEST);
  return fmin(LONGEST_S, fmax(SHORTEST_S, fmax(slow, fast)));
}

/* dB from velocity 0 to 128. */
static double range_db(const PianoModel *model, int key) {
  PianoPartialSound soft = piano_model_partial(model, key, 1, 0, 0),
                    loud = piano_model_partial(model, key, 1, 128, 0);
  return (loud.ln_power - soft.ln_power) * 10 / M_LN10;
}

/* What the straight curve takes away at a velocity. */
static double curve_db(const PianoModel *model, int key, double velocity) {
  return range_db(model, key) * (1 - velocity / 128);
}

static BaseStatus add_sample(BaseContext *ctx, Bank *bank, int i, int strength) {
  int key = sampled_key(i);
  size_t n = (size_t)(length_s(bank->model, key) * RATE_HZ), fade = (size_t)(FADE_S * RATE_HZ);
  if (bank->n + n + GAP > bank->room) {
    size_t room = 2 * bank->room + n + GAP;
    float *grown = realloc(bank->sound, room * sizeof *grown);
    if (!grown) return base_fail_memory(ctx);
    bank->sound = grown;
    bank->room = room;
  }
  float *x = bank->sound + bank->n;
  memset(x, 0, (n + GAP) * sizeof *x);
  PianoNote note = {.end_s = LONGEST_S + 1, .velocity = strengths[strength], .key = key};
  piano_wave_note(x, n, RATE_HZ, bank->model, &note, (uint64_t)i); /* strings beat alike at every strength */
  float gain = (float)pow(10, curve_db(bank->model, key, strengths[strength]) / 20);
  for (size_t t = 0; t < n; t++) {
    size_t left = n - t;
    x[t] *= gain * (left < fade ? (float)left / (float)fade : 1);
    bank->loudest = fmaxf(bank->loudest, fabsf(x[t]));
  }
  bank->stretch[i * STRENGTHS + strength] = (Stretch){(uint32_t)bank->n, (uint32_t)(bank->n + n)};
  bank->n += n + GAP;
  return BASE_OK;
}

static BaseStatus render(BaseContext *ctx, Bank *bank) {
  for (int i = 0; i < SAMPLED; i++) {
    for (int strength = 0; strength < STRENGTHS; strength++) {
      BaseStatus status = add_sample(ctx, bank, i, strength);
      if (status != BASE_OK) return status;
    }
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    base_progress(ctx, (i + 1.0) / SAMPLED, "making the instrument playable");
  }
  return BASE_OK;
}

/* ---- the file ---- */

static void put16(Bank *bank, int value) {
  fputc(value & 255, bank->out);
  fputc(value >> 8 & 255, bank->out);
}

static void put32(Bank *bank, uint32_t value) {
  put16(bank, (int)(value & 0xffff));
  put16(bank, (int)(value >> 16));
}

static void put_name(Bank *bank, const char *name) {
  char padded[20] = {0};
  for (int i = 0; i < 19 && name[i]; i++) padded[i] = name[i];
  fwrite(padded, 1, sizeof padded, bank->out);
}

static void put_chunk(Bank *bank, const char *id, size_t bytes) {
  fwrite(id, 1, 4, bank->out);
  put32(bank, (uint32_t)bytes);
}

static void put_list(Bank *bank, const char *kind, size_t bytes) {
  put_chunk(bank, "LIST", bytes + 4);
  fwrite(kind, 1, 4, bank->out);
}

enum { INFO_BYTES = 8 + 4 + 8 + 8 + 8 + 20, TABLES = 9 };

static void put_info(Bank *bank, const char *name) {
  put_list(bank, "INFO", INFO_BYTES);
  put_chunk(bank, "ifil", 4);
  put16(bank, 2);
  put16(bank, 1);
  put_chunk(bank, "isng", 8);
  fwrite("EMU8000\0", 1, 8, bank->out);
  put_chunk(bank, "INAM", 20);
  put_name(bank, name);
}

static void put_sound(Bank *bank) {
  float scale = bank->loudest > 0 ? 32000 / bank->loudest : 0;
  put_list(bank, "sdta", 8 + 2 * bank->n);
  put_chunk(bank, "smpl", 2 * bank->n);
  for (size_t i = 0; i < bank->n; i++) put16(bank, (int)lrintf(scale * bank->sound[i]) & 0xffff);
}

/* The bytes of the nine tables, in the order of the format. */
static const char *const table_ids[TABLES] = {"phdr", "pbag", "pmod", "pgen", "inst",
                                              "ibag", "imod", "igen", "shdr"};
static const size_t table_bytes[TABLES] = {2 * 38,
                                           2 * 4,
                                           10,
                                           2 * 4,
                                           2 * 22,
                                           (ZONES + 1) * 4,
                                           (ZONES * ZONE_MODULATORS + 1) * 10,
                                           (ZONES * ZONE_GENERATORS + 1) * 4,
                                           (SAMPLES + 1) * 46};

static void put_preset(Bank *bank, const char *name, int first_bag) {
  put_name(bank, name);
  for (int i = 0; i < 2; i++) put16(bank, 0); /* program, bank */
  put16(bank, first_bag);
  for (int i = 0; i < 3; i++) put32(bank, 0);
}

static void put_pair(Bank *bank, int a, int b) {
  put16(bank, a);
  put16(bank, b);
}

/* What tells a key from the sampled one that stands for it. */
typedef struct {
  double cents, louder_db;
} Difference;

static Difference difference(const PianoModel *model, int key, int sampled) {
  PianoPartialSound own = piano_model_partial(model, key, 1, 64, 0),
                    other = piano_model_partial(model, sampled, 1, 64, 0);
  double own_level = own.ln_power + piano_model_equaliser(model, own.frequency_hz);
  double other_level = other.ln_power + piano_model_equaliser(model, other.frequency_hz);
  return (Difference){1200 * log2(own.frequency_hz / other.frequency_hz),
                      (own_level - other_level) * 10 / M_LN10};
}

static const double HEADROOM_DB = 6; /* that a key may be louder than the sampled one */

static void put_zone(Bank *bank, int key, int strength) {
  int i = key / STEP < SAMPLED ? key / STEP : SAMPLED - 1, sampled = sampled_key(i), midi = key + 21;
  Difference d = difference(bank->model, key, sampled);
  double quieter_db = fmin(fmax(HEADROOM_DB - d.louder_db, 0), 60);
  double release_s = RELEASE_TAUS * piano_model_partial(bank->model, key, 1, 64, 0).damper_s;
  int off = (int)lrint(d.cents) - 100 * (key - sampled);
  put_pair(bank, KEY_RANGE, midi | midi << 8);
  put_pair(bank, VELOCITY_RANGE, (strength ? up_to[strength - 1] + 1 : 0) | up_to[strength] << 8);
  put_pair(bank, RELEASE, (int)lrint(1200 * log2(fmin(release_s, 20))));
  put_pair(bank, ATTENUATION, (int)lrint(10 * quieter_db / FLUIDSYNTH_CB));
  put_pair(bank, FINE_TUNE, off < -99 ? -99 : off > 99 ? 99 : off);
  put_pair(bank, ROOT_KEY, sampled + 21);
  put_pair(bank, SAMPLE_ID, i * STRENGTHS + strength);
}

/* The prescribed curve of loudness is set to nothing, a straight one takes its place. */
static void put_curves(Bank *bank, int key) {
  int cb = (int)lrint(10 * range_db(bank->model, key));
  const int curves[ZONE_MODULATORS][2] = {{BY_VELOCITY_CONCAVE, 0}, {BY_VELOCITY, cb}};
  for (int k = 0; k < ZONE_MODULATORS; k++) {
    put_pair(bank, curves[k][0], ATTENUATION);
    put16(bank, curves[k][1]);
    put_pair(bank, 0, 0);
  }
}

static void put_sample(Bank *bank, int i, int strength) {
  const Stretch *s = &bank->stretch[i * STRENGTHS + strength];
  char name[20];
  snprintf(name, sizeof name, "key %d at %d", sampled_key(i) + 21, strengths[strength]);
  put_name(bank, name);
  put32(bank, s->from);
  put32(bank, s->to);
  put32(bank, s->from + 8);
  put32(bank, s->to - 8);
  put32(bank, RATE_HZ);
  fputc(sampled_key(i) + 21, bank->out);
  fputc(0, bank->out);
  put_pair(bank, 0, 1); /* mono */
}

static void put_table(Bank *bank, int table, const char *name) {
  put_chunk(bank, table_ids[table], table_bytes[table]);
  switch (table) {
  case 0:
    put_preset(bank, name, 0);
    put_preset(bank, "EOP", 1);
    return;
  case 1:
    put_pair(bank, 0, 0);
    put_pair(bank, 1, 0);
    return;
  case 2:
    for (int i = 0; i < 5; i++) put16(bank, 0);
    return;
  case 3:
    put_pair(bank, INSTRUMENT, 0);
    put_pair(bank, 0, 0);
    return;
  case 4:
    put_name(bank, name);
    put16(bank, 0);
    put_name(bank, "EOI");
    put16(bank, ZONES);
    return;
  case 5:
    for (int zone = 0; zone <= ZONES; zone++) put_pair(bank, zone * ZONE_GENERATORS, zone * ZONE_MODULATORS);
    return;
  case 6:
    for (int zone = 0; zone < ZONES; zone++) put_curves(bank, zone / STRENGTHS);
    for (int i = 0; i < 5; i++) put16(bank, 0);
    return;
  case 7:
    for (int zone = 0; zone < ZONES; zone++) put_zone(bank, zone / STRENGTHS, zone % STRENGTHS);
    put_pair(bank, 0, 0);
    return;
  default:
    for (int i = 0; i < SAMPLES; i++) put_sample(bank, i / STRENGTHS, i % STRENGTHS);
    put_name(bank, "EOS");
    for (int i = 0; i < 13; i++) put16(bank, 0);
  }
}

static void put_file(Bank *bank, const char *name) {
  size_t tables = 0;
  for (int i = 0; i < TABLES; i++) tables += 8 + table_bytes[i];
  put_chunk(bank, "RIFF", 4 + (12 + INFO_BYTES) + (12 + 8 + 2 * bank->n) + (12 + tables));
  fwrite("sfbk", 1, 4, bank->out);
  put_info(bank, name);
  put_sound(bank);
  put_list(bank, "pdta", tables);
  for (int i = 0; i < TABLES; i++) put_table(bank, i, name);
}

BaseStatus piano_bank_write(BaseContext *ctx, const PianoModel *model, const char *name, const char *path) {
  Bank *bank = calloc(1, sizeof *bank);
  BaseFileWriter writer;
  if (!bank) return base_fail_memory(ctx);
  bank->model = model;
  BaseStatus status = render(ctx, bank);
  if (status == BASE_OK) status = base_file_begin(ctx, &writer, path);
  if (status == BASE_OK) {
    bank->out = writer.stream;
    put_file(bank, name);
    status = base_file_commit(ctx, &writer);
  }
  free(bank->sound);
  free(bank);
  return status;
}
