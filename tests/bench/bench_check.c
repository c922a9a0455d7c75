/* bench_check DIR [RECORDING…] [-v]: what playing back adds to the list "To check". The recordings of DIR/maps are
 * heard and aligned to a score, which is that of DIR/pairs or, where there is none, what was played with deviations: of
 * its notes one in thirty is not in the score, as players add some, and one in thirty is a second one that was not
 * played. Then a note in a hundred is misread. An entry is right where a note of its places is misread, missed or
 * wrongly heard, or time is more than 50 ms off. Printed are the share of such entries among the first ten, without and
 * with the evidence, and how well the evidence tells notes that sound from notes that do not, where score and
 * hearing disagree. Then ten notes that were not played are planted into what was heard, and aligned to the score as it is
 * written: how many of the first ten places lead to them? -v: each of these notes. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"
#include "core/base/base_rng.h"
#include "core/flow/flow.h"
#include "core/flow/flow_evidence.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PIECES = 64, LISTED = 10, PLANTED = 10, DEVIATION_ONE_IN = 30, MISREAD_ONE_IN = 100 };

static const double NEAR_S = 0.08, SWAP_S = 0.15, OFF_S = 0.05, FAR_S = 0.5;
static const float PLANTED_WITH = 0.75F;

static const char *const PAIRS[][2] = {{"mz_331_3_ENSTDkCl", "sonata11-3"},
                                       {"pathetique_2_ENSTDkAm", "sonata08-2"},
                                       {"chpn_op7_1_ENSTDkAm", "mazurka07-1"}};

typedef struct {
  Motion *truth;
  Score *score;             /* as written */
  Score *read;              /* with what is misread */
  uint8_t *misread;         /* by id: 0, or the pitch that is written plus one */
  Transcription *heard;
  ScoreUnfolded *unfolded;  /* of what is read */
  Alignment *alignment;
  double *quarters, *times_s; /* truth; null: half a second a quarter */
  size_t n_times;
  uint32_t planted_from; /* ids of notes that were planted */
} Piece;

static void clear_piece(Piece *piece) {
  motion_free(piece->truth);
  score_free(piece->score);
  score_free(piece->read);
  free(piece->misread);
  transcription_free(piece->heard);
  score_unfolded_free(piece->unfolded);
  alignment_free(piece->alignment);
  free(piece->quarters);
  free(piece->times_s);
}

/* ---- the score ---- */

static void load_times(Piece *piece, const char *path) {
  char line[200];
  FILE *file = fopen(path, "r");
  piece->quarters = malloc(20000 * sizeof(double));
  piece->times_s = malloc(20000 * sizeof(double));
  while (file && piece->n_times < 20000 && fgets(line, sizeof line, file))
    if (sscanf(line, "%lf,%lf", &piece->quarters[piece->n_times], &piece->times_s[piece->n_times]) == 2) piece->n_times++;
  if (file) fclose(file);
}

static double true_time_s(const Piece *piece, double quarter) {
  if (!piece->n_times) return quarter / 2;
  size_t i = 0;
  while (i + 2 < piece->n_times && piece->quarters[i + 1] <= quarter) i++;
  const double q0 = piece->quarters[i], q1 = piece->quarters[i + 1], t0 = piece->times_s[i], t1 = piece->times_s[i + 1];
  return t0 + (t1 - t0) * (quarter - q0) / (q1 - q0);
}

/* What a player would have had before him who plays some notes more and leaves out others. */
static Motion *written_for(const Motion *played, BaseRng *rng) {
  static const int beside[] = {-12, -7, -4, 3, 4, 7, 12};
  Motion *motion = motion_new();
  for (size_t i = 0; i < played->notes.n; i++) {
    const MotionNote *note = &played->notes.items[i];
    const uint32_t dice = base_rng_below(rng, DEVIATION_ONE_IN);
    if (dice != 0) motion_add(motion, note->onset_s, note->key_up_s, note->midi, note->velocity, 1);
    const int midi = note->midi + beside[base_rng_below(rng, 7)];
    if (dice == 1 && midi >= 21 && midi <= 108) motion_add(motion, note->onset_s, note->key_up_s, midi, note->velocity, 1);
  }
  motion_sort(motion);
  return motion;
}

