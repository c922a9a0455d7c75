/* Drawing with temperature from the nucleus of each field. The guard against going round in circles: the last notes
 * (times and keys) are looked up in the past minute; a key that followed them twice already loses half of its chance for
 * every further time. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_sample.h"

#include "core/base/base_rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN = 6, PAST = 400, ALLOWED = 2, DENSE = 32, PARTS_OF_BEAT = 4, FINES = 8 };

static const double OUT_OF_KEY = 0.25, MOST_NOTES_PER_S = 9;
static const double OFF_BEAT = 0.12, OFF_BEAT_AT_ALL = 0.02, ON_BEAT = 1.25, ON_BAR = 1.6; /* the first in parts of a beat */
static const double CHORD_S = 0.035, BESIDE_S = 0.05;

typedef struct {
  BaseContext *ctx;
  const LanguageSampleParams *params;
  LanguageReader *reader;
  BaseRng rng;
  LanguageText text; /* what was before, and what is new */
  double at_s;       /* since the beginning of what is new, to its last chord */
  float probs[LANGUAGE_MOST_IDS];
} Sampler;

static LanguageSampleParams with_defaults(LanguageSampleParams p) {
  if (!(p.temperature > 0)) p.temperature = 0.95;
  if (!(p.nucleus > 0) || p.nucleus > 1) p.nucleus = 0.95;
  if (!(p.seconds > 0)) p.seconds = 30;
  if (!p.most_notes) p.most_notes = (size_t)ceil(40 * fmin(p.seconds, 3600));
  return p;
}

/* ---- one draw ---- */

typedef struct {
  float prob;
  int id;
} Choice;

static int by_chance(const void *a, const void *b) {
  const Choice *left = a, *right = b;
  if (left->prob != right->prob) return left->prob < right->prob ? 1 : -1;
  return left->id - right->id;
}

/* An id by the chances in s->probs, which need not sum to 1. */
static int draw(Sampler *s, int n, double temperature, double nucleus) {
  Choice choices[LANGUAGE_MOST_IDS];
  double sum = 0, kept = 0;
  for (int i = 0; i < n; i++) {
    choices[i] = (Choice){(float)pow((double)s->probs[i], 1 / temperature), i};
    sum += (double)choices[i].prob;
  }
  qsort(choices, (size_t)n, sizeof *choices, by_chance);
  int count = 0;
  while (count < n && kept < nucleus * sum) kept += (double)choices[count++].prob;
  double at = base_rng_uniform(&s->rng) * kept;
  for (int i = 0; i < count; i++)
    if ((at -= (double)choices[i].prob) < 0) return choices[i].id;
  return choices[0].id;
}

/* ---- what guides it ---- */

static double time_of(const LanguageStep *step) {
  return language_bin_time(step->field[LANGUAGE_TIME], step->field[LANGUAGE_FINE]);
}

static bool same_note(const LanguageStep *a, const LanguageStep *b) {
  return a->field[LANGUAGE_PITCH] == b->field[LANGUAGE_PITCH] &&
         (a->field[LANGUAGE_TIME] == 0) == (b->field[LANGUAGE_TIME] == 0);
}

static bool same_past(const LanguageText *text, size_t at) {
  for (size_t k = 1; k <= PATTERN; k++)
    if (!same_note(&text->items[text->n - k], &text->items[at - k])) return false;
  return true;
}

/* Keys that have followed the last notes too often become less likely. */
static void guard(Sampler *s) {
  int times[MOTION_KEYS] = {0};
  size_t n = s->text.n, first = n > PAST ? n - PAST : 0;
  for (size_t at = first + PATTERN; at < n; at++)
    if (same_past(&s->text, at)) times[s->text.items[at].field[LANGUAGE_PITCH]]++;
  for (int key = 0; key < MOTION_KEYS; key++)
    if (times[key] > ALLOWED) s->probs[key] *= (float)pow(0.5, times[key] - ALLOWED);
}

/* Where the last notes came faster than hands can play for long, time is given to breathe. */
static void breathe(Sampler *s) {
  double span_s = 0;
  if (s->text.n < DENSE) return;
  for (size_t i = s->text.n - DENSE; i < s->text.n; i++) span_s += time_of(&s->text.items[i]);
  double haste = log(DENSE / fmax(span_s, 0.1) / MOST_NOTES_PER_S);
  for (int bin = 0; haste > 0 && bin < language_played_ids[LANGUAGE_TIME]; bin++)
    s->probs[bin] *= (float)exp(fmin(haste, 2) * (bin ? (bin - 12) / 4.0 : -1));
}

/* How well a chord `after_s` from the last one falls into the bars. */
static double fits(const Sampler *s, double after_s) {
  const double parts = (s->at_s + after_s) * s->params->tempo / 60 * PARTS_OF_BEAT, nearest = round(parts);
  const double off = (parts - nearest) / OFF_BEAT;
  const double beat = nearest / PARTS_OF_BEAT;
  const bool on_beat = beat == floor(beat), on_bar = on_beat && s->params->beats && fmod(beat, s->params->beats) == 0;
  return exp(-0.5 * off * off) * (on_bar ? ON_BAR : on_beat ? ON_BEAT : 1) + OFF_BEAT_AT_ALL;
}

