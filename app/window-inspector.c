/* The session puts the place into words; a time typed in becomes an anchor. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/window-inspector.h"

#include "app/window-check-pane.h"
#include "app/window-note-pane.h"
#include "widgets/canvas.h"
#include "widgets/time-ruler.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

struct _TriInspector {
  GtkWidget parent;
  GtkWidget *box, *verdicts, *more, *extra_button, *hint;
  GtkLabel *heading;
  GtkListBox *rows;
  AdwEntryRow *time_row;
  AdwActionRow *state_row, *notes_row;
    GtkImage *state_icon;
  TriNotePane *note_pane;
  TriSession *session; /* borrowed */
  const char *style;   /* of the icon now, static */
  int note;            /* heard note shown, -1: the selected place */
};

G_DEFINE_FINAL_TYPE(TriInspector, tri_inspector, GTK_TYPE_WIDGET)

double tri_inspector_parse_time(const char *text) {
  g_autofree char *copy = g_strdelimit(g_strstrip(g_strdup(text)), ",", '.');
  char *colon = strrchr(copy, ':'), *end;
  double minutes = 0;
  if (colon) {
    *colon = 0;
    minutes = g_ascii_strtod(copy, &end);
    if (end == copy || *end || minutes < 0) return NAN;
  }
  const char *digits = colon ? colon + 1 : copy;
  double seconds = g_ascii_strtod(digits, &end);
  if (end == digits || *end || !isfinite(seconds) || seconds < 0) return NAN;
  return 60 * minutes + seconds;
}

static char *pitch_text(int midi) {
  static const char *const NAMES[12] = {NC_("pitch", "C"),  NC_("pitch", "C♯"), NC_("pitch", "D"),
                                        NC_("pitch", "E♭"), NC_("pitch", "E"),  NC_("pitch", "F"),
                                        NC_("pitch", "F♯"), NC_("pitch", "G"),  NC_("pitch", "A♭"),
                                        NC_("pitch", "A"),  NC_("pitch", "B♭"), NC_("pitch", "B")};
  return g_strdup_printf("%s%d", g_dpgettext2(NULL, "pitch", NAMES[midi % 12]), midi / 12 - 1);
}

static void set_row(AdwActionRow *row, const char *title, const char *subtitle) {
  g_autofree char *label = g_strdup_printf("%s. %s", title, subtitle);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
  adw_action_row_set_subtitle(row, subtitle);
  gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void set_state(TriInspector *self, TriState state, const char *title, const char *subtitle) {
  set_row(self->state_row, title, subtitle);
  if (self->style) gtk_widget_remove_css_class(GTK_WIDGET(self->state_icon), self->style);
  self->style = tri_state_style(state);
  gtk_image_set_from_icon_name(self->state_icon, tri_state_icon(state));
  gtk_widget_add_css_class(GTK_WIDGET(self->state_icon), self->style);
}

static void set_time(TriInspector *self, double time_s, gboolean editable) {
  g_autofree char *text = tri_time_text(time_s, 3);
  gtk_editable_set_editable(GTK_EDITABLE(self->time_row), editable);
  adw_entry_row_set_show_apply_button(self->time_row, FALSE);
  gtk_editable_set_text(GTK_EDITABLE(self->time_row), text);
  adw_entry_row_set_show_apply_button(self->time_row, editable);
}

/* Which parts stand: for a place, for a heard note, or neither. */
static void show_parts(TriInspector *self, gboolean place, gboolean note) {
  gtk_widget_set_visible(self->hint, !place && !note);
  gtk_widget_set_visible(GTK_WIDGET(self->rows), place || note);
  gtk_widget_set_visible(self->verdicts, place);
  gtk_widget_set_visible(self->more, place);
  gtk_widget_set_visible(self->extra_button, note);
}

static char *capitalised(const char *text) {
  g_autofree char *first = g_utf8_substring(text, 0, MIN(1, g_utf8_strlen(text, -1)));
  g_autofree char *upper = g_utf8_strup(first, -1);
  return g_strconcat(upper, text + strlen(first), NULL);
}

static char *certainty(const TriPlaceWords *words, TriState state) {
  if (words->why && *words->why) return g_strdup(words->why);
  if (words->anchor || state == TRI_CHECKED) return g_strdup(_("Fixed by you"));
  return g_strdup_printf(_("%d %% sure"), (int)lround(100 * words->confidence));
}

static void show_place(TriInspector *self, int place) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_session_get_scene(self->session), &n);
  TriPlaceWords words;
  gboolean known = place >= 0 && (guint)place < n && tri_session_describe(self->session, place, &words);
  show_parts(self, known, FALSE);
  gtk_label_set_label(self->heading, known ? words.name : _("Nothing selected"));
  if (!known) return;
  TriState state = places[place].state;
  g_autofree char *title = capitalised(words.state);
  g_autofree char *subtitle = certainty(&words, state);
  set_state(self, state, title, subtitle);
  set_time(self, words.time_s, state != TRI_NOT_PLAYED);
  set_row(self->notes_row, _("Notes"), words.pitches);
  tri_place_words_clear(&words);
}

