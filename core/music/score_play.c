/* Each sound of the unfolded score becomes key strokes at the written tempo; grace notes go before their
 * beat, rolled chords after it. At last each key of a part gets at most one finger at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_sort.h"
#include "core/music/motion.h"
#include "core/music/score.h"
#include "core/music/score_dynamics.h"
#include "core/music/score_ornament.h"
#include "core/music/score_tempo.h"

#include <math.h>
#include <stdlib.h>

static const double GRACE_S = 0.09, ROLL_S = 0.03, SHORTEST_S = 0.02, PEDAL_GAP_S = 0.05;

/* A note found by its id. */
typedef struct {
  uint32_t id, index;
} Named;

/* A grace note waiting for its turn before the beat. */
typedef struct {
  size_t sound;
  uint32_t note; /* index */
  int16_t part, voice;
  Beat onset;
} Grace;

typedef struct {
  const Score *score;
  const ScoreUnfolded *unfolded;
  ScoreTempoMap tempo;
  Named *names;
  uint8_t *velocity; /* for each note */
  int8_t *fifths;    /* for each note */
  double lead_s;     /* silence before the first beat, for grace notes */
  Motion *motion;
  BASE_ARRAY(Grace) graces;
  ScoreStroke strokes[SCORE_MOST_STROKES];
} Player;

static int compare_names(const void *left, const void *right) {
  const Named *a = left, *b = right;
  return (a->id > b->id) - (a->id < b->id);
}

static const Named *find(const Player *player, uint32_t id) {
  Named wanted = {.id = id};
  return bsearch(&wanted, player->names, player->score->notes.n, sizeof wanted, compare_names);
}

static void name_notes(Player *player) {
  size_t n = player->score->notes.n;
  for (size_t i = 0; i < n; i++) player->names[i] = (Named){player->score->notes.items[i].id, (uint32_t)i};
  base_sort(player->names, n, sizeof *player->names, compare_names);
}

static bool follow_keys(Player *player) {
  const Score *score = player->score;
  int8_t *now = calloc(score->parts.n + 1, 1);
  if (!now) return false;
  size_t s = 0;
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    for (; s < score->signs.n; s++) {
      const ScoreSign *sign = &score->signs.items[s];
      bool later = sign->measure > note->measure ||
                   (sign->measure == note->measure && beat_compare(sign->onset, note->onset) > 0);
      if (later) break;
      if (sign->kind == SCORE_SIGN_KEY) now[sign->part] = sign->fifths;
    }
    player->fifths[i] = now[note->part];
  }
  free(now);
  return true;
}

static double time_of(const Player *player, Beat quarter) {
  return player->lead_s + score_tempo_time_s(&player->tempo, quarter);
}

/* Parts sit on channels of their own; the tenth is percussion in MIDI and left free. */
static uint8_t channel(int part) {
  int c = part % 15;
  return (uint8_t)(c >= 9 ? c + 1 : c);
}

static bool strike(Player *player, const ScoreSound *sound, uint32_t note, double onset_s, double up_s,
                   int midi) {
  up_s = fmax(up_s, onset_s + SHORTEST_S);
  if (!motion_add(player->motion, onset_s, up_s, midi, player->velocity[note], 1)) return false;
  MotionNote *added = &player->motion->notes.items[player->motion->notes.n - 1];
  added->channel = channel(sound->part);
  added->score_note = sound->note;
  return true;
}

static double held_part(const ScoreNote *note) {
  return note->marks & SCORE_STACCATISSIMO ? 0.3 : note->marks & SCORE_STACCATO ? 0.5 : 1;
}

/* `rank`: how many notes of a rolled chord come before this one. */
static bool play_sound(Player *player, const ScoreSound *sound, uint32_t index, size_t rank) {
  const ScoreNote *note = &player->score->notes.items[index];
  double onset_s = time_of(player, sound->onset),
         end_s = time_of(player, beat_add(sound->onset, sound->duration));
  double quarters = beat_double(sound->duration), whole_s = end_s - onset_s;
  onset_s += fmin(ROLL_S * (double)rank, whole_s / 2);
  size_t n = score_strokes(player->strokes, note, player->fifths[index], end_s - onset_s,
                           quarters > 0 ? whole_s / quarters : 1);
  for (size_t i = 0; i < n; i++) {
    const ScoreStroke *stroke = &player->strokes[i];
    double up_s = stroke->onset_s + (stroke->up_s - stroke->onset_s) * (n == 1 ? held_part(note) : 1);
    if (!strike(player, sound, index, onset_s + stroke->onset_s, onset_s + up_s,
                sound->midi + stroke->semitones))
      return false;
  }
  return true;
}

