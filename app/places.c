/* Pure functions from machine output and marks to what the views draw and the synthesizer plays.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"

#include "app/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double sure = 0.9, doubtful = 0.5, plain_quarter_s = 0.6, grace_s = 0.06;

TriState places_state(double confidence) {
  return confidence >= sure ? TRI_SURE : confidence >= doubtful ? TRI_UNSURE : TRI_DOUBTFUL;
}

double places_error_s(double confidence) {
  if (!(confidence < 1)) return 0.005;
  double error_s = -0.05 / log(1 - CLAMP(confidence, 0.01, 0.9999));
  return CLAMP(error_s, 0.005, 0.5);
}

/* ---- places ---- */

/* Time of a quarter in a plain performance. */
static double plain_time_s(const Motion *plain, double quarter) {
  gsize n = plain ? plain->beats.n : 0;
  if (n < 2) return (n ? plain->beats.items[0].time_s : 0) + quarter * plain_quarter_s;
  gsize i = 1;
  while (i + 1 < n && beat_double(plain->beats.items[i].quarter) < quarter) i++;
  double q0 = beat_double(plain->beats.items[i - 1].quarter), q1 = beat_double(plain->beats.items[i].quarter);
  double t0 = plain->beats.items[i - 1].time_s, t1 = plain->beats.items[i].time_s;
  return q1 > q0 ? t0 + (quarter - q0) * (t1 - t0) / (q1 - q0) : t1;
}

static void lay_mark(TriPlace *place, const ProjectMark *mark) {
  place->anchor = project_is_anchor(mark);
  if (place->anchor) place->time_s = mark->time_s;
  place->state = mark->verdict == PROJECT_NOT_PLAYED ? TRI_NOT_PLAYED : TRI_CHECKED;
  place->confidence = 1;
}

/* How many sounds of each onset were found, as `found[onset]`, and all as `of[onset]`. */
static void count_found(guint *found, const ScoreUnfolded *unfolded, const Alignment *alignment) {
  gsize *onset_of = g_new(gsize, unfolded->sounds.n + 1);
  for (gsize i = 0; i < unfolded->onsets.n; i++)
    for (gsize k = 0; k < unfolded->onsets.items[i].n; k++) onset_of[unfolded->onsets.items[i].first + k] = i;
  for (gsize i = 0; i < alignment->links.n; i++) {
    const AlignmentLink *link = &alignment->links.items[i];
    if (link->verdict == ALIGNMENT_MATCH && link->sound >= 0 && (gsize)link->sound < unfolded->sounds.n)
      found[onset_of[link->sound]]++;
  }
  g_free(onset_of);
}

void places_fill(TriPlace *places, const ScoreUnfolded *unfolded, const Alignment *alignment,
                 const Motion *plain, const Project *project) {
  gsize n = unfolded->onsets.n;
  guint *found = g_new0(guint, n + 1);
  gboolean aligned = alignment && alignment->points.n == n;
  if (aligned) count_found(found, unfolded, alignment);
  for (gsize i = 0; i < n; i++) {
    const ScoreOnset *onset = &unfolded->onsets.items[i];
    double quarter = beat_double(onset->onset);
    places[i] = (TriPlace){.quarter = quarter, .confidence = 1, .state = TRI_SURE};
    places[i].time_s = aligned ? alignment->points.items[i].time_s : plain_time_s(plain, quarter);
    if (aligned) {
      places[i].confidence = alignment->points.items[i].confidence;
      places[i].state = (guint8)places_state(places[i].confidence);
      if (found[i] == 0 && onset->n > 0) places[i].state = TRI_NOT_PLAYED;
    }
    const ProjectMark *mark = project_mark_at(project, onset->onset);
    if (mark) lay_mark(&places[i], mark);
  }
  g_free(found);
}