static void show_note(TriInspector *self) {
  TriScene *scene = tri_session_get_scene(self->session);
  const Motion *motion = tri_scene_get_motion(scene);
  const guint8 *states = tri_scene_get_note_states(scene);
  const MotionNote *note = &motion->notes.items[self->note];
  g_autofree char *name = pitch_text(note->midi);
  g_autofree char *heading = g_strdup_printf(_("Heard note %s"), name);
  g_autofree char *sure = g_strdup_printf(_("%d %% sure"), (int)lround(100 * note->confidence));
  TriState state = states ? states[self->note] : TRI_SURE;
  g_autofree char *title = capitalised(tri_state_text(state));
  g_autofree char *loudness = g_strdup_printf("%s · %d", name, note->velocity);
  show_parts(self, FALSE, TRUE);
  gtk_label_set_label(self->heading, heading);
  set_time(self, note->onset_s, FALSE);
  set_state(self, state, title, sure);
  set_row(self->notes_row, _("Key and velocity"), loudness);
}

static void refresh(TriInspector *self) {
  const Motion *motion = tri_scene_get_motion(tri_session_get_scene(self->session));
  if (self->note >= 0 && motion && (gsize)self->note < motion->notes.n)
    show_note(self);
  else
    show_place(self, tri_session_get_selected(self->session));
}

void tri_inspector_set_note(TriInspector *self, int note) {
  if (self->note == note) return;
  self->note = note;
  refresh(self);
}

static void selection_changed(TriInspector *self) {
  self->note = -1;
  refresh(self);
}

static void apply_time(AdwEntryRow *row, TriInspector *self) {
  double time_s = tri_inspector_parse_time(gtk_editable_get_text(GTK_EDITABLE(row)));
  if (isnan(time_s) || !tri_session_anchor(self->session, -1, time_s)) refresh(self);
}

void tri_inspector_watch(TriInspector *self, TriSession *session) {
  TriScene *scene = tri_session_get_scene(session);
  self->session = session;
  g_signal_connect_object(scene, "notify::selected", G_CALLBACK(selection_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(scene, "places-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(scene, "motion-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
    tri_note_pane_watch(self->note_pane, session);
  refresh(self);
}

static void dispose(GObject *object) {
  g_clear_pointer(&TRI_INSPECTOR(object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS(tri_inspector_parent_class)->dispose(object);
}

static void bind_children(GtkWidgetClass *class) {
  gtk_widget_class_bind_template_child(class, TriInspector, box);
  gtk_widget_class_bind_template_child(class, TriInspector, verdicts);
  gtk_widget_class_bind_template_child(class, TriInspector, more);
  gtk_widget_class_bind_template_child(class, TriInspector, extra_button);
  gtk_widget_class_bind_template_child(class, TriInspector, hint);
  gtk_widget_class_bind_template_child(class, TriInspector, heading);
  gtk_widget_class_bind_template_child(class, TriInspector, rows);
  gtk_widget_class_bind_template_child(class, TriInspector, time_row);
  gtk_widget_class_bind_template_child(class, TriInspector, state_row);
  gtk_widget_class_bind_template_child(class, TriInspector, notes_row);
    gtk_widget_class_bind_template_child(class, TriInspector, state_icon);
  gtk_widget_class_bind_template_child(class, TriInspector, note_pane);
}

static void tri_inspector_class_init(TriInspectorClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dispose;
  g_type_ensure(TRI_TYPE_NOTE_PANE);
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/inspector.ui");
  gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
  bind_children(widget_class);
  gtk_widget_class_bind_template_callback(widget_class, apply_time);
}

static void tri_inspector_init(TriInspector *self) {
  self->note = -1;
  gtk_widget_init_template(GTK_WIDGET(self));
}