static BaseStatus invent_score(BaseContext *ctx, Piece *piece, BaseRng *rng) {
  char path[] = "/tmp/bench-check-XXXXXX.mid";
  const char *paths[] = {path};
  const int file = mkstemps(path, 4);
  Motion *motion = written_for(piece->truth, rng);
  if (file >= 0) close(file);
  BaseStatus status = flow_write_motion(ctx, motion, path);
  if (status == BASE_OK) status = flow_load_score(ctx, &piece->score, paths, 1);
  remove(path);
  motion_free(motion);
  return status;
}

static BaseStatus find_score(BaseContext *ctx, Piece *piece, const char *folder, const char *name, BaseRng *rng) {
  for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
    if (strcmp(PAIRS[i][0], name) != 0) continue;
    char path[1200];
    const char *paths[] = {path};
    snprintf(path, sizeof path, "%s/pairs/%s/truth.csv", folder, PAIRS[i][1]);
    load_times(piece, path);
    snprintf(path, sizeof path, "%s/pairs/%s/score.musicxml", folder, PAIRS[i][1]);
    return flow_load_score(ctx, &piece->score, paths, 1);
  }
  return invent_score(ctx, piece, rng);
}

static void misread(Piece *piece, BaseRng *rng) {
  piece->read = score_dup(piece->score);
  piece->misread = calloc((size_t)piece->read->next_id + 1, 1);
  for (size_t i = 0; i < piece->read->notes.n; i++) {
    ScoreNote *note = &piece->read->notes.items[i];
    if (note->kind != SCORE_NOTE || note->grace || base_rng_below(rng, MISREAD_ONE_IN)) continue;
    const int step = note->step + (base_rng_uniform(rng) < 0.5 ? 1 : -1);
    piece->misread[note->id] = (uint8_t)(1 + score_midi(note));
    note->octave = (int8_t)(note->octave + (step > 6) - (step < 0));
    note->step = (int8_t)((step + 7) % 7);
    note->ties = 0;
  }
}

/* ---- hearing, as the window does ---- */

static BaseStatus align(BaseContext *ctx, Piece *piece) {
  Transcription *decided = NULL;
  BaseStatus status = flow_align_heard(ctx, &piece->unfolded, &piece->alignment, piece->read, piece->heard, NULL, 0);
  if (status == BASE_OK) status = flow_decide(ctx, &decided, piece->heard, piece->unfolded, piece->alignment);
  if (status != BASE_OK) return status;
  transcription_free(piece->heard);
  alignment_free(piece->alignment);
  piece->heard = decided;
  piece->alignment = NULL;
  return alignment_align(ctx, &piece->alignment, piece->unfolded, decided->motion, decided->evidence, NULL);
}

static bool open_piece(BaseContext *ctx, Piece *piece, const char *folder, const char *name, BaseRng *rng) {
  char audio[1200], notes[1200];
  snprintf(audio, sizeof audio, "%s/maps/%s/audio.flac", folder, name);
  snprintf(notes, sizeof notes, "%s/maps/%s/notes.csv", folder, name);
  *piece = (Piece){0};
  BaseStatus status = flow_load_motion(ctx, &piece->truth, notes);
  if (status == BASE_OK) status = find_score(ctx, piece, folder, name, rng);
  if (status != BASE_OK) return false;
  misread(piece, rng);
  status = flow_listen(ctx, &piece->heard, audio, NULL);
  return status == BASE_OK && align(ctx, piece) == BASE_OK;
}

/* ---- the truth ---- */

static bool sounds(const Motion *motion, double at_s, int midi, double near_s) {
  for (size_t i = 0; i < motion->notes.n; i++)
    if (motion->notes.items[i].midi == midi && fabs(motion->notes.items[i].onset_s - at_s) < near_s) return true;
  return false;
}

static bool is_misread(const Piece *piece, size_t sound) {
  return piece->misread[piece->unfolded->sounds.items[sound].note] != 0;
}

static double place_s(const Piece *piece, size_t sound) {
  return alignment_time_s(piece->alignment, beat_double(piece->unfolded->sounds.items[sound].onset));
}

