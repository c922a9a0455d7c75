/* Which instrument plays: sampled ones that are installed, the modelled grand, and what was learned from the
 * recording, every revision of it. A choice is named by a short text that the project keeps.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"
#include "app/steps-instrument.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

static const char SAMPLED[] = "sampled", MODELLED[] = "modelled", FONT[] = "font:", LEARNED[] = "learned:";
static const char CHOICE[] = "instrument";

/* One revision. */
typedef struct {
  gint64 revision, stamp_us;
  PianoModel model;
} Learned;

/* ---- the list ---- */

static void instrument_clear(gpointer data) {
  TriInstrument *instrument = data;
  g_free(instrument->id);
  g_free(instrument->name);
}

static void offer(GArray *list, gboolean learned, char *id, char *name) {
  TriInstrument instrument = {id, name, learned};
  g_array_append_val(list, instrument);
}

/* "MuseScore General" for ".../MuseScore_General.sf3". */
static char *font_name(const char *path) {
  char *name = g_path_get_basename(path), *dot = strrchr(name, '.');
  if (dot) *dot = 0;
  return g_strdelimit(name, "_", ' ');
}

static void offer_fonts(GArray *list) {
  const char *first = piano_soundfont(), *path;
  for (size_t i = 0; (path = piano_soundfont_at(i)); i++)
    if (g_strcmp0(path, first)) offer(list, FALSE, g_strconcat(FONT, path, NULL), font_name(path));
}

static char *learned_name(const Learned *learned) {
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(learned->stamp_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = g_date_time_to_local(utc);
  /* Translators: a date and time for g_date_time_format() */
  g_autofree char *when = g_date_time_format(local, _("%-d %b, %H:%M"));
  return g_strdup_printf(_("Version %d, learned %s"), (int)learned->revision, when);
}

GArray *tri_session_list_instruments(TriSession *self) {
  GArray *list = g_array_new(FALSE, FALSE, sizeof(TriInstrument));
  g_array_set_clear_func(list, instrument_clear);
  const char *first = piano_soundfont();
  g_autofree char *name = first ? font_name(first) : g_strdup("");
  if (first) offer(list, FALSE, g_strdup(SAMPLED), g_strdup_printf(_("Sampled piano (%s)"), name));
  offer_fonts(list);
  offer(list, FALSE, g_strdup(MODELLED), g_strdup(_("Modelled piano")));
  for (guint i = self->learned->len; i-- > 0;) {
    const Learned *learned = &g_array_index(self->learned, Learned, i);
    char *id = g_strdup_printf("%s%" G_GINT64_FORMAT, LEARNED, learned->revision);
    offer(list, TRUE, id, learned_name(learned));
  }
  return list;
}

const PianoModel *tri_session_learned_piano(TriSession *self) {
  return self->learned->len ? &g_array_index(self->learned, Learned, self->learned->len - 1).model : NULL;
}

/* ---- choosing ---- */

static const Learned *find_learned(TriSession *self, const char *id) {
  gint64 revision = g_ascii_strtoll(id + strlen(LEARNED), NULL, 10);
  for (guint i = 0; i < self->learned->len; i++)
    if (g_array_index(self->learned, Learned, i).revision == revision)
      return &g_array_index(self->learned, Learned, i);
  return NULL;
}

static void synth_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  PianoSynth **synth = result;
  tri_player_take_synth(self->player, g_steal_pointer(synth));
}

/* The result is a box, so that what was applied is not freed with it. */
static BaseStatus synth_work(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result) {
  gpointer synth = NULL;
  BaseStatus status = steps_make_synth(job, ctx, snapshot, &synth);
  if (status == BASE_OK) *result = g_memdup2(&synth, sizeof synth);
  return status;
}

static void synth_box_free(gpointer data) {
  PianoSynth **synth = data;
  piano_synth_free(*synth);
  g_free(synth);
}

static const TriJobKind synth_kind = {
    synth_work, NULL, synth_apply, tri_session_job_ended, steps_instrument_snapshot_free, synth_box_free};

/* Null for a choice that cannot be had here. */
static StepsInstrumentSnapshot *snapshot_of(TriSession *self, const char *id) {
  const Learned *learned = g_str_has_prefix(id, LEARNED) ? find_learned(self, id) : NULL;
  gboolean font = g_str_has_prefix(id, FONT), modelled = !strcmp(id, MODELLED);
  if (!learned && !font && !modelled && (strcmp(id, SAMPLED) || !piano_soundfont())) return NULL;
  StepsInstrumentSnapshot *snapshot = g_new0(StepsInstrumentSnapshot, 1);
  snapshot->rate_hz = tri_player_get_rate(self->player);
  if (learned)
    snapshot->model = learned->model;
  else if (modelled)
    snapshot->model = piano_model_reference();
  else
    snapshot->soundfont = g_strdup(font ? id + strlen(FONT) : piano_soundfont());
  return snapshot;
}