gsize places_before(const TriPlace *places, gsize n, double time_s) {
  gsize low = 0, high = n;
  while (low + 1 < high) {
    gsize middle = low + (high - low) / 2;
    if (places[middle].time_s <= time_s)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* ---- what has changed ---- */

static const double moved_s = 0.02;

static int compare_moves(const void *a, const void *b) {
  const PlacesMoved *x = a, *y = b;
  const gboolean x_found = x->was_heard != x->is_heard, y_found = y->was_heard != y->is_heard;
  const double far_x = fabs(x->after_s - x->before_s), far_y = fabs(y->after_s - y->before_s);
  if (x_found != y_found) return y_found - x_found;
  if (far_x != far_y) return far_x > far_y ? -1 : 1;
  return x->place - y->place;
}

gsize places_moved(PlacesMoved *moved, gsize most, const TriPlace *before, const TriPlace *after, gsize n) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(PlacesMoved));
  for (gsize i = 0; i < n; i++) {
    const PlacesMoved move = {(int)i, before[i].time_s, after[i].time_s, before[i].state != TRI_NOT_PLAYED,
                              after[i].state != TRI_NOT_PLAYED};
    const gboolean elsewhere = fabs(move.after_s - move.before_s) >= moved_s || move.was_heard != move.is_heard;
    if (elsewhere && !after[i].anchor && after[i].state != TRI_CHECKED) g_array_append_val(all, move);
  }
  const gsize count = all->len;
  g_array_sort(all, compare_moves);
  memcpy(moved, all->data, MIN(count, most) * sizeof *moved);
  g_array_unref(all);
  return count;
}

/* ---- notes ---- */

static int compare_links(const void *a, const void *b) {
  const AlignmentLink *x = *(const AlignmentLink *const *)a, *y = *(const AlignmentLink *const *)b;
  return (x->note > y->note) - (x->note < y->note);
}

/* The links that have a note, by note. */
static const AlignmentLink **links_by_note(const Alignment *alignment, gsize *n) {
  const AlignmentLink **links = g_new(const AlignmentLink *, alignment->links.n + 1);
  *n = 0;
  for (gsize i = 0; i < alignment->links.n; i++)
    if (alignment->links.items[i].note) links[(*n)++] = &alignment->links.items[i];
  qsort(links, *n, sizeof *links, compare_links);
  return links;
}

static const AlignmentLink *link_of(const AlignmentLink **links, gsize n, guint32 note) {
  AlignmentLink wanted = {.note = note};
  const AlignmentLink *key = &wanted;
  const AlignmentLink **hit = n ? bsearch(&key, links, n, sizeof *links, compare_links) : NULL;
  return hit ? *hit : NULL;
}