/* Of a bin of time the best of its places counts, from which keep_fine then chooses. */
static void keep_time(Sampler *s) {
  for (int bin = 1; bin < language_played_ids[LANGUAGE_TIME]; bin++) {
    double best = 0;
    for (int fine = 0; fine < FINES; fine++) best = fmax(best, fits(s, language_bin_time(bin, fine)));
    s->probs[bin] *= (float)best;
  }
}

static void keep_fine(Sampler *s, int bin) {
  for (int fine = 0; fine < FINES; fine++) s->probs[fine] *= (float)fits(s, language_bin_time(bin, fine));
}

static void stay_in_key(Sampler *s) {
  if (!s->params->key) return;
  int tonic = ((s->params->key - 8) * 7 % 12 + 12) % 12;
  for (int key = 0; key < MOTION_KEYS; key++) {
    int degree = (MOTION_LOWEST_KEY + key - tonic + 120) % 12;
    if (!(0xAB5 >> degree & 1)) s->probs[key] *= (float)OUT_OF_KEY; /* bits 0 2 4 5 7 9 11: the major scale */
  }
}

/* A chord's notes follow each other upwards. */
static void climb(Sampler *s, const LanguageStep *step) {
  if (step->field[LANGUAGE_TIME] > 0 || !s->text.n) return;
  int last = s->text.items[s->text.n - 1].field[LANGUAGE_PITCH];
  float left = 0;
  for (int key = last + 1; key < MOTION_KEYS; key++) left += s->probs[key];
  for (int key = 0; left > 0 && key <= last; key++) s->probs[key] = 0;
}

/* ---- note by note ---- */

static BaseStatus draw_field(Sampler *s, LanguageStep *step, LanguageField field) {
  BaseStatus status = language_ask(s->ctx, s->reader, s->probs, field, step);
  if (status != BASE_OK) return status;
  if (field == LANGUAGE_PITCH) guard(s), stay_in_key(s), climb(s, step);
  if (field == LANGUAGE_TIME) breathe(s);
  if (field == LANGUAGE_TIME && s->params->tempo > 0) keep_time(s);
  if (field == LANGUAGE_FINE && s->params->tempo > 0 && step->field[LANGUAGE_TIME] > 0) keep_fine(s, step->field[LANGUAGE_TIME]);
  bool even = field >= LANGUAGE_VELOCITY; /* how it is played is drawn as it comes */
  step->field[field] = (int16_t)draw(s, language_played_ids[field], even ? 1 : s->params->temperature,
                                     even ? 1 : s->params->nucleus);
  return BASE_OK;
}

static BaseStatus take(Sampler *s, const LanguageStep *step) {
  BaseStatus status = language_read(s->ctx, s->reader, step, 1, NULL, NULL);
  if (status == BASE_OK && !base_array_push(&s->text, *step)) status = base_fail_memory(s->ctx);
  return status;
}

static BaseStatus draw_rest_of_step(Sampler *s, LanguageStep *step, LanguageField from) {
  BaseStatus status = BASE_OK;
  for (int f = from; f < LANGUAGE_FIELDS && status == BASE_OK; f++) status = draw_field(s, step, f);
  return status == BASE_OK ? take(s, step) : status;
}

static BaseStatus draw_step(Sampler *s) {
  LanguageStep step = {0};
  return draw_rest_of_step(s, &step, LANGUAGE_TIME);
}

static BaseStatus draw_all(Sampler *s) {
  BaseStatus status = BASE_OK;
  size_t known = s->text.n;
  while (status == BASE_OK && s->text.n - known < s->params->most_notes) {
    if (base_cancelled(s->ctx)) return base_fail_cancelled(s->ctx);
    status = draw_step(s);
    if (status != BASE_OK) break;
    s->at_s += s->text.n > 1 ? time_of(&s->text.items[s->text.n - 1]) : 0;
    base_progress(s->ctx, s->at_s / s->params->seconds, "Making music up");
    if (s->at_s <= s->params->seconds) continue;
    s->text.n--;
    break;
  }
  return status;
}

/* ---- beside what is played ---- */

/* Reads the chord that is played next, `late_s` after the last one; returns how many notes it has. */
static BaseStatus follow(Sampler *s, size_t *notes, size_t next, double late_s) {
  const Motion *along = s->params->along;
  LanguageText chord = {0};
  const double onset_s = along->notes.items[next].onset_s;
  for (*notes = 1; next + *notes < along->notes.n && along->notes.items[next + *notes].onset_s - onset_s <= CHORD_S;) ++*notes;
  BaseStatus status = language_of_motion(s->ctx, &chord, along, next, *notes, 1);
  if (chord.n) {
    chord.items[0].field[LANGUAGE_TIME] = (int16_t)language_time_bin(late_s);
    chord.items[0].field[LANGUAGE_FINE] = -1;
  }
  for (size_t i = 0; i < chord.n && status == BASE_OK; i++) status = take(s, &chord.items[i]);
  base_array_clear(&chord);
  return status;
}

