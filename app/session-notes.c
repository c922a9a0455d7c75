/* A verb becomes edits at the place of the note, the project makes them a step, and a short job puts the
 * pages together again. The note is found once more in the new score by where it stands. After a pause what
 * the edits tell about the rest of the document is learned in the background. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/session-notes.h"

#include "app/session-private.h"
#include "app/words.h"
#include "app/words_notes.h"
#include "core/omr/omr_pitch.h"

#include <glib/gi18n.h>
#include <math.h>

enum { most_said = 4 };
static const float doubtful_bar = 0.5f;
static const char TASTE[] = "reading";

gboolean tri_session_can_correct(TriSession *self) {
  return self->pages && self->score;
}

/* ---- which note ---- */

static gboolean has_box(const ScoreNote *note) {
  return note->box.width > 0 && note->kind != SCORE_UNPITCHED;
}

/* The least sure note of a place, its lowest one where all are alike. */
static const ScoreNote *note_of_place(TriSession *self, int place) {
  const ScoreOnset *onset = &self->score->unfolded->onsets.items[place];
  const ScoreNote *best = NULL;
  for (gsize i = onset->first; i < onset->first + onset->n; i++) {
    const ScoreNote *note = score_find_note(self->score->score, self->score->unfolded->sounds.items[i].note);
    if (note && has_box(note) && (!best || note->confidence < best->confidence)) best = note;
  }
  return best;
}

const ScoreNote *tri_session_get_note(TriSession *self) {
  if (!tri_session_can_correct(self)) return NULL;
  guint id = tri_scene_get_picked(self->scene);
  const ScoreNote *picked = id ? score_find_note(self->score->score, id) : NULL;
  int place = picked ? -1 : tri_session_place(self, -1);
  return picked ? picked : place >= 0 ? note_of_place(self, place) : NULL;
}

static void pick(TriSession *self, const ScoreNote *note) {
  self->picked = note->box;
  tri_scene_set_picked(self->scene, note->id);
}

void tri_session_pick_box(TriSession *self, const ScoreBox *box) {
  const Score *score = self->score->score;
  const ScoreNote *best = NULL;
  float x = box->x + 0.5f * box->width, y = box->y + 0.5f * box->height, nearest = 1e9f;
  for (gsize i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    float away = hypotf(note->box.x + 0.5f * note->box.width - x, note->box.y + 0.5f * note->box.height - y);
    if (!has_box(note) || note->box.page != box->page || away > note->box.width || away >= nearest) continue;
    nearest = away;
    best = note;
  }
  if (best) pick(self, best);
}

static int reading_order(const void *a, const void *b) {
  const ScoreNote *x = *(const ScoreNote *const *)a, *y = *(const ScoreNote *const *)b;
  float dx = x->box.x - y->box.x, dy = x->box.y - y->box.y;
  int by_time = beat_compare(x->onset, y->onset);
  if (by_time) return by_time;
  return dy != 0 ? (dy > 0) - (dy < 0) : (dx > 0) - (dx < 0);
}

void tri_session_pick_next(TriSession *self, int direction) {
  const ScoreNote *now = tri_session_get_note(self);
  if (!now) return;
  const Score *score = self->score->score;
  g_autoptr(GPtrArray) bar = g_ptr_array_new();
  for (gsize i = 0; i < score->notes.n; i++)
    if (score->notes.items[i].measure == now->measure && has_box(&score->notes.items[i]))
      g_ptr_array_add(bar, (gpointer)&score->notes.items[i]);
  qsort(bar->pdata, bar->len, sizeof *bar->pdata, reading_order);
  guint at = 0;
  while (at + 1 < bar->len && g_ptr_array_index(bar, at) != now) at++;
  if (tri_scene_get_picked(self->scene)) at = (at + bar->len + (guint)(direction < 0 ? -1 : 1)) % bar->len;
  pick(self, g_ptr_array_index(bar, at));
}

/* ---- putting together ---- */

static void learn(TriSession *self);

/* Selects the place of the picked note: of several passes that which is nearest to the place selected before.
 */
