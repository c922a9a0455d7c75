/* Match: one line for each note of the score, with the note that plays it, for each note more and for each move of the
 * pedal (Foscarin, Karystinaios, Peter, Cancino-Chacón, Grachten & Widmer 2022). Times are ticks of 480 to half a second.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/base/base_number.h"
#include "core/flow/flow_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS = 480, HALF_SECOND_US = 500000, NUMBER_SIZE = 40 };

/* ---- notes by id ---- */

static int compare_ids(const void *a, const void *b) {
  const uint32_t x = (*(const MotionNote *const *)a)->id, y = (*(const MotionNote *const *)b)->id;
  return (x > y) - (x < y);
}

bool flow_notes_init(FlowNotes *notes, const Motion *motion) {
  *notes = (FlowNotes){malloc((motion->notes.n + 1) * sizeof *notes->items), motion->notes.n};
  if (!notes->items) return false;
  for (size_t i = 0; i < notes->n; i++) notes->items[i] = &motion->notes.items[i];
  qsort(notes->items, notes->n, sizeof *notes->items, compare_ids);
  return true;
}

const MotionNote *flow_notes_find(const FlowNotes *notes, uint32_t id) {
  const MotionNote wanted = {.id = id}, *key = &wanted;
  const MotionNote *const *found = notes->n ? bsearch(&key, notes->items, notes->n, sizeof *notes->items, compare_ids) : NULL;
  return found ? *found : NULL;
}

void flow_put_sound_id(FILE *stream, const FlowAligned *aligned, const ScoreSound *sound) {
  fprintf(stream, "n%u-%d", sound->note, aligned->unfolded->steps.items[sound->step].pass);
}

/* ---- numbers ---- */

static void put_number(FILE *stream, double value) {
  char text[NUMBER_SIZE];
  base_number_write(text, sizeof text, value, 4);
  fputs(text, stream);
}

/* A part of a whole note: "3/16", "0". */
static void put_part(FILE *stream, Beat quarters) {
  const Beat part = beat_make(quarters.num, quarters.den * 4);
  if (part.num == 0)
    fputc('0', stream);
  else if (part.den == 1)
    fprintf(stream, "%lld", (long long)part.num);
  else
    fprintf(stream, "%lld/%lld", (long long)part.num, (long long)part.den);
}

static long ticks(double time_s) {
  return lround(fmax(0, time_s) * TICKS * 1e6 / HALF_SECOND_US);
}

/* ---- lines ---- */

/* The sign of a kind that holds at the beginning of a measure; null when there is none. */
static const ScoreSign *sign_at(const Score *score, int32_t measure, ScoreSignKind kind) {
  const ScoreSign *found = NULL;
  for (size_t i = 0; i < score->signs.n && score->signs.items[i].measure <= measure; i++)
    if (score->signs.items[i].kind == kind) found = &score->signs.items[i];
  return found;
}

/* Quarters in a beat of the measure's time. */
static Beat unit_of(const Score *score, int32_t measure) {
  const ScoreSign *time = sign_at(score, measure, SCORE_SIGN_TIME);
  return time && time->beat_type > 0 ? beat_make(4, time->beat_type) : beat_make(1, 1);
}

static void put_header(FILE *stream, const FlowAligned *aligned) {
  static const char *const FIFTHS[] = {"Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"};
  const ScoreSign *key = sign_at(aligned->score, 0, SCORE_SIGN_KEY), *time = sign_at(aligned->score, 0, SCORE_SIGN_TIME);
  fputs("info(matchFileVersion,1.0.0).\ninfo(piece,-).\ninfo(scoreFileName,-).\ninfo(midiFileName,-).\n", stream);
  fprintf(stream, "info(composer,-).\ninfo(performer,-).\ninfo(midiClockUnits,%d).\ninfo(midiClockRate,%d).\n", TICKS,
          HALF_SECOND_US);
  const int fifths = key && key->fifths >= -7 && key->fifths <= 7 ? key->fifths : 0;
  fprintf(stream, "scoreprop(keySignature,%s,1:1,0,0.0000).\n", FIFTHS[fifths + 7]);
  if (time && time->beats > 0)
    fprintf(stream, "scoreprop(timeSignature,%d/%d,1:1,0,0.0000).\n", time->beats, time->beat_type);
}