gsize places_of_sound(const ScoreUnfolded *unfolded, gsize sound) {
  gsize low = 0, high = unfolded->onsets.n;
  while (low + 1 < high) {
    gsize middle = low + (high - low) / 2;
    if (unfolded->onsets.items[middle].first <= sound)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static guint8 linked_state(const MotionNote *note, const AlignmentLink *link, const ScoreUnfolded *unfolded,
                           const TriPlace *places) {
  if (!link) return (guint8)places_state(note->confidence);
  if (link->verdict == ALIGNMENT_EXTRA || link->sound < 0) return TRI_EXTRA;
  gsize onset = places_of_sound(unfolded, (gsize)link->sound);
  if (onset < unfolded->onsets.n && places[onset].state == TRI_CHECKED) return TRI_CHECKED;
  return (guint8)places_state(fmin(note->confidence, link->confidence));
}

void places_fill_notes(guint8 *states, const Motion *motion, const ScoreUnfolded *unfolded,
                       const Alignment *alignment, const TriPlace *places, const Project *project) {
  gsize n_links = 0;
  const AlignmentLink **links = alignment ? links_by_note(alignment, &n_links) : NULL;
  for (gsize i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    const AlignmentLink *link = link_of(links, n_links, note->id);
    states[i] =
        alignment ? linked_state(note, link, unfolded, places) : (guint8)places_state(note->confidence);
    const ProjectMark *mark = project_mark_of_note(project, note->onset_s, note->midi);
    if (mark) states[i] = mark->verdict == PROJECT_ORNAMENT ? TRI_CHECKED : TRI_EXTRA;
  }
  g_free(links);
}

static const MotionNote *note_of(const Motion *motion, const ProjectMark *mark) {
  for (gsize i = 0; i < motion->notes.n; i++) {
    const ProjectMark key = {.time_s = motion->notes.items[i].onset_s, .midi = motion->notes.items[i].midi};
    if (key.midi && project_same_key(&key, mark)) return &motion->notes.items[i];
  }
  return NULL;
}

/* The sound at a quarter that is nearest in pitch, index; -1 when nothing is written there. */
static int main_sound(const ScoreUnfolded *unfolded, Beat quarter, int midi) {
  int best = -1;
  for (gsize i = 0; i < unfolded->sounds.n; i++) {
    const ScoreSound *sound = &unfolded->sounds.items[i];
    if (!beat_equal(sound->onset, quarter) || sound->grace) continue;
    if (best < 0 || ABS(sound->midi - midi) < ABS(unfolded->sounds.items[best].midi - midi)) best = (int)i;
  }
  return best;
}

/* What the note was thought to play is not played. */
static gboolean lay_note(Alignment *alignment, guint32 note, int main) {
  for (gsize i = 0; i < alignment->links.n; i++) {
    AlignmentLink *link = &alignment->links.items[i];
    if (link->note != note) continue;
    const AlignmentLink unplayed = {link->sound, 0, ALIGNMENT_NOT_PLAYED, link->confidence};
    const gboolean played = link->verdict == ALIGNMENT_MATCH;
    *link = (AlignmentLink){main, note, main < 0 ? ALIGNMENT_EXTRA : ALIGNMENT_ORNAMENT, 1};
    return !played || base_array_push(&alignment->links, unplayed);
  }
  return TRUE;
}

gboolean places_lay_notes(Alignment *alignment, const ScoreUnfolded *unfolded, const Motion *motion, const Project *project) {
  gboolean good = TRUE;
  for (gsize i = 0; good && i < project->marks.n; i++) {
    const ProjectMark *mark = &project->marks.items[i];
    const MotionNote *note = mark->midi ? note_of(motion, mark) : NULL;
    const int main = mark->verdict == PROJECT_ORNAMENT ? main_sound(unfolded, mark->quarter, mark->midi) : -1;
    if (note) good = lay_note(alignment, note->id, main);
  }
  return good;
}

/* ---- the score, performed at these times ---- */

gboolean places_put_beats(Motion *motion, const ScoreUnfolded *unfolded, const Alignment *alignment) {
  motion->beats.n = 0;
  gsize steps = unfolded->steps.n;
  if (!alignment->points.n || !steps) return TRUE;
  double end = beat_double(alignment->points.items[alignment->points.n - 1].quarter), last_s = -1;
  for (gint64 quarter = 0; quarter <= (gint64)ceil(end) + 1; quarter++) {
    double time_s = alignment_time_s(alignment, (double)quarter);
    if (time_s < 0 || time_s < last_s + 0.005) continue;
    if (!base_array_push(&motion->beats, (MotionBeat){beat_whole(quarter), time_s})) return FALSE;
    last_s = time_s;
  }
  return TRUE;
}

/* Velocities of a plain performance by written note. */
static GHashTable *velocities(const Motion *plain) {
  GHashTable *table = g_hash_table_new(NULL, NULL);
  for (gsize i = 0; plain && i < plain->notes.n; i++)
    g_hash_table_insert(table, GUINT_TO_POINTER(plain->notes.items[i].score_note),
                        GUINT_TO_POINTER(plain->notes.items[i].velocity));
  return table;
}

static gboolean play_sound(Motion *motion, const ScoreSound *sound, const Alignment *alignment,
                           int velocity) {
  double quarter = beat_double(sound->onset), end = beat_double(beat_add(sound->onset, sound->duration));
  double onset_s = fmax(0, alignment_time_s(alignment, quarter) - (sound->grace ? grace_s : 0));
  double key_up_s = sound->grace ? onset_s + grace_s : alignment_time_s(alignment, end) - 0.01;
  if (!motion_add(motion, onset_s, fmax(key_up_s, onset_s + 0.03), sound->midi, velocity ? velocity : 64, 1))
    return FALSE;
  motion->notes.items[motion->notes.n - 1].score_note = sound->note;
  return TRUE;
}

Motion *places_play(const ScoreUnfolded *unfolded, const Alignment *alignment, const Motion *plain) {
  Motion *motion = motion_new();
  gboolean good = motion && places_put_beats(motion, unfolded, alignment);
  GHashTable *table = velocities(plain);
  for (gsize i = 0; good && i < unfolded->sounds.n; i++) {
    const ScoreSound *sound = &unfolded->sounds.items[i];
    guint velocity = GPOINTER_TO_UINT(g_hash_table_lookup(table, GUINT_TO_POINTER(sound->note)));
    good = play_sound(motion, sound, alignment, (int)velocity);
  }
  g_hash_table_unref(table);
  if (good) {
    motion_sort(motion);
    return motion;
  }
  motion_free(motion);
  return NULL;
}
