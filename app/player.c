/* The main thread's side of hearing: it keeps what is wanted (a PlayerPlan), hands it to the feeder and tells
 * the callback which generation counts. Device and synth are opened by a thread of their own, since both may
 * take a second; until then playing waits. The position is read off the callback's clock and carried on by
 * the rate. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/player.h"

#include "app/app-error.h"
#include "app/player_device.h"
#include "app/player_feeder.h"
#include "app/player_mix.h"

#include <math.h>

struct _TriPlayer {
  GObject parent;
  PlayerRing *ring;
  PlayerGrain *grain;
  PlayerMix *mix;
  PlayerFeeder *feeder;
  gboolean offline;
  int rate_hz;
  GThread *opener;
  PlayerDevice *device;    /* the opener's until `ready` */
  PianoKeyboard *keyboard; /* the same; null where there is no MIDI */
  GMutex synth_lock;       /* of giving the mix a synth */
  gboolean synth_chosen;   /* under the lock: the default comes too late */
  guint tidy_source;
  atomic_bool ready;
  guint opening_source, watch_source;
  PlayerPlan plan;
  double rest_s;  /* the position while nothing plays */
  double begun_s; /* where play began */
  double recording_s, motion_s;
  double mix_balance, click_gain;
  gboolean split_ears, click;
  double loop_start_s, loop_end_s; /* asked for; not in force while `ranged` */
  gboolean ranged;                 /* one stretch is played, then it stops */
  int count_in;                    /* asked for; plan.count_in is that of the present start */
  Motion *motion;
  double *beats;
  bool *accents;
  guint n_beats;
  char *output;
};

G_DEFINE_FINAL_TYPE(TriPlayer, tri_player, G_TYPE_OBJECT)

enum {
  PROP_PLAYING = 1,
  PROP_SPEED,
  PROP_MIX,
  PROP_SPLIT_EARS,
  PROP_LOOP_START,
  PROP_LOOP_END,
  PROP_CLICK,
  PROP_CLICK_GAIN,
  PROP_COUNT_IN,
  PROP_DURATION,
  PROP_OUTPUT,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static const guint watch_ms = 30, tidy_ms = 500;
static const double quarter_s = 0.6;

static void notify(TriPlayer *self, int property) {
  g_object_notify_by_pspec(G_OBJECT(self), properties[property]);
}

/* ---- opening ---- */

static void load_synth(TriPlayer *self) {
  BaseContext ctx = {0};
  PianoSynth *synth = NULL;
  PianoSynthParams params = {.rate_hz = self->rate_hz};
  if (piano_synth_new(&ctx, &synth, &params) != BASE_OK) {
    g_warning("%s", ctx.sentence);
    return;
  }
  g_mutex_lock(&self->synth_lock);
  if (self->synth_chosen)
    piano_synth_free(synth);
  else
    player_mix_take_synth(self->mix, synth);
  g_mutex_unlock(&self->synth_lock);
}

static gboolean tidy(gpointer data) {
  TriPlayer *self = data;
  self->tidy_source = 0;
  player_mix_tidy(self->mix);
  return G_SOURCE_REMOVE;
}

void tri_player_take_synth(TriPlayer *self, PianoSynth *synth) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  g_mutex_lock(&self->synth_lock);
  self->synth_chosen = TRUE;
  player_mix_take_synth(self->mix, synth);
  g_mutex_unlock(&self->synth_lock);
  if (!self->tidy_source) self->tidy_source = g_timeout_add(tidy_ms, tidy, self);
}

int tri_player_get_rate(TriPlayer *self) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), 0);
  return self->rate_hz;
}

static void touched(void *user, PianoTouch touch) {
  player_mix_touch(user, touch);
}

static void render(void *user, float *stereo, size_t frames, int64_t dac_us) {
  player_mix_render(user, stereo, frames, dac_us);
}