/* A sound that was said not to be heard sounds, and no other note that was heard can be meant by it. */
static bool was_missed(const Piece *piece, size_t sound) {
  const double at_s = true_time_s(piece, beat_double(piece->unfolded->sounds.items[sound].onset));
  const int midi = piece->unfolded->sounds.items[sound].midi;
  return sounds(piece->truth, at_s, midi, NEAR_S) && !sounds(piece->heard->motion, at_s, midi, NEAR_S);
}

/* Something written there is misread, and this is its pitch. */
static bool is_meant(const Piece *piece, const MotionNote *note) {
  for (size_t i = 0; i < piece->unfolded->sounds.n; i++)
    if (piece->misread[piece->unfolded->sounds.items[i].note] == note->midi + 1 && fabs(place_s(piece, i) - note->onset_s) < SWAP_S)
      return true;
  return false;
}

static const MotionNote *note_of(const Piece *piece, uint32_t id) {
  for (size_t i = 0; i < piece->heard->motion->notes.n; i++)
    if (piece->heard->motion->notes.items[i].id == id) return &piece->heard->motion->notes.items[i];
  return NULL;
}

static bool link_is_wrong(const Piece *piece, const AlignmentLink *link) {
  const MotionNote *note = link->note ? note_of(piece, link->note) : NULL;
  if (link->sound >= 0 && is_misread(piece, (size_t)link->sound)) return true;
  if (link->verdict == ALIGNMENT_NOT_PLAYED) return was_missed(piece, (size_t)link->sound);
  return note && (!sounds(piece->truth, note->onset_s, note->midi, NEAR_S) || (link->verdict == ALIGNMENT_EXTRA && is_meant(piece, note)));
}

static gsize place_of(const Piece *piece, const TriPlace *places, const AlignmentLink *link) {
  if (link->sound >= 0) return places_of_sound(piece->unfolded, (gsize)link->sound);
  return places_before(places, piece->unfolded->onsets.n, note_of(piece, link->note)->onset_s + 0.03);
}

static bool is_wrong(const Piece *piece, const TriPlace *places, const PlacesDoubt *doubt) {
  if (doubt->reason == PLACES_TIMING) {
    for (gsize o = doubt->first; o <= doubt->last; o++)
      if (fabs(places[o].time_s - true_time_s(piece, places[o].quarter)) > OFF_S) return true;
    return false;
  }
  for (size_t i = 0; i < piece->alignment->links.n; i++) {
    const AlignmentLink *link = &piece->alignment->links.items[i];
    const gsize place = place_of(piece, places, link);
    const bool meant = doubt->reason == PLACES_NOT_WRITTEN   ? link->verdict == ALIGNMENT_EXTRA
                       : doubt->reason == PLACES_NOT_HEARD ? link->verdict == ALIGNMENT_NOT_PLAYED
                                                             : link->sound >= 0;
    if (meant && place >= doubt->first && place <= doubt->last && link_is_wrong(piece, link)) return true;
  }
  return false;
}

/* ---- what is measured ---- */

typedef struct {
  int wrong, shown;
} First;

typedef struct {
  float chance;
  bool sounds;
} Case;

typedef struct {
  First without, with;
  BASE_ARRAY(Case) ear, piano; /* notes that were heard and are not written, as each of them judges */
  double weigh_s;
  int planted_without, planted_with;
} Figures;

/* The first places of the list of a project that nobody has touched; `places` has room for all. */
static gsize list(PlacesDoubt doubts[LISTED], TriPlace *places, const Piece *piece, const float *sounding,
                  const FlowSuspicion *suspicions) {
  Project *project = project_new();
  places_fill(places, piece->unfolded, piece->alignment, NULL, project);
  const PlacesView view = {.score = piece->read, .unfolded = piece->unfolded, .alignment = piece->alignment,
                           .motion = piece->heard->motion, .places = places, .project = project,
                           .suspicions = suspicions, .sounding = sounding};
  const gsize n = places_doubts(doubts, LISTED, &view);
  project_free(project);
  return n;
}