static void select_picked(TriSession *self) {
  const ScoreUnfolded *unfolded = self->score->unfolded;
  guint id = tri_scene_get_picked(self->scene);
  int before = tri_session_place(self, -1), best = -1;
  for (gsize i = 0; id && i < unfolded->sounds.n; i++) {
    if (unfolded->sounds.items[i].note != id) continue;
    int place = (int)places_of_sound(unfolded, i);
    if (best < 0 || ABS(place - before) < ABS(best - before)) best = place;
  }
  if (best < 0 || best == before) return;
  tri_scene_set_selected(self->scene, best);
  tri_scene_set_picked(self->scene, id);
}

/* The taste as numbers in a row, kept with the project so that opening it needs no learning. */
static void keep_taste(TriSession *self) {
  g_autoptr(GString) text = g_string_new(NULL);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  for (int k = 0; k < OMR_TASTES + OMR_LIKELIER; k++) {
    float value = k < OMR_TASTES ? self->taste.dearer[k] : self->taste.likelier[k - OMR_TASTES];
    g_string_append_printf(text, "%s ", g_ascii_dtostr(number, sizeof number, (double)value));
  }
  if (self->store) store_keep_choice(self->store, TASTE, text->str);
}

void tri_session_start_taste(TriSession *self) {
  char *text = self->store && self->project->edits.n ? store_choice(self->store, TASTE) : NULL;
  g_auto(GStrv) numbers = g_strsplit(text ? text : "", " ", -1);
  free(text);
  self->taste = (OmrTaste){{0}};
  if (g_strv_length(numbers) != OMR_TASTES + OMR_LIKELIER + 1) return;
  for (int k = 0; k < OMR_TASTES + OMR_LIKELIER; k++) {
    float value = (float)CLAMP(g_ascii_strtod(numbers[k], NULL), -4, 4);
    *(k < OMR_TASTES ? &self->taste.dearer[k] : &self->taste.likelier[k - OMR_TASTES]) = value;
  }
}

static void show_corrected(TriSession *self, StepsCorrected *corrected) {
  self->taste = corrected->taste;
  ScoreBox picked = self->picked;
  tri_session_replace_score(self, corrected->part);
  tri_session_pick_box(self, &picked);
  select_picked(self);
}

static void correct_apply(TriJob *job, gpointer user, gpointer result) {
  show_corrected(user, result);
  learn(user);
}

static void learned_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  StepsCorrected *corrected = result;
  guint changed = corrected->changed;
  if (!changed) return;
  show_corrected(self, corrected);
  keep_taste(self);
  tri_session_say(self, FALSE,
                  ngettext("Learned from your corrections: %u other bar is read differently now.",
                           "Learned from your corrections: %u other bars are read differently now.", changed),
                  changed);
}

static const TriJobKind correct_kind = {
    steps_correct,       NULL, correct_apply, tri_session_job_ended, steps_correct_snapshot_free,
    steps_corrected_free};
static const TriJobKind lesson_kind = {
    steps_correct,       NULL, learned_apply, tri_session_job_ended, steps_correct_snapshot_free,
    steps_corrected_free};

void tri_session_correct(TriSession *self) {
  if (!self->pages) return;
  tri_jobs_retire(self->jobs, TRI_TOPIC_LESSON);
  tri_jobs_start(self->jobs, TRI_LANE_INTERACTIVE, TRI_TOPIC_CORRECT, _("Putting the page together"),
                 &correct_kind,
                 steps_correct_snapshot(self->pages, &self->project->edits, &self->taste, FALSE), self);
}

static void learn(TriSession *self) {
  tri_jobs_start(self->jobs, TRI_LANE_TRAINING, TRI_TOPIC_LESSON, _("Learning from corrections"),
                 &lesson_kind, steps_correct_snapshot(self->pages, &self->project->edits, &self->taste, TRUE),
                 self);
}

static char *bar_name(TriSession *self, const ScoreNote *note) {
  return g_strdup_printf(_("Bar %s"), self->score->score->measures.items[note->measure].number);
}