static gpointer open_output(gpointer data) {
  TriPlayer *self = data;
  load_synth(self);
  self->device = player_device_open(render, self->mix);
  if (piano_keyboard_open(NULL, &self->keyboard, touched, self->mix) != BASE_OK) self->keyboard = NULL;
  atomic_store(&self->ready, true);
  return NULL;
}

static gboolean look_for_output(gpointer data) {
  TriPlayer *self = data;
  if (!atomic_load(&self->ready)) return G_SOURCE_CONTINUE;
  self->opening_source = 0;
  g_free(self->output);
  self->output = g_strdup(player_device_name(self->device));
  if (*self->output) notify(self, PROP_OUTPUT);
  return G_SOURCE_REMOVE;
}

/* ---- what is wanted ---- */

static double duration_s(TriPlayer *self) {
  return MAX(self->recording_s, self->motion_s);
}

/* Tells the feeder and the callback; `anew` begins at rest_s. */
static void send_plan(TriPlayer *self, gboolean anew) {
  if (anew) {
    self->plan.generation++;
    self->plan.start_s = self->rest_s;
  }
  player_feeder_set_plan(self->feeder, &self->plan);
  player_mix_run(self->mix, self->plan.running, self->plan.generation);
}

static void send_levels(TriPlayer *self) {
  gboolean clicking = self->click || self->count_in > 0;
  player_mix_set_levels(self->mix, self->mix_balance, self->split_ears, clicking ? self->click_gain : 0);
}

static void send_events(TriPlayer *self) {
  guint n = self->click ? self->n_beats : 0;
  PlayerEvents *events = player_events_new(self->motion, self->beats, self->accents, n);
  if (events) player_mix_take_events(self->mix, events);
}

/* Seconds of output between the clicks that count in: the beat that follows the start, at the present speed.
 */
static double count_in_step(TriPlayer *self) {
  double step_s = quarter_s;
  for (guint i = 0; i + 1 < self->n_beats; i++) {
    step_s = self->beats[i + 1] - self->beats[i];
    if (self->beats[i + 1] > self->rest_s) break;
  }
  return CLAMP(step_s, 0.15, 3) / self->plan.speed;
}

static void set_running(TriPlayer *self, gboolean running) {
  if (self->plan.running == (bool)running) return;
  self->plan.running = running;
  notify(self, PROP_PLAYING);
}

static gboolean watch(gpointer data) {
  TriPlayer *self = data;
  PlayerClock clock = player_mix_clock(self->mix);
  if (!clock.ended || clock.generation != self->plan.generation) return G_SOURCE_CONTINUE;
  self->watch_source = 0;
  self->rest_s = self->plan.end_s;
  g_object_ref(self);
  set_running(self, FALSE);
  send_plan(self, FALSE);
  g_object_unref(self);
  return G_SOURCE_REMOVE;
}

/* Puts the loop in force, or not while one stretch is played. */
static void choose_loop(TriPlayer *self, gboolean ranged) {
  self->ranged = ranged;
  self->plan.loop_start_s = ranged ? 0 : self->loop_start_s;
  self->plan.loop_end_s = ranged ? 0 : self->loop_end_s;
}

static void begin(TriPlayer *self, double from_s, double to_s) {
  self->rest_s = self->begun_s = from_s;
  self->plan.end_s = to_s;
  self->plan.count_in_step_s = count_in_step(self);
  self->plan.running = TRUE;
  send_plan(self, TRUE);
  if (!self->offline && !self->watch_source) self->watch_source = g_timeout_add(watch_ms, watch, self);
}

void tri_player_play(TriPlayer *self) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  if (self->plan.running) return;
  double end_s = duration_s(self);
  if (end_s <= 0) return;
  self->plan.count_in = self->count_in;
  choose_loop(self, FALSE);
  begin(self, self->rest_s >= end_s - 0.01 ? 0 : self->rest_s, end_s);
  notify(self, PROP_PLAYING);
}

