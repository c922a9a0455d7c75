/* Sentences are put together from whole translated phrases, joined by the locale's own comma.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/place-text.h"
#include "widgets/time-ruler.h"

#include <glib/gi18n.h>

enum { NOTES_MOST = 8 };

char *tri_note_text(int step, int alter, int octave) {
  static const char *const letters[] = {NC_("note name", "C"), NC_("note name", "D"), NC_("note name", "E"),
                                        NC_("note name", "F"), NC_("note name", "G"), NC_("note name", "A"),
                                        NC_("note name", "B")};
  static const char *const signs[] = {"♭♭", "♭", "", "♯", "♯♯"};
  const char *letter = g_dpgettext2(NULL, "note name", letters[CLAMP(step, 0, 6)]);
  return g_strdup_printf("%s%s%d", letter, signs[CLAMP(alter, -2, 2) + 2], octave);
}

/* Quarters in a beat at a measure: by the last time signature up to it. */
static double beat_quarters(const Score *score, int measure) {
  double quarters = 1;
  for (size_t i = 0; i < score->signs.n && score->signs.items[i].measure <= measure; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    if (sign->kind == SCORE_SIGN_TIME && sign->beat_type > 0) quarters = 4.0 / sign->beat_type;
  }
  return quarters;
}

gboolean tri_place_position(TriScene *scene, int place, const char **bar, double *beat) {
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  if (!score || !unfolded || place < 0 || place >= (int)unfolded->onsets.n ||
      !unfolded->onsets.items[place].n)
    return FALSE;
  const ScoreOnset *onset = &unfolded->onsets.items[place];
  const ScoreStep *step = &unfolded->steps.items[unfolded->sounds.items[onset->first].step];
  *bar = score->measures.items[step->measure].number;
  *beat = 1 + beat_double(beat_sub(onset->onset, step->start)) / beat_quarters(score, step->measure);
  return TRUE;
}

/* The notes of a place, "A4 C5"; a few of them when there are many. */
static char *notes_text(const Score *score, const ScoreUnfolded *unfolded, int place) {
  const ScoreOnset *onset = &unfolded->onsets.items[place];
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < MIN(onset->n, NOTES_MOST); i++) {
    const ScoreNote *note = score_find_note(score, unfolded->sounds.items[onset->first + i].note);
    char *name = note ? tri_note_text(note->step, note->alter, note->octave) : g_strdup("");
    g_string_append_printf(text, "%s%s", i ? " " : "", name);
    g_free(name);
  }
  return g_string_free(text, FALSE);
}

char *tri_place_text(TriScene *scene, int place) {
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  const char *bar;
  double beat;
  if (place < 0 || place >= (int)n) return NULL;
  const char *state = tri_state_text(places[place].state);
  char *time = tri_time_text(places[place].time_s, 3), *text;
  if (tri_place_position(scene, place, &bar, &beat)) {
    char *notes = notes_text(tri_scene_get_score(scene), tri_scene_get_unfolded(scene), place);
    /* Translators: bar number, beat, note names, how sure, time: "Bar 2, beat 3, A4 C5, doubtful, 0:11.480"
     */
    text = g_strdup_printf(_("Bar %s, beat %.3g, %s, %s, %s"), bar, beat, notes, state, time);
    g_free(notes);
  } else {
    /* Translators: number of the place, how sure, time */
    text = g_strdup_printf(_("Place %d, %s, %s"), place + 1, state, time);
  }
  g_free(time);
  return text;
}