static void put_spelling(FILE *stream, const ScoreNote *note) {
  static const char *const ALTERS[] = {"bb", "b", "n", "#", "x"};
  const int alter = note->alter < -2 ? -2 : note->alter > 2 ? 2 : note->alter;
  fprintf(stream, "[%c,%s],%d", "CDEFGAB"[note->step % 7], ALTERS[alter + 2], note->octave);
}

static void put_snote(FILE *stream, const FlowAligned *aligned, const ScoreSound *sound) {
  const ScoreStep *step = &aligned->unfolded->steps.items[sound->step];
  const ScoreNote *note = score_find_note(aligned->score, sound->note);
  const ScoreNote unknown = {.octave = (int8_t)(sound->midi / 12 - 1)};
  const Beat unit = unit_of(aligned->score, step->measure), into = beat_sub(sound->onset, step->start);
  const double per = beat_double(unit);
  const int whole = (int)floor(beat_double(into) / per + 1e-9);
  fputs("snote(", stream);
  flow_put_sound_id(stream, aligned, sound);
  fputc(',', stream);
  put_spelling(stream, note ? note : &unknown);
  fprintf(stream, ",%d:%d,", sound->step + 1, whole + 1);
  put_part(stream, beat_sub(into, beat_make(unit.num * whole, unit.den)));
  fputc(',', stream);
  put_part(stream, sound->duration);
  fputc(',', stream);
  put_number(stream, beat_double(sound->onset) / per);
  fputc(',', stream);
  put_number(stream, beat_double(beat_add(sound->onset, sound->duration)) / per);
  fprintf(stream, ",[%sv%d,staff%d])", sound->grace ? "grace," : "", note ? note->voice : 1, sound->staff + 1);
}

static void put_note(FILE *stream, const MotionNote *note) {
  fprintf(stream, "note(n%u,%d,%ld,%ld,%d,%d,0).\n", note->id, note->midi, ticks(note->onset_s), ticks(note->key_up_s),
          note->velocity, note->channel);
}

/* "trill", as the sign at the note says. */
static const char *ornament_name(const ScoreNote *note) {
  const uint32_t marks = note ? note->marks : 0;
  return marks & SCORE_TRILL                                      ? "trill"
         : marks & (SCORE_TURN | SCORE_INVERTED_TURN)             ? "turn"
         : marks & (SCORE_MORDENT | SCORE_INVERTED_MORDENT)       ? "mordent"
         : marks & SCORE_ARPEGGIO                                 ? "arpeggio"
                                                                  : "ornament";
}

static void put_ornament(FILE *stream, const FlowAligned *aligned, const ScoreSound *sound, const MotionNote *note) {
  fputs("ornament(", stream);
  flow_put_sound_id(stream, aligned, sound);
  fprintf(stream, ",[%s])-", ornament_name(score_find_note(aligned->score, sound->note)));
  put_note(stream, note);
}

static void put_link(FILE *stream, const FlowAligned *aligned, const AlignmentLink *link, const MotionNote *note) {
  const bool written = link->sound >= 0;
  if (link->verdict == ALIGNMENT_ORNAMENT) {
    if (written && note) put_ornament(stream, aligned, &aligned->unfolded->sounds.items[link->sound], note);
    return;
  }
  if (written) put_snote(stream, aligned, &aligned->unfolded->sounds.items[link->sound]);
  if (!note) {
    if (written) fputs("-deletion.\n", stream);
    return;
  }
  fputs(written ? "-" : "insertion-", stream);
  put_note(stream, note);
}

void flow_put_match(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  const Motion *motion = aligned->heard->motion;
  put_header(stream, aligned);
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    put_link(stream, aligned, link, flow_notes_find(notes, link->note));
  }
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    const char *name = pedal->pedal == MOTION_SUSTAIN ? "sustain" : pedal->pedal == MOTION_SOFT ? "soft" : NULL;
    if (name) fprintf(stream, "%s(%ld,%d).\n", name, ticks(pedal->time_s), pedal->depth);
  }
}