static bool play_sounds(Player *player) {
  const ScoreUnfolded *unfolded = player->unfolded;
  size_t rank = 0;
  for (size_t i = 0; i < unfolded->sounds.n; i++) {
    const ScoreSound *sound = &unfolded->sounds.items[i], *before = i ? sound - 1 : NULL;
    const Named *name = find(player, sound->note);
    if (!name || sound->grace) continue;
    bool rolled = player->score->notes.items[name->index].marks & SCORE_ARPEGGIO;
    if (!before || !beat_equal(before->onset, sound->onset)) rank = 0;
    if (!play_sound(player, sound, name->index, rolled ? rank++ : 0)) return false;
  }
  return true;
}

/* ---- grace notes ---- */

static int compare_graces(const void *left, const void *right) {
  const Grace *a = left, *b = right;
  int order = beat_compare(a->onset, b->onset);
  if (order) return order;
  if (a->part != b->part) return a->part - b->part;
  if (a->voice != b->voice) return a->voice - b->voice;
  return (a->note > b->note) - (a->note < b->note);
}

static bool collect_graces(Player *player) {
  for (size_t i = 0; i < player->unfolded->sounds.n; i++) {
    const ScoreSound *sound = &player->unfolded->sounds.items[i];
    const Named *name = sound->grace ? find(player, sound->note) : NULL;
    if (!name) continue;
    int16_t voice = player->score->notes.items[name->index].voice;
    if (!base_array_push(&player->graces, (Grace){i, name->index, sound->part, voice, sound->onset}))
      return false;
  }
  base_sort(player->graces.items, player->graces.n, sizeof *player->graces.items, compare_graces);
  return true;
}

static size_t run_end(const Player *player, size_t first) {
  const Grace *graces = player->graces.items;
  size_t end = first + 1;
  while (end < player->graces.n && graces[end].part == graces[first].part &&
         graces[end].voice == graces[first].voice && beat_equal(graces[end].onset, graces[first].onset))
    end++;
  return end;
}

/* Notes of a grace chord share a slot. */
static size_t slots(const Player *player, size_t first, size_t end) {
  size_t n = 0;
  for (size_t i = first; i < end; i++)
    n += i == first || !player->score->notes.items[player->graces.items[i].note].chord;
  return n;
}

/* A run takes at most half of the quarter before its beat. */
static double slot_s(const Player *player, size_t first, size_t n) {
  Beat onset = player->graces.items[first].onset;
  double quarter_s = time_of(player, onset) - time_of(player, beat_sub(onset, beat_whole(1)));
  return fmin(GRACE_S, quarter_s / 2 / (double)n);
}

static double lead_needed(const Player *player) {
  double lead_s = 0;
  for (size_t i = 0, end; i < player->graces.n; i = end) {
    end = run_end(player, i);
    size_t n = slots(player, i, end);
    lead_s = fmax(lead_s, (double)n * slot_s(player, i, n) - time_of(player, player->graces.items[i].onset));
  }
  return lead_s;
}

static bool play_run(Player *player, size_t first, size_t end) {
  size_t n = slots(player, first, end), slot = 0;
  double each_s = slot_s(player, first, n), beat_s = time_of(player, player->graces.items[first].onset);
  for (size_t i = first; i < end; i++) {
    const Grace *grace = &player->graces.items[i];
    if (i > first && !player->score->notes.items[grace->note].chord) slot++;
    double onset_s = beat_s - each_s * (double)(n - slot);
    const ScoreSound *sound = &player->unfolded->sounds.items[grace->sound];
    if (!strike(player, sound, grace->note, onset_s, onset_s + each_s, sound->midi)) return false;
  }
  return true;
}

static bool play_graces(Player *player) {
  for (size_t i = 0, end; i < player->graces.n; i = end) {
    end = run_end(player, i);
    if (!play_run(player, i, end)) return false;
  }
  return true;
}

/* ---- pedal, beats, fingers ---- */

static bool press(Player *player, double time_s, int depth) {
  return base_array_push(&player->motion->pedals, (MotionPedal){time_s, MOTION_SUSTAIN, (uint8_t)depth});
}

static bool play_pedal(Player *player, const ScoreSign *sign, Beat start) {
  double time_s = time_of(player, beat_add(start, sign->onset));
  if (sign->edge == SCORE_EDGE_START) return press(player, time_s, 127);
  if (sign->edge == SCORE_EDGE_STOP) return press(player, time_s, 0);
  return sign->edge != SCORE_EDGE_CHANGE ||
         (press(player, time_s, 0) && press(player, time_s + PEDAL_GAP_S, 127));
}