static First first_ten(const Piece *piece, const float *sounding, const FlowSuspicion *suspicions, bool tell) {
  First first = {0};
  PlacesDoubt doubts[LISTED];
  g_autofree TriPlace *places = g_new0(TriPlace, piece->unfolded->onsets.n + 1);
  const gsize n = list(doubts, places, piece, sounding, suspicions);
  for (gsize i = 0; i < n; i++) {
    const bool wrong = is_wrong(piece, places, &doubts[i]);
    first.wrong += wrong, first.shown++;
    if (tell)
      printf("    %c %d %.2f place %zu at %.2f s, %u notes, pitch %d\n", wrong ? '+' : '-', doubts[i].reason, doubts[i].worth, doubts[i].first,
             places[doubts[i].first].time_s, doubts[i].n_notes, doubts[i].midi);
  }
  return first;
}

static void judge_notes(Figures *sum, const Piece *piece, const float *sounding, bool tell) {
  for (size_t i = 0; i < piece->alignment->links.n; i++) {
    const AlignmentLink *link = &piece->alignment->links.items[i];
    const MotionNote *note = link->verdict == ALIGNMENT_EXTRA ? note_of(piece, link->note) : NULL;
    if (!note) continue;
    const bool is = sounds(piece->truth, note->onset_s, note->midi, NEAR_S);
    const Case by_ear = {note->confidence, is}, by_piano = {sounding[note - piece->heard->motion->notes.items], is};
    base_array_push(&sum->ear, by_ear);
    base_array_push(&sum->piano, by_piano);
    if (tell)
      printf("    %s pitch %d at %.2f s: heard %.2f, sounding %.2f\n", is ? "true " : "false", note->midi, note->onset_s,
             (double)by_ear.chance, (double)by_piano.chance);
  }
}

static double area(const Case *cases, size_t n) {
  double wins = 0, pairs = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      if (cases[i].sounds && !cases[j].sounds) {
        wins += cases[i].chance > cases[j].chance ? 1 : cases[i].chance == cases[j].chance ? 0.5 : 0;
        pairs++;
      }
  return pairs ? wins / pairs : NAN;
}

static int count_sounding(const Case *cases, size_t n) {
  int found = 0;
  for (size_t i = 0; i < n; i++) found += cases[i].sounds;
  return found;
}

/* Ten notes that were not played, heard beside others, as surely as such notes are. */
static void plant(Piece *piece, BaseRng *rng) {
  static const int beside[] = {-12, -1, 1, 7, 12};
  Motion *motion = piece->heard->motion;
  const size_t n = motion->notes.n;
  for (int tries = 0, planted = 0; planted < PLANTED && tries < 1000; tries++) {
    const MotionNote note = motion->notes.items[base_rng_below(rng, (uint32_t)n)];
    const int midi = note.midi + beside[base_rng_below(rng, 5)];
    if (midi < 21 || midi > 108 || sounds(piece->truth, note.onset_s, midi, FAR_S)) continue;
    planted += motion_add(motion, note.onset_s, note.key_up_s, midi, note.velocity, PLANTED_WITH);
  }
  motion_sort(motion);
  piece->planted_from = (uint32_t)(motion->next_id - PLANTED);
}

/* How many of the first ten places lead to one of these. */
static int lead_to_planted(const Piece *piece, const float *sounding, const FlowSuspicion *suspicions) {
  PlacesDoubt doubts[LISTED];
  g_autofree TriPlace *places = g_new0(TriPlace, piece->unfolded->onsets.n + 1);
  const gsize n = list(doubts, places, piece, sounding, suspicions);
  int found = 0;
  for (gsize i = 0; i < n; i++) {
    bool leads = false;
    for (size_t k = 0; k < piece->alignment->links.n && !leads; k++) {
      const AlignmentLink *link = &piece->alignment->links.items[k];
      const gsize place = link->note >= piece->planted_from ? place_of(piece, places, link) : 0;
      leads = link->note >= piece->planted_from && place >= doubts[i].first && place <= doubts[i].last;
    }
    found += leads;
  }
  return found;
}