void tri_player_play_range(TriPlayer *self, double from_s, double to_s) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  gboolean was = self->plan.running;
  from_s = CLAMP(from_s, 0, duration_s(self));
  to_s = CLAMP(to_s, 0, duration_s(self));
  if (to_s <= from_s) return;
  self->plan.count_in = 0;
  choose_loop(self, TRUE);
  begin(self, from_s, to_s);
  if (!was) notify(self, PROP_PLAYING);
}

void tri_player_pause(TriPlayer *self) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  if (!self->plan.running) return;
  self->rest_s = tri_player_get_position(self);
  g_clear_handle_id(&self->watch_source, g_source_remove);
  set_running(self, FALSE);
  send_plan(self, FALSE);
}

void tri_player_toggle(TriPlayer *self) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  if (self->plan.running)
    tri_player_pause(self);
  else
    tri_player_play(self);
}

void tri_player_stop(TriPlayer *self) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  tri_player_pause(self);
  self->rest_s = self->begun_s;
}

void tri_player_seek(TriPlayer *self, double time_s) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  if (!isfinite(time_s)) return;
  self->rest_s = self->begun_s = CLAMP(time_s, 0, MAX(0, duration_s(self)));
  if (!self->plan.running) return;
  self->plan.end_s = duration_s(self);
  self->plan.count_in = 0;
  choose_loop(self, FALSE);
  send_plan(self, TRUE);
}

gboolean tri_player_get_playing(TriPlayer *self) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), FALSE);
  return self->plan.running;
}

double tri_player_get_position(TriPlayer *self) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), 0);
  if (!self->plan.running) return self->rest_s;
  PlayerClock clock = player_mix_clock(self->mix);
  if (clock.generation != self->plan.generation) return self->rest_s;
  double since_s = self->offline ? 0 : (double)(g_get_monotonic_time() - clock.dac_us) * 1e-6;
  double time_s = clock.time_s + clock.rate * CLAMP(since_s, -1, 0.25);
  return CLAMP(time_s, clock.start_s, MAX(clock.start_s, self->plan.end_s));
}

double tri_player_get_duration(TriPlayer *self) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), 0);
  return duration_s(self);
}

double tri_player_get_speed(TriPlayer *self) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), 1);
  return self->plan.speed;
}

double tri_player_get_latency(TriPlayer *self) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), 0);
  return atomic_load(&self->ready) && self->device ? player_device_latency_s(self->device) : 0;
}

/* ---- what is played ---- */

gboolean tri_player_set_recording(TriPlayer *self, const char *path, GError **error) {
  g_return_val_if_fail(TRI_IS_PLAYER(self), FALSE);
  BaseContext ctx = {0};
  double before_s = duration_s(self);
  tri_player_pause(self);
  BaseStatus status = player_feeder_set_recording(&ctx, self->feeder, &self->recording_s, path);
  if (!tri_error_take(error, status, &ctx)) return FALSE;
  if (duration_s(self) != before_s) notify(self, PROP_DURATION);
  return TRUE;
}

void tri_player_set_motion(TriPlayer *self, const Motion *motion) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  double before_s = duration_s(self);
  motion_free(self->motion);
  self->motion = motion ? motion_dup(motion) : NULL;
  self->motion_s = self->motion ? motion_duration_s(self->motion) : 0;
  send_events(self);
  if (duration_s(self) != before_s) notify(self, PROP_DURATION);
}

void tri_player_set_beats(TriPlayer *self, const double *times_s, const gboolean *accents, guint n) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  g_free(self->beats);
  g_free(self->accents);
  self->n_beats = n;
  self->beats = g_memdup2(times_s, n * sizeof *times_s);
  self->accents = g_new0(bool, n);
  for (guint i = 0; accents && i < n; i++) self->accents[i] = accents[i];
  if (self->click) send_events(self);
}

void tri_player_strike(TriPlayer *self, const guint8 *midi, guint n, int velocity, double seconds) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  for (guint i = 0; i < n; i++) player_mix_strike(self->mix, midi[i], CLAMP(velocity, 1, 127), seconds);
}