/* A key is not struck while it is held by what is played. */
static bool is_free(const Motion *along, int midi, double at_s) {
  for (size_t i = 0; i < along->notes.n && along->notes.items[i].onset_s < at_s + BESIDE_S; i++)
    if (along->notes.items[i].midi == midi && along->notes.items[i].key_up_s > at_s - BESIDE_S) return false;
  return true;
}

static bool add_beside(Sampler *s, Motion *made, const LanguageStep *step, double chord_s) {
  const int midi = MOTION_LOWEST_KEY + step->field[LANGUAGE_PITCH];
  if (!is_free(s->params->along, midi, chord_s)) return true;
  return motion_add(made, chord_s, chord_s + language_bin_duration(step->field[LANGUAGE_DURATION]), midi,
                    8 * step->field[LANGUAGE_VELOCITY] + 4, 1);
}

/* Each time that is drawn either comes before the next chord that is played, and is taken, or that chord comes. */
static BaseStatus draw_beside(Sampler *s, Motion *made, double chord_s) {
  const Motion *along = s->params->along;
  const double from_s = chord_s;
  BaseStatus status = BASE_OK;
  for (size_t next = 0, draws = 0, notes; status == BASE_OK && next < along->notes.n && draws < s->params->most_notes;) {
    const double next_s = along->notes.items[next].onset_s;
    LanguageStep step = {0};
    if (base_cancelled(s->ctx)) return base_fail_cancelled(s->ctx);
    if (next_s - from_s > s->params->seconds) break;
    base_progress(s->ctx, (next_s - from_s) / s->params->seconds, "Making music up");
    status = draw_field(s, &step, LANGUAGE_TIME);
    if (status != BASE_OK) break;
    if (chord_s + language_bin_time(step.field[LANGUAGE_TIME], -1) > next_s - BESIDE_S && step.field[LANGUAGE_TIME] > 0) {
      status = follow(s, &notes, next, next_s - chord_s);
      chord_s = next_s;
      next += notes;
      continue;
    }
    status = draw_rest_of_step(s, &step, LANGUAGE_PITCH);
    draws++;
    chord_s += time_of(&step);
    s->at_s = chord_s - from_s;
    if (status == BASE_OK && !add_beside(s, made, &step, chord_s)) status = base_fail_memory(s->ctx);
  }
  return status;
}

static BaseStatus play_beside(Sampler *s, Motion **out, double start_s) {
  Motion *made = motion_new();
  BaseStatus status = made ? draw_beside(s, made, start_s) : base_fail_memory(s->ctx);
  if (status != BASE_OK) {
    motion_free(made);
    return status;
  }
  motion_sort(made);
  *out = made;
  return BASE_OK;
}

/* What was known before is taken out again. */
static BaseStatus play(Sampler *s, Motion **out, size_t known, double start_s) {
  memmove(s->text.items, s->text.items + known, (s->text.n - known) * sizeof *s->text.items);
  s->text.n -= known;
  return language_to_motion(s->ctx, out, &s->text, start_s);
}

/* Where the last chord of a motion is, at which the time of a further step begins. */
static double last_chord_s(const Motion *motion) {
  double chord_s = 0;
  for (size_t i = 0; i < motion->notes.n; i++)
    if (i == 0 || motion->notes.items[i].onset_s - chord_s > 0.035) chord_s = motion->notes.items[i].onset_s;
  return chord_s;
}

BaseStatus language_sample(BaseContext *ctx, Motion **out, const LanguageModel *model, const LanguageSampleParams *params) {
  LanguageSampleParams p = with_defaults(params ? *params : (LanguageSampleParams){0});
  Sampler s = {.ctx = ctx, .params = &p, .rng = base_rng(ctx ? ctx->seed : 0, 0x1a6)};
  BaseStatus status = language_reader_new(ctx, &s.reader, model, p.code);
  if (status == BASE_OK && p.before)
    status = language_of_motion(ctx, &s.text, p.before, 0, p.before->notes.n, 1);
  size_t known = s.text.n;
  if (status == BASE_OK) status = language_read(ctx, s.reader, s.text.items, known, NULL, NULL);
  const double start_s = p.before ? last_chord_s(p.before) : 0;
  if (status == BASE_OK && p.along) status = play_beside(&s, out, start_s);
  if (status == BASE_OK && !p.along) status = draw_all(&s);
  if (status == BASE_OK && !p.along) status = play(&s, out, known, start_s);
  language_reader_free(s.reader);
  base_array_clear(&s.text);
  return status;
}