static gboolean do_edits(TriSession *self, const char *name, const OmrEdit *edits, gsize n, gboolean nudge) {
  if (!project_edit(self->project, name, edits, n, nudge, g_get_real_time())) {
    tri_session_say(self, TRUE, "%s", _("There is not enough memory for that."));
    return FALSE;
  }
  tri_session_write(self);
  tri_session_refresh(self);
  tri_session_correct(self);
  return TRUE;
}

/* ---- verbs ---- */

/* The note to be corrected, or null after saying why there is none. */
static const ScoreNote *note_for(TriSession *self) {
  const ScoreNote *note = tri_session_get_note(self);
  if (!tri_session_can_correct(self))
    tri_session_say(self, FALSE, "%s", _("Only what was read from pages can be corrected."));
  else if (!note)
    tri_session_say(self, FALSE, "%s", _("Select a note first."));
  return note;
}

static int height(const ScoreNote *note) {
  return 7 * note->octave + note->step;
}

/* Of the staff's two voices, from 1. */
static int voice_of(const ScoreNote *note) {
  return (note->voice - 1) % 4 % 2 + 1;
}

/* The staff within its system, from 0. */
static int row_of(TriSession *self, const ScoreNote *note) {
  int row = note->staff;
  for (int p = 0; p < note->part; p++) row += self->score->score->parts.items[p].staves;
  return row;
}

/* What the key in force does to a note. */
static int key_alter(const Score *score, const ScoreNote *note) {
  int fifths = 0;
  for (gsize i = 0; i < score->signs.n && score->signs.items[i].measure <= note->measure; i++)
    if (score->signs.items[i].kind == SCORE_SIGN_KEY && score->signs.items[i].part == note->part)
      fifths = score->signs.items[i].fifths;
  return omr_key_alter(fifths, note->step);
}

/* A note that is to sound otherwise has another sign before it, or none where the key says so. */
static gsize say_alter(TriSession *self, OmrEdit *edits, const ScoreNote *note, int alter) {
  static const int signs[] = {SCORE_ACCIDENTAL_DOUBLE_FLAT, SCORE_ACCIDENTAL_FLAT, SCORE_ACCIDENTAL_NATURAL,
                              SCORE_ACCIDENTAL_SHARP, SCORE_ACCIDENTAL_DOUBLE_SHARP};
  gboolean by_key = alter == key_alter(self->score->score, note);
  edits[0] = omr_edit_at(note, OMR_EDIT_ACCIDENTAL, by_key ? SCORE_ACCIDENTAL_NONE : signs[alter + 2]);
  edits[1] = omr_edit_at(note, OMR_EDIT_ALTER, alter);
  return 2;
}

static gsize say_rest(OmrEdit *edits, const ScoreNote *note) {
  gboolean was_rest = note->kind == SCORE_REST;
  edits[0] = omr_edit_at(note, was_rest ? OMR_EDIT_NOTE : OMR_EDIT_REST, CLAMP(note->type, 0, 6));
  return 1;
}

/* A head a third above the note, as far as it is printed. */
static gsize say_added(TriSession *self, OmrEdit *edits, const ScoreNote *note) {
  const OmrPage *page = steps_pages_at(self->pages, note->box.page);
  edits[0] = omr_edit_at(note, OMR_EDIT_NOTE, CLAMP(note->type, 0, 7));
  edits[0].y_px -= note->box.height > 0 ? note->box.height : 0;
  return page && note->kind == SCORE_NOTE ? 1 : 0;
}

/* What was last said of a note, whether or not the page has been put together since; otherwise what is read. */
static int said_or(TriSession *self, const ScoreNote *note, OmrEditKind kind, int read) {
  OmrEdit at = omr_edit_at(note, kind, 0);
  for (gsize i = 0; i < self->project->edits.n; i++)
    if (omr_edit_same(&self->project->edits.items[i], &at)) return self->project->edits.items[i].value;
  return read;
}