void tri_player_release(TriPlayer *self, guint8 midi) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  player_mix_strike(self->mix, midi, 0, 0);
}

void tri_player_scrub(TriPlayer *self, double time_s) {
  g_return_if_fail(TRI_IS_PLAYER(self));
  player_feeder_scrub(self->feeder, time_s);
}

void tri_player_pull(TriPlayer *self, float *stereo, gsize frames) {
  g_return_if_fail(TRI_IS_PLAYER(self) && self->offline);
  for (gsize at = 0; at < frames; at += PLAYER_BLOCK_FRAMES) {
    player_feeder_work(self->feeder);
    player_mix_render(self->mix, stereo + 2 * at, MIN(PLAYER_BLOCK_FRAMES, frames - at), 0);
  }
  watch(self);
}

/* ---- the object ---- */

static void set_loop(TriPlayer *self, double start_s, double end_s) {
  self->loop_start_s = MAX(0, start_s);
  self->loop_end_s = MAX(0, end_s);
  choose_loop(self, self->ranged && self->plan.running);
  send_plan(self, FALSE);
}

static void set_speed(TriPlayer *self, double speed) {
  self->plan.speed = round(CLAMP(speed, 0.25, 2) * 1000) / 1000;
  send_plan(self, FALSE);
}

static void tri_player_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
  TriPlayer *self = TRI_PLAYER(object);
  GValue before = G_VALUE_INIT;
  g_value_init(&before, pspec->value_type);
  g_object_get_property(object, pspec->name, &before);
  gboolean same = g_param_values_cmp(pspec, &before, value) == 0;
  g_value_unset(&before);
  if (same) return;
  switch (id) {
  case PROP_SPEED:
    set_speed(self, g_value_get_double(value));
    break;
  case PROP_MIX:
    self->mix_balance = g_value_get_double(value);
    break;
  case PROP_SPLIT_EARS:
    self->split_ears = g_value_get_boolean(value);
    break;
  case PROP_LOOP_START:
    set_loop(self, g_value_get_double(value), self->loop_end_s);
    break;
  case PROP_LOOP_END:
    set_loop(self, self->loop_start_s, g_value_get_double(value));
    break;
  case PROP_CLICK:
    self->click = g_value_get_boolean(value);
    break;
  case PROP_CLICK_GAIN:
    self->click_gain = g_value_get_double(value);
    break;
  case PROP_COUNT_IN:
    self->count_in = g_value_get_int(value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  if (id == PROP_CLICK) send_events(self);
  send_levels(self);
  g_object_notify_by_pspec(object, pspec);
}

static void tri_player_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
  TriPlayer *self = TRI_PLAYER(object);
  switch (id) {
  case PROP_PLAYING:
    g_value_set_boolean(value, self->plan.running);
    break;
  case PROP_SPEED:
    g_value_set_double(value, self->plan.speed);
    break;
  case PROP_MIX:
    g_value_set_double(value, self->mix_balance);
    break;
  case PROP_SPLIT_EARS:
    g_value_set_boolean(value, self->split_ears);
    break;
  case PROP_LOOP_START:
    g_value_set_double(value, self->loop_start_s);
    break;
  case PROP_LOOP_END:
    g_value_set_double(value, self->loop_end_s);
    break;
  case PROP_CLICK:
    g_value_set_boolean(value, self->click);
    break;
  case PROP_CLICK_GAIN:
    g_value_set_double(value, self->click_gain);
    break;
  case PROP_COUNT_IN:
    g_value_set_int(value, self->count_in);
    break;
  case PROP_DURATION:
    g_value_set_double(value, duration_s(self));
    break;
  case PROP_OUTPUT:
    g_value_set_string(value, self->output);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void tri_player_dispose(GObject *object) {
  TriPlayer *self = TRI_PLAYER(object);
  g_clear_handle_id(&self->watch_source, g_source_remove);
  g_clear_handle_id(&self->opening_source, g_source_remove);
  g_clear_handle_id(&self->tidy_source, g_source_remove);
  g_clear_pointer(&self->opener, g_thread_join);
  g_clear_pointer(&self->keyboard, piano_keyboard_close);
  g_clear_pointer(&self->device, player_device_close);
  g_clear_pointer(&self->feeder, player_feeder_free);
  g_clear_pointer(&self->mix, player_mix_free);
  G_OBJECT_CLASS(tri_player_parent_class)->dispose(object);
}

static void tri_player_finalize(GObject *object) {
  TriPlayer *self = TRI_PLAYER(object);
  g_mutex_clear(&self->synth_lock);
  motion_free(self->motion);
  g_free(self->beats);
  g_free(self->accents);
  g_free(self->ring);
  g_free(self->grain);
  g_free(self->output);
  G_OBJECT_CLASS(tri_player_parent_class)->finalize(object);
}

static void tri_player_class_init(TriPlayerClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = tri_player_set_property;
  object_class->get_property = tri_player_get_property;
  object_class->dispose = tri_player_dispose;
  object_class->finalize = tri_player_finalize;
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GParamFlags both = read | G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY;
  properties[PROP_PLAYING] = g_param_spec_boolean("playing", NULL, NULL, FALSE, read);
  properties[PROP_SPEED] = g_param_spec_double("speed", NULL, NULL, 0.25, 2, 1, both);
  properties[PROP_MIX] = g_param_spec_double("mix", NULL, NULL, 0, 1, 0.5, both);
  properties[PROP_SPLIT_EARS] = g_param_spec_boolean("split-ears", NULL, NULL, FALSE, both);
  properties[PROP_LOOP_START] = g_param_spec_double("loop-start", NULL, NULL, 0, G_MAXDOUBLE, 0, both);
  properties[PROP_LOOP_END] = g_param_spec_double("loop-end", NULL, NULL, 0, G_MAXDOUBLE, 0, both);
  properties[PROP_CLICK] = g_param_spec_boolean("click", NULL, NULL, FALSE, both);
  properties[PROP_CLICK_GAIN] = g_param_spec_double("click-gain", NULL, NULL, 0, 1, 0.5, both);
  properties[PROP_COUNT_IN] = g_param_spec_int("count-in", NULL, NULL, 0, 16, 0, both);
  properties[PROP_DURATION] = g_param_spec_double("duration", NULL, NULL, 0, G_MAXDOUBLE, 0, read);
  properties[PROP_OUTPUT] = g_param_spec_string("output", NULL, NULL, "", read);
  g_object_class_install_properties(object_class, N_PROPS, properties);
}

static void tri_player_init(TriPlayer *self) {
  g_mutex_init(&self->synth_lock);
  self->plan.speed = 1;
  self->mix_balance = 0.5;
  self->click_gain = 0.5;
  self->output = g_strdup("");
}

static TriPlayer *make(gboolean offline, int rate_hz) {
  TriPlayer *self = g_object_new(TRI_TYPE_PLAYER, NULL);
  self->offline = offline;
  self->rate_hz = rate_hz;
  self->ring = g_new0(PlayerRing, 1);
  self->grain = g_new0(PlayerGrain, 1);
  self->mix = player_mix_new(self->ring, self->grain, rate_hz);
  self->feeder = player_feeder_new(self->ring, self->grain, rate_hz, offline);
  if (!self->mix) g_error("out of memory");
  send_levels(self);
  return self;
}

TriPlayer *tri_player_new(void) {
  TriPlayer *self = make(FALSE, PLAYER_RATE_HZ);
  self->opener = g_thread_new("sound", open_output, self);
  self->opening_source = g_timeout_add(100, look_for_output, self);
  return self;
}

TriPlayer *tri_player_new_offline(int rate_hz) {
  TriPlayer *self = make(TRUE, rate_hz);
  load_synth(self);
  return self;
}