static gboolean take_choice(TriSession *self, const char *id) {
  if (!g_strcmp0(self->instrument, id)) return TRUE;
  StepsInstrumentSnapshot *snapshot = snapshot_of(self, id);
  if (!snapshot) return FALSE;
  g_free(self->instrument);
  self->instrument = g_strdup(id);
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_INSTRUMENT, _("Preparing the instrument"),
                 &synth_kind, snapshot, self);
  g_signal_emit_by_name(self, "instruments-changed");
  return TRUE;
}

const char *tri_session_get_instrument(TriSession *self) {
  return self->instrument;
}

void tri_session_set_instrument(TriSession *self, const char *id) {
  if (!take_choice(self, id)) {
    tri_session_say(self, TRUE, "%s", _("This instrument is not on this computer."));
    return;
  }
  if (self->store) store_keep_choice(self->store, CHOICE, id);
}

/* ---- learning ---- */

gboolean tri_session_can_learn_piano(TriSession *self) {
  return self->heard && self->heard->heard->motion->notes.n &&
         project_media_of(self->project, PROJECT_AUDIO) && !tri_jobs_busy(self->jobs, TRI_TOPIC_LEARN_PIANO);
}

static void remember(void *user, const StoreWeights *weights) {
  Learned learned = {weights->revision, weights->stamp_us, {{0}}};
  if (piano_model_unpack(NULL, &learned.model, weights->bytes, weights->n, "the instrument") == BASE_OK)
    g_array_append_val((GArray *)user, learned);
}

static void learned_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  BaseContext ctx = {0};
  const ProjectMedia *recording = project_media_of(self->project, PROJECT_AUDIO);
  StoreWeights weights = {.engine = "piano",
                          .origin = recording ? recording->sha256 : "",
                          .stamp_us = g_get_real_time(),
                          .revision = self->learned->len + 1};
  void *bytes = NULL;
  BaseStatus status =
      piano_model_pack(&ctx, &bytes, &weights.n, result, BASE_F32, "learned from a recording in the window");
  weights.bytes = bytes;
  if (status == BASE_OK && self->store)
    status = store_add_weights(&ctx, self->store, &weights.revision, &weights);
  if (status == BASE_OK) {
    remember(self->learned, &weights);
    g_autofree char *id = g_strdup_printf("%s%" G_GINT64_FORMAT, LEARNED, weights.revision);
    tri_session_set_instrument(self, id);
    tri_session_say(self, FALSE, "%s", _("The synth now plays on this recording’s piano."));
  } else {
    tri_session_say(self, TRUE, "%s", ctx.sentence);
  }
  free(bytes);
}

static void learning_ended(TriJob *job, gpointer user) {
  tri_session_job_ended(job, user);
  g_signal_emit_by_name(user, "instruments-changed");
}

static const TriJobKind learn_kind = {
    steps_learn_piano, NULL, learned_apply, learning_ended, steps_learn_piano_snapshot_free, g_free};

void tri_session_learn_piano(TriSession *self) {
  if (!tri_session_can_learn_piano(self)) return;
  StepsLearnPianoSnapshot *snapshot = g_new0(StepsLearnPianoSnapshot, 1);
  snapshot->path = g_strdup(project_media_of(self->project, PROJECT_AUDIO)->path);
  snapshot->notes = motion_dup(self->heard->heard->motion);
  tri_jobs_start(self->jobs, TRI_LANE_TRAINING, TRI_TOPIC_LEARN_PIANO, _("Learning this recording’s piano"),
                 &learn_kind, snapshot, self);
  g_signal_emit_by_name(self, "instruments-changed");
}

/* ---- with the project ---- */

void tri_session_start_instruments(TriSession *self) {
  tri_jobs_retire(self->jobs, TRI_TOPIC_LEARN_PIANO);
  g_array_set_size(self->learned, 0);
  BaseContext ctx = {0};
  if (self->store && store_each_weights(&ctx, self->store, "piano", remember, self->learned) != BASE_OK)
    tri_session_say(self, TRUE, "%s", ctx.sentence);
  if (g_str_has_prefix(self->instrument, LEARNED)) { /* the same name means another piano here */
    g_free(self->instrument);
    self->instrument = g_strdup("");
  }
  char *id = self->store ? store_choice(self->store, CHOICE) : NULL;
  if (!id || !take_choice(self, id)) take_choice(self, SAMPLED);
  free(id);
  g_signal_emit_by_name(self, "instruments-changed");
}

void tri_session_init_instruments(TriSession *self) {
  self->learned = g_array_new(FALSE, FALSE, sizeof(Learned));
  self->instrument = g_strdup(SAMPLED);
}
