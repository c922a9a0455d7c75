/* A bar has its printed number; a beat is as long as the lower figure of the time signature in force says.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/words.h"

#include <glib/gi18n.h>
#include <math.h>

int words_step_at(const ScoreUnfolded *unfolded, double quarter) {
  gsize low = 0, high = unfolded->steps.n;
  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (beat_double(unfolded->steps.items[middle].start) <= quarter + 1e-9)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 ? (int)low - 1 : unfolded->steps.n ? 0 : -1;
}

static double beat_unit(const Score *score, int measure) {
  double unit = 1;
  for (gsize i = 0; i < score->signs.n && score->signs.items[i].measure <= measure; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    if (sign->kind == SCORE_SIGN_TIME && sign->beat_type > 0) unit = 4.0 / sign->beat_type;
  }
  return unit;
}

double words_beat(const Score *score, int measure, double quarters_into, double *unit) {
  *unit = beat_unit(score, measure);
  return quarters_into / *unit + 1;
}

static char *number(const Score *score, int measure) {
  const char *printed =
      measure >= 0 && (gsize)measure < score->measures.n ? score->measures.items[measure].number : "";
  return *printed ? g_strdup(printed) : g_strdup_printf("%d", measure + 1);
}

/* "3", or "3.5" between beats. */
static char *beat_text(double beat) {
  double near = round(beat * 100) / 100;
  return near == floor(near) ? g_strdup_printf("%.0f", near) : g_strdup_printf("%.4g", near);
}

static gboolean played_again(const ScoreUnfolded *unfolded, int step) {
  int measure = unfolded->steps.items[step].measure;
  for (gsize i = 0; i < unfolded->steps.n; i++)
    if ((int)i != step && unfolded->steps.items[i].measure == measure) return TRUE;
  return FALSE;
}

/* "Bar 2", or "Bar 2, second time". */
static char *bar_text(const Score *score, const ScoreUnfolded *unfolded, int step) {
  g_autofree char *bar = number(score, unfolded->steps.items[step].measure);
  if (!played_again(unfolded, step)) return g_strdup_printf(_("Bar %s"), bar);
  switch (unfolded->steps.items[step].pass) {
  case 1:
    return g_strdup_printf(_("Bar %s, first time"), bar);
  case 2:
    return g_strdup_printf(_("Bar %s, second time"), bar);
  default:
    return g_strdup_printf(_("Bar %s, time %d"), bar, unfolded->steps.items[step].pass);
  }
}

static char *beat_of(const Score *score, const ScoreUnfolded *unfolded, int step, double quarter) {
  const ScoreStep *at = &unfolded->steps.items[step];
  double unit;
  return beat_text(words_beat(score, at->measure, quarter - beat_double(at->start), &unit));
}

char *words_places(const Score *score, const ScoreUnfolded *unfolded, gsize first, gsize last) {
  if (first >= unfolded->onsets.n || last >= unfolded->onsets.n) return g_strdup("");
  double from = beat_double(unfolded->onsets.items[first].onset),
         to = beat_double(unfolded->onsets.items[last].onset);
  int a = words_step_at(unfolded, from), b = words_step_at(unfolded, to);
  if (a < 0) return g_strdup("");
  if (a != b) {
    g_autofree char *x = number(score, unfolded->steps.items[a].measure);
    g_autofree char *y = number(score, unfolded->steps.items[b].measure);
    return g_strdup_printf(_("Bars %s–%s"), x, y);
  }
  g_autofree char *bar = bar_text(score, unfolded, a);
  g_autofree char *x = beat_of(score, unfolded, a, from), *y = beat_of(score, unfolded, a, to);
  if (first == last) return g_strdup_printf(_("%s, beat %s"), bar, x);
  return g_strdup_printf(_("%s, beats %s–%s"), bar, x, y);
}

char *words_position(const Score *score, const ScoreUnfolded *unfolded, double quarter) {
  int step = words_step_at(unfolded, quarter);
  if (step < 0) return g_strdup("");
  const ScoreStep *at = &unfolded->steps.items[step];
  g_autofree char *bar = number(score, at->measure);
  double unit, beat = words_beat(score, at->measure, fmax(0, quarter - beat_double(at->start)), &unit);
  return g_strdup_printf(_("bar %s · beat %d"), bar, (int)floor(beat + 1e-6));
}

char *words_midi(int midi) {
  static const char *const names[] = {"C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"};
  return g_strdup_printf("%s%d", names[midi % 12], midi / 12 - 1);
}

char *words_sound(const Score *score, const ScoreSound *sound) {
  static const char letters[] = "CDEFGAB";
  static const char *const alters[] = {"𝄫", "♭", "", "♯", "𝄪"};
  const ScoreNote *note = score_find_note(score, sound->note);
  if (!note || note->step < 0 || note->step > 6) return words_midi(sound->midi);
  return g_strdup_printf("%c%s%d", letters[note->step], alters[CLAMP(note->alter, -2, 2) + 2], note->octave);
}

char *words_pitches(const Score *score, const ScoreUnfolded *unfolded, gsize onset) {
  GString *text = g_string_new(NULL);
  if (onset < unfolded->onsets.n) {
    const ScoreOnset *at = &unfolded->onsets.items[onset];
    for (gsize i = at->first; i < at->first + at->n; i++) {
      g_autofree char *pitch = words_sound(score, &unfolded->sounds.items[i]);
      if (text->len) g_string_append_c(text, ' ');
      g_string_append(text, pitch);
    }
  }
  return g_string_free(text, FALSE);
}