/* What a verb says of a note; 0: nothing. */
static gsize say(TriSession *self, OmrEdit edits[most_said], const ScoreNote *note, TriNoteVerb verb,
                 int value) {
  gboolean is_note = note->kind == SCORE_NOTE;
  switch (verb) {
  case TRI_NOTE_STEP:
    edits[0] = omr_edit_at(note, OMR_EDIT_PITCH,
                           CLAMP(said_or(self, note, OMR_EDIT_PITCH, height(note)) + value, 0, 69));
    return is_note;
  case TRI_NOTE_ALTER:
    return is_note ? say_alter(self, edits, note, CLAMP(said_or(self, note, OMR_EDIT_ALTER, note->alter) + value, -2, 2)) : 0;
  case TRI_NOTE_VALUE:
    edits[0] = omr_edit_at(note, OMR_EDIT_VALUE, CLAMP(value, 0, is_note ? 7 : 6));
    edits[1] = omr_edit_at(note, OMR_EDIT_DOTS, 0);
    return 2;
  case TRI_NOTE_DOT:
    edits[0] = omr_edit_at(note, OMR_EDIT_VALUE, CLAMP(note->type, 0, is_note ? 7 : 6));
    edits[1] = omr_edit_at(note, OMR_EDIT_DOTS, (said_or(self, note, OMR_EDIT_DOTS, note->dots) + 1) % 3);
    return 2;
  case TRI_NOTE_TRIPLET:
    edits[0] = omr_edit_at(note, OMR_EDIT_VALUE, CLAMP(note->type, 0, is_note ? 7 : 6));
    edits[1] = omr_edit_at(note, OMR_EDIT_TUPLET, note->tuplet_actual == 3 ? 1 : 3);
    return 2;
  case TRI_NOTE_TIE:
    edits[0] = omr_edit_at(note, OMR_EDIT_TIE, !(note->ties & SCORE_TIE_START));
    return is_note;
  case TRI_NOTE_VOICE:
    edits[0] = omr_edit_at(note, OMR_EDIT_VOICE, 3 - voice_of(note));
    return 1;
  case TRI_NOTE_STAFF:
    edits[0] = omr_edit_at(note, OMR_EDIT_STAFF, MAX(0, row_of(self, note) + value));
    return is_note;
  case TRI_NOTE_REST:
    return say_rest(edits, note);
  case TRI_NOTE_DELETE:
    edits[0] = omr_edit_at(note, OMR_EDIT_NOTHING, 0);
    return 1;
  case TRI_NOTE_ADD:
    return say_added(self, edits, note);
  }
  return 0;
}

static char *verb_name(TriNoteVerb verb, const char *bar) {
  static const char *const names[] = {N_("Pitch in %s"),  N_("Accidental in %s"), N_("Value in %s"),
                                      N_("Dot in %s"),    N_("Triplet in %s"),    N_("Tie in %s"),
                                      N_("Voice in %s"),  N_("Staff in %s"),      N_("Rest in %s"),
                                      N_("Delete in %s"), N_("Add in %s")};
  return g_strdup_printf(_(names[verb]), bar);
}

gboolean tri_session_correct_note(TriSession *self, TriNoteVerb verb, int value) {
  const ScoreNote *note = note_for(self);
  if (!note) return FALSE;
  OmrEdit edits[most_said];
  gsize n = say(self, edits, note, verb, value);
  if (!n) return FALSE;
  pick(self, note);
  if (verb == TRI_NOTE_ADD) self->picked.y = edits[0].y_px - 0.5f * note->box.height;
  g_autofree char *bar = bar_name(self, note), *name = verb_name(verb, bar);
  return do_edits(self, name, edits, n, verb == TRI_NOTE_STEP);
}

gboolean tri_session_uncorrect_note(TriSession *self) {
  const ScoreNote *note = note_for(self);
  if (!note) return FALSE;
  OmrEdit place = omr_edit_at(note, OMR_EDIT_NOTHING, 0);
  g_autofree char *bar = bar_name(self, note), *name = g_strdup_printf(_("Take back in %s"), bar);
  pick(self, note);
  if (!project_unedit(self->project, name, &place, 1, g_get_real_time())) return FALSE;
  tri_session_write(self);
  tri_session_refresh(self);
  tri_session_correct(self);
  return TRUE;
}

/* ---- bars ---- */

