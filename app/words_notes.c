/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/words_notes.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static char *pitch(int height, int alter) {
  static const char *const steps[] = {"C", "D", "E", "F", "G", "A", "B"}, *const alters[] = {"𝄫", "♭", "",
                                                                                             "♯", "𝄪"};
  return g_strdup_printf("%s%s%d", steps[height % 7], alters[CLAMP(alter, -2, 2) + 2], height / 7);
}

const char *words_value(int type) {
  static const char *const names[] = {NC_("note value", "whole"),   NC_("note value", "half"),
                                      NC_("note value", "quarter"), NC_("note value", "eighth"),
                                      NC_("note value", "16th"),    NC_("note value", "32nd"),
                                      NC_("note value", "64th"),    NC_("note value", "128th")};
  return g_dpgettext2(NULL, "note value", names[CLAMP(type, 0, 7)]);
}

static char *lasting(const ScoreNote *note) {
  const char *value = words_value(note->type);
  g_autofree char *dotted = note->dots == 1 ? g_strdup_printf(_("dotted %s"), value)
                            : note->dots    ? g_strdup_printf(_("double-dotted %s"), value)
                                            : g_strdup(value);
  return note->tuplet_actual == 3 ? g_strdup_printf(_("%s in a triplet"), dotted) : g_steal_pointer(&dotted);
}

char *words_note(const ScoreNote *note) {
  g_autofree char *value = lasting(note);
  if (note->kind == SCORE_REST && note->whole_measure) return g_strdup(_("Rest for the whole bar"));
  if (note->kind == SCORE_REST) return g_strdup_printf(_("Rest: %s"), value);
  g_autofree char *name = pitch(7 * note->octave + note->step, note->alter);
  return g_strdup_printf("%s · %s", name, value);
}

static const char *accidental(int value) {
  static const char *const names[] = {N_("no accidental"),  N_("♯ sharp"),        N_("♭ flat"),
                                      N_("♮ natural"),      N_("𝄪 double sharp"), N_("𝄫 double flat"),
                                      N_("♮♯ sharp again"), N_("♮♭ flat again")};
  return _(names[CLAMP(value, 0, 7)]);
}

char *words_reading(const OmrEdit *edit) {
  switch (edit->kind) {
  case OMR_EDIT_PITCH:
    return pitch(edit->value, 0);
  case OMR_EDIT_ACCIDENTAL:
    return g_strdup(accidental(edit->value));
  case OMR_EDIT_VALUE:
    return g_strdup(words_value(edit->value));
  case OMR_EDIT_DOTS:
    return g_strdup(edit->value ? _("with a dot") : _("without a dot"));
  case OMR_EDIT_TUPLET:
    return g_strdup(edit->value == 3 ? _("in a triplet") : _("no triplet"));
  case OMR_EDIT_NOTHING:
    return g_strdup(_("nothing here"));
  case OMR_EDIT_REST:
    return g_strdup(_("a rest"));
  default:
    return g_strdup("");
  }
}

char *words_doubt(const char *doubt) {
  char count[24];
  int beats, type;
  if (sscanf(doubt, "%23s beats in %d/%d", count, &beats, &type) == 3) {
    double found = g_ascii_strtod(count, NULL);
    return g_strdup_printf(found > beats ? _("%s beats in %d/%d: a flag missing, or a dot or note too many?")
                                         : _("%s beats in %d/%d: a dot, note or rest missing?"),
                           count, beats, type);
  }
  if (sscanf(doubt, "the voices do not fit together in %d/%d", &beats, &type) == 2)
    return g_strdup_printf(_("The voices do not fit together in %d/%d."), beats, type);
  return g_strdup(doubt);
}
