/* Correcting what was read: one action for each verb, enabled where there is something to correct. A value
 * among the sharps of keys and names of meters comes as the action's parameter. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/session-notes.h"
#include "app/window-private.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  TriNoteVerb verb;
  int value;
} VERBS[] = {
    {"note-up", TRI_NOTE_STEP, 1},         {"note-down", TRI_NOTE_STEP, -1},
    {"note-octave-up", TRI_NOTE_STEP, 7},  {"note-octave-down", TRI_NOTE_STEP, -7},
    {"note-sharper", TRI_NOTE_ALTER, 1},   {"note-flatter", TRI_NOTE_ALTER, -1},
    {"note-whole", TRI_NOTE_VALUE, 0},     {"note-half", TRI_NOTE_VALUE, 1},
    {"note-quarter", TRI_NOTE_VALUE, 2},   {"note-eighth", TRI_NOTE_VALUE, 3},
    {"note-16th", TRI_NOTE_VALUE, 4},      {"note-32nd", TRI_NOTE_VALUE, 5},
    {"note-64th", TRI_NOTE_VALUE, 6},      {"note-dot", TRI_NOTE_DOT, 0},
    {"note-triplet", TRI_NOTE_TRIPLET, 0}, {"note-tie", TRI_NOTE_TIE, 0},
    {"note-voice", TRI_NOTE_VOICE, 0},     {"note-staff-down", TRI_NOTE_STAFF, 1},
    {"note-staff-up", TRI_NOTE_STAFF, -1}, {"note-rest", TRI_NOTE_REST, 0},
    {"note-delete", TRI_NOTE_DELETE, 0},   {"note-add", TRI_NOTE_ADD, 0},
};

static void correct(GSimpleAction *action, GVariant *parameter, gpointer user) {
  const char *name = g_action_get_name(G_ACTION(action));
  for (gsize i = 0; i < G_N_ELEMENTS(VERBS); i++)
    if (g_str_equal(VERBS[i].name, name))
      tri_session_correct_note(TRI_WINDOW(user)->session, VERBS[i].verb, VERBS[i].value);
}

static void next_note(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_pick_next(TRI_WINDOW(user)->session, 1);
}

static void previous_note(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_pick_next(TRI_WINDOW(user)->session, -1);
}

static void take_back(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_uncorrect_note(TRI_WINDOW(user)->session);
}

static void go(TriWindow *self, int direction) {
  if (tri_session_next_doubtful_bar(self->session, direction))
    tri_canvas_go_to_place(self->canvas, tri_session_get_selected(self->session));
  else
    tri_window_say(self, _("No bar looks doubtful."));
}

static void next_doubtful_bar(GSimpleAction *action, GVariant *parameter, gpointer user) {
  go(user, 1);
}

static void previous_doubtful_bar(GSimpleAction *action, GVariant *parameter, gpointer user) {
  go(user, -1);
}

/* ---- bars ---- */

static void bar_right(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_correct_bar(TRI_WINDOW(user)->session, OMR_EDIT_RIGHT, 0);
}

static void bar_key(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_correct_bar(TRI_WINDOW(user)->session, OMR_EDIT_KEY, g_variant_get_int32(parameter));
}

/* "3/4" */
static void bar_time(GSimpleAction *action, GVariant *parameter, gpointer user) {
  int beats = 0, type = 0;
  if (sscanf(g_variant_get_string(parameter, NULL), "%2d/%2d", &beats, &type) == 2)
    tri_session_correct_bar(TRI_WINDOW(user)->session, OMR_EDIT_TIME, 64 * beats + type);
}

/* "G2": sign and line */
static void bar_clef(GSimpleAction *action, GVariant *parameter, gpointer user) {
  static const char SIGNS[] = "GFC";
  const char *name = g_variant_get_string(parameter, NULL), *sign = *name ? strchr(SIGNS, *name) : NULL;
  if (sign)
    tri_session_correct_bar(TRI_WINDOW(user)->session, OMR_EDIT_CLEF,
                            (int)(16 * (sign - SIGNS)) + g_ascii_digit_value(name[1]));
}

static const GActionEntry OTHERS[] = {
    {.name = "note-next", .activate = next_note},
    {.name = "note-previous", .activate = previous_note},
    {.name = "note-take-back", .activate = take_back},
    {.name = "bar-right", .activate = bar_right},
    {.name = "bar-key", .parameter_type = "i", .activate = bar_key},
    {.name = "bar-time", .parameter_type = "s", .activate = bar_time},
    {.name = "bar-clef", .parameter_type = "s", .activate = bar_clef},
};

static const GActionEntry MOVES[] = {
    {.name = "next-doubtful-bar", .activate = next_doubtful_bar},
    {.name = "previous-doubtful-bar", .activate = previous_doubtful_bar},
};

static void refresh(TriWindow *self) {
  gboolean any = tri_session_get_note(self->session) && !tri_window_is_on(self, "edit-lock");
  for (gsize i = 0; i < G_N_ELEMENTS(VERBS); i++) tri_window_set_enabled(self, VERBS[i].name, any);
  for (gsize i = 0; i < G_N_ELEMENTS(OTHERS); i++) tri_window_set_enabled(self, OTHERS[i].name, any);
  for (gsize i = 0; i < G_N_ELEMENTS(MOVES); i++)
    tri_window_set_enabled(self, MOVES[i].name, tri_session_can_correct(self->session));
}

static void add_verbs(GActionMap *map, TriWindow *self) {
  for (gsize i = 0; i < G_N_ELEMENTS(VERBS); i++) {
    const GActionEntry entry = {.name = VERBS[i].name, .activate = correct};
    g_action_map_add_action_entries(map, &entry, 1, self);
  }
}

void tri_window_add_notes(TriWindow *self) {
  static const char *const SIGNALS[] = {"notify::selected", "notify::picked", "score-changed",
                                        "places-changed"};
  GActionMap *map = G_ACTION_MAP(self);
  add_verbs(map, self);
  g_action_map_add_action_entries(map, OTHERS, G_N_ELEMENTS(OTHERS), self);
  g_action_map_add_action_entries(map, MOVES, G_N_ELEMENTS(MOVES), self);
  for (gsize i = 0; i < G_N_ELEMENTS(SIGNALS); i++)
    g_signal_connect_object(tri_window_scene(self), SIGNALS[i], G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self, "action-state-changed::edit-lock", G_CALLBACK(refresh), self,
                          G_CONNECT_SWAPPED);
  refresh(self);
}