static size_t first_sign(const Score *score, int32_t measure) {
  size_t low = 0, high = score->signs.n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (score->signs.items[middle].measure < measure)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool play_step(Player *player, const ScoreStep *step) {
  const Score *score = player->score;
  if (!base_array_push(&player->motion->beats, (MotionBeat){step->start, time_of(player, step->start)}))
    return false;
  for (size_t i = first_sign(score, step->measure); i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    if (sign->measure != step->measure) break;
    if (sign->kind == SCORE_SIGN_PEDAL && !play_pedal(player, sign, step->start)) return false;
  }
  return true;
}

static bool play_steps(Player *player) {
  const ScoreUnfolded *unfolded = player->unfolded;
  for (size_t i = 0; i < unfolded->steps.n; i++)
    if (!play_step(player, &unfolded->steps.items[i])) return false;
  for (size_t i = 0; i < player->tempo.n; i++) {
    Beat quarter = player->tempo.items[i].quarter;
    if (!base_array_push(&player->motion->beats, (MotionBeat){quarter, time_of(player, quarter)}))
      return false;
  }
  if (!unfolded->steps.n) return true;
  const ScoreStep *last = &unfolded->steps.items[unfolded->steps.n - 1];
  Beat end = beat_add(last->start, player->score->measures.items[last->measure].length);
  return base_array_push(&player->motion->beats, (MotionBeat){end, time_of(player, end)});
}

static void drop_double_beats(Motion *motion) {
  size_t kept = 0;
  for (size_t i = 0; i < motion->beats.n; i++)
    if (!kept || beat_compare(motion->beats.items[kept - 1].quarter, motion->beats.items[i].quarter) < 0)
      motion->beats.items[kept++] = motion->beats.items[i];
  motion->beats.n = kept;
}

/* A key that two voices want at once is struck once and held as long as the longer; one that is struck again
 * while it is down goes up first. */
static void one_finger_a_key(Motion *motion) {
  size_t last[16][128] = {0}, kept = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote note = motion->notes.items[i];
    size_t *before = &last[note.channel & 15][note.midi & 127];
    MotionNote *held = *before ? &motion->notes.items[*before - 1] : NULL;
    if (held && note.onset_s - held->onset_s < SHORTEST_S / 2) {
      held->key_up_s = fmax(held->key_up_s, note.key_up_s);
      if (held->velocity < note.velocity) held->velocity = note.velocity;
      continue;
    }
    if (held && held->key_up_s > note.onset_s) held->key_up_s = note.onset_s;
    motion->notes.items[kept++] = note;
    *before = kept;
  }
  motion->notes.n = kept;
}

static bool play_all(Player *player) {
  if (!follow_keys(player) || !collect_graces(player)) return false;
  player->lead_s = lead_needed(player);
  if (!play_sounds(player) || !play_graces(player) || !play_steps(player)) return false;
  motion_sort(player->motion);
  drop_double_beats(player->motion);
  one_finger_a_key(player->motion);
  return true;
}

static BaseStatus perform(BaseContext *ctx, Player *player, const ScorePlayParams *params) {
  size_t n = player->score->notes.n + 1;
  player->motion = motion_new();
  player->names = calloc(n, sizeof *player->names);
  player->velocity = calloc(n, 1);
  player->fifths = calloc(n, 1);
  if (!player->motion || !player->names || !player->velocity || !player->fifths) return base_fail_memory(ctx);
  name_notes(player);
  double tempo = params ? params->quarters_per_minute : 0;
  BaseStatus status = score_velocities(ctx, player->velocity, player->score);
  if (status == BASE_OK)
    status = score_tempo_map(ctx, &player->tempo, player->score, player->unfolded, tempo);
  if (status != BASE_OK) return status;
  return play_all(player) ? BASE_OK : base_fail_memory(ctx);
}

BaseStatus score_play(BaseContext *ctx, Motion **out, const Score *score, const ScoreUnfolded *unfolded,
                      const ScorePlayParams *params) {
  Player *player = calloc(1, sizeof *player);
  if (!player) return base_fail_memory(ctx);
  player->score = score;
  player->unfolded = unfolded;
  BaseStatus status = perform(ctx, player, params);
  if (status == BASE_OK)
    *out = player->motion;
  else
    motion_free(player->motion);
  free(player->names);
  free(player->velocity);
  free(player->fifths);
  base_array_clear(&player->tempo);
  base_array_clear(&player->graces);
  free(player);
  return status;
}