/* The measure of the note, or of the selected place; -1 none. */
static int measure_now(TriSession *self) {
  const ScoreNote *note = tri_session_get_note(self);
  int place = tri_session_place(self, -1);
  if (note) return note->measure;
  if (place < 0) return -1;
  int step = words_step_at(self->score->unfolded, beat_double(tri_session_quarter(self, place)));
  return step >= 0 ? self->score->unfolded->steps.items[step].measure : -1;
}

gboolean tri_session_correct_bar(TriSession *self, OmrEditKind kind, int value) {
  const ScoreNote *note = note_for(self);
  if (!note) return FALSE;
  const ScoreMeasure *measure = &self->score->score->measures.items[note->measure];
  const ScoreBox *box = &measure->box;
  OmrEdit edit = {box->page, box->x + 0.5f * box->width, box->y + 0.5f * box->height, (uint8_t)kind,
                  (int16_t)value};
  if (kind == OMR_EDIT_CLEF) edit.x_px = box->x + 2, edit.y_px = note->box.y + 0.5f * note->box.height;
  if (!omr_edit_valid(&edit)) return FALSE;
  static const char *const names[] = {N_("Clef in %s"), N_("Key in %s"), N_("Time in %s"), N_("%s is right")};
  g_autofree char *bar = bar_name(self, note), *name = g_strdup_printf(_(names[kind - OMR_EDIT_CLEF]), bar);
  pick(self, note);
  return do_edits(self, name, &edit, 1, FALSE);
}

static gboolean looks_doubtful(const ScoreMeasure *measure) {
  return measure->box.width > 0 && (measure->doubt[0] || measure->confidence < doubtful_bar);
}

/* The first place of a measure, -1 where nothing starts in it. */
static int place_in(TriSession *self, int measure) {
  const ScoreUnfolded *unfolded = self->score->unfolded;
  for (gsize i = 0; i < unfolded->onsets.n; i++) {
    int step = words_step_at(unfolded, beat_double(unfolded->onsets.items[i].onset));
    if (step >= 0 && unfolded->steps.items[step].measure == measure) return (int)i;
  }
  return -1;
}

gboolean tri_session_next_doubtful_bar(TriSession *self, int direction) {
  if (!tri_session_can_correct(self)) return FALSE;
  const Score *score = self->score->score;
  int n = (int)score->measures.n, now = measure_now(self), sign = direction < 0 ? -1 : 1;
  for (int k = 1; k <= n; k++) {
    int at = ((now < 0 && sign > 0 ? -1 : now) + sign * k + 2 * n) % n;
    int place = looks_doubtful(&score->measures.items[at]) ? place_in(self, at) : -1;
    if (place < 0) continue;
    guint places_n;
    const TriPlace *places = tri_scene_get_places(self->scene, &places_n);
    tri_scene_set_selected(self->scene, place);
    const ScoreNote *note = tri_session_get_note(self);
    if (note) pick(self, note);
    if ((guint)place < places_n) tri_session_reveal(self, places[place].time_s);
    return TRUE;
  }
  return FALSE;
}

char *tri_session_describe_bar(TriSession *self) {
  int measure = tri_session_can_correct(self) ? measure_now(self) : -1;
  if (measure < 0) return g_strdup("");
  const ScoreMeasure *at = &self->score->score->measures.items[measure];
  if (at->doubt[0]) return words_doubt(at->doubt);
  if (looks_doubtful(at))
    return g_strdup_printf(_("Hard to read: %d %% sure"), (int)lroundf(100 * at->confidence));
  return g_strdup("");
}

/* ---- second-best readings ---- */

guint tri_session_list_readings(TriSession *self, OmrEdit *readings, guint most) {
  const ScoreNote *note = tri_session_get_note(self);
  const OmrPage *page = note ? steps_pages_at(self->pages, note->box.page) : NULL;
  return page ? (guint)omr_edit_choices(readings, most, page, note) : 0;
}

gboolean tri_session_take_reading(TriSession *self, const OmrEdit *reading) {
  const ScoreNote *note = note_for(self);
  if (!note) return FALSE;
  g_autofree char *words = words_reading(reading), *bar = bar_name(self, note);
  g_autofree char *name = g_strdup_printf(_("“%s” in %s"), words, bar);
  pick(self, note);
  return do_edits(self, name, reading, 1, FALSE);
}