static bool measure_planted(BaseContext *ctx, Figures *sum, Piece *piece, const char *audio, const PianoModel *piano,
                            const FlowSuspicion *suspicions, BaseRng *rng) {
  float *sounding = NULL;
  plant(piece, rng);
  alignment_free(piece->alignment);
  score_unfolded_free(piece->unfolded);
  piece->alignment = NULL;
  piece->unfolded = NULL;
  bool fine = flow_align_heard(ctx, &piece->unfolded, &piece->alignment, piece->score, piece->heard, NULL, 0) == BASE_OK &&
              flow_weigh(ctx, &sounding, audio, piano, piece->heard->motion) == BASE_OK;
  if (fine) {
    sum->planted_without = lead_to_planted(piece, NULL, suspicions);
    sum->planted_with = lead_to_planted(piece, sounding, suspicions);
  }
  free(sounding);
  return fine;
}

static bool measure(Figures *sum, const char *folder, const char *name, size_t seed, bool tell) {
  BaseContext ctx = {.threads = 1};
  BaseRng rng = base_rng(11, seed);
  Piece piece;
  char audio[1200];
  PianoModel piano;
  float *sounding = NULL;
  FlowSuspicion *suspicions = NULL;
  snprintf(audio, sizeof audio, "%s/maps/%s/audio.flac", folder, name);
  bool fine = open_piece(&ctx, &piece, folder, name, &rng);
  const clock_t from = clock();
  fine = fine && flow_learn_piano(&ctx, &piano, audio, piece.heard->motion) == BASE_OK;
  fine = fine && flow_weigh(&ctx, &sounding, audio, &piano, piece.heard->motion) == BASE_OK;
  sum->weigh_s = (double)(clock() - from) / CLOCKS_PER_SEC;
  fine = fine && flow_suspect(&ctx, &suspicions, piece.read) == BASE_OK;
  if (fine) {
    judge_notes(sum, &piece, sounding, tell);
    sum->without = first_ten(&piece, NULL, suspicions, tell);
    sum->with = first_ten(&piece, sounding, suspicions, tell);
    fine = measure_planted(&ctx, sum, &piece, audio, &piano, suspicions, &rng);
  } else {
    printf("  %s: %s\n", name, ctx.sentence);
  }
  free(suspicions);
  free(sounding);
  clear_piece(&piece);
  return fine;
}

static bool wanted(const char *name, int argc, char **argv) {
  int named = 0;
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], name) == 0) return true;
    named += argv[i][0] != '-';
  }
  return named == 0;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
  char *names[MOST_PIECES], maps[1100];
  size_t n = 0;
  First without = {0}, with = {0};
  if (argc < 2) return 2;
  const bool tell = strcmp(argv[argc - 1], "-v") == 0;
  snprintf(maps, sizeof maps, "%s/maps", argv[1]);
  DIR *folder = opendir(maps);
  for (struct dirent *entry; folder && n < MOST_PIECES && (entry = readdir(folder));)
    if (entry->d_name[0] != '.') names[n++] = strdup(entry->d_name);
  if (folder) closedir(folder);
  qsort(names, n, sizeof *names, compare_names);
  printf("  %-26s %12s %12s   %s\n", "", "without", "with", "notes that are not written: AUC of the ear, with the piano; how many sound; places that lead to ten planted ones, without, with; CPU");
  for (size_t i = 0; i < n; i++) {
    Figures f = {0};
    if (wanted(names[i], argc, argv) && measure(&f, argv[1], names[i], i, tell)) {
      printf("  %-26s %6d of %-2d %6d of %-2d   %.3f  %.3f  %3d of %-3zu  %2d %2d  %.0f s\n", names[i], f.without.wrong,
             f.without.shown, f.with.wrong, f.with.shown, area(f.ear.items, f.ear.n), area(f.piano.items, f.piano.n),
             count_sounding(f.piano.items, f.piano.n), f.piano.n, f.planted_without, f.planted_with, f.weigh_s);
      fflush(stdout);
    }
    without.wrong += f.without.wrong, without.shown += f.without.shown;
    with.wrong += f.with.wrong, with.shown += f.with.shown;
    base_array_clear(&f.ear);
    base_array_clear(&f.piano);
    free(names[i]);
  }
  if (without.shown)
    printf("  of the first ten places of the list are worth a look: without %.1f %%, with the evidence %.1f %%\n",
           100.0 * without.wrong / without.shown, 100.0 * with.wrong / fmax(1, with.shown));
  return 0;
}
