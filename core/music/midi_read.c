/* Bytes become events with absolute ticks, track by track; events are sorted, given seconds by the tempo map,
 * and note-offs are paired with note-ons: of notes of one key and channel that overlap, the first down is the
 * first up. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/base/base_sort.h"
#include "core/music/midi.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 16, KEYS = 128, PERCUSSION = 9, DEFAULT_TEMPO_US = 500000, NOBODY = -1 };
static const double SHORTEST_S = 0.001;
static const uint64_t LATEST_TICK = (uint64_t)1 << 40;

typedef enum { EVENT_TEMPO, EVENT_OFF, EVENT_ON, EVENT_PEDAL } EventKind;

typedef struct {
  uint64_t tick;
  uint32_t value; /* tempo in µs a quarter, velocity or pedal depth */
  uint8_t kind, channel, number;
} Event;

typedef struct {
  BaseContext *ctx;
  const char *name;
  const uint8_t *bytes;
  size_t n, at, end; /* `end`: of the chunk being read */
  uint64_t tick, last_tick;
  uint8_t running; /* status byte that still holds, 0 none */
  bool cut;        /* the file ends before a track does */
  int format, tracks;
  int division; /* as in the file: ticks a quarter, or negative SMPTE */
  BASE_ARRAY(Event) events;
} Reader;

static BaseStatus bad(Reader *reader, const char *what) {
  return base_fail(reader->ctx, BASE_BAD_FILE, "“%s” is no sound MIDI file: %s at byte %zu.", reader->name,
                   what, reader->at);
}

static uint32_t big_endian(const uint8_t *bytes, int n) {
  uint32_t value = 0;
  for (int i = 0; i < n; i++) value = value << 8 | bytes[i];
  return value;
}

/* Leaves `cut` set when the chunk ends inside the number. */
static bool read_varying(uint32_t *value, Reader *reader) {
  *value = 0;
  for (int i = 0; i < 4; i++) {
    if (reader->at >= reader->end) return false;
    uint8_t byte = reader->bytes[reader->at++];
    *value = *value << 7 | (byte & 0x7F);
    if (byte < 0x80) return true;
  }
  return true;
}

static bool push(Reader *reader, EventKind kind, int channel, int number, uint32_t value) {
  if (kind != EVENT_TEMPO && channel == PERCUSSION) return true;
  Event event = {reader->tick, value, (uint8_t)kind, (uint8_t)channel, (uint8_t)number};
  return base_array_push(&reader->events, event);
}

static bool is_pedal(int controller) {
  return controller == MOTION_SUSTAIN || controller == MOTION_SOSTENUTO || controller == MOTION_SOFT;
}

static bool push_channel_event(Reader *reader, uint8_t status, uint8_t a, uint8_t b) {
  int channel = status & 15;
  a &= 127;
  b &= 127;
  switch (status >> 4) {
  case 0x8:
    return push(reader, EVENT_OFF, channel, a, 0);
  case 0x9:
    return push(reader, b ? EVENT_ON : EVENT_OFF, channel, a, b);
  case 0xB:
    return !is_pedal(a) || push(reader, EVENT_PEDAL, channel, a, b);
  }
  return true;
}

typedef enum { STEP_ON, STEP_TRACK_ENDS, STEP_CUT, STEP_DAMAGED, STEP_NO_MEMORY } Step;

static Step read_meta(Reader *reader) {
  if (reader->at >= reader->end) return STEP_CUT;
  uint8_t type = reader->bytes[reader->at++];
  uint32_t length;
  if (!read_varying(&length, reader) || length > reader->end - reader->at) return STEP_CUT;
  const uint8_t *content = reader->bytes + reader->at;
  reader->at += length;
  if (type == 0x2F) return STEP_TRACK_ENDS;
  uint32_t tempo = type == 0x51 && length == 3 ? big_endian(content, 3) : 0;
  return !tempo || push(reader, EVENT_TEMPO, 0, 0, tempo) ? STEP_ON : STEP_NO_MEMORY;
}

static Step skip_exclusive(Reader *reader) {
  uint32_t length;
  if (!read_varying(&length, reader) || length > reader->end - reader->at) return STEP_CUT;
  reader->at += length;
  return STEP_ON;
}

static Step read_event(Reader *reader) {
  uint32_t delta;
  if (!read_varying(&delta, reader)) return STEP_CUT;
  reader->tick += delta;
  if (reader->tick > LATEST_TICK) return STEP_DAMAGED;
  if (reader->at >= reader->end) return STEP_CUT;
  uint8_t status = reader->bytes[reader->at];
  if (status >= 0x80)
    reader->at++;
  else
    status = reader->running;
  if (status == 0) return STEP_DAMAGED;
  if (status == 0xFF) return read_meta(reader);
  if (status == 0xF0 || status == 0xF7) return skip_exclusive(reader);
  if (status > 0xF0) return STEP_DAMAGED;
  reader->running = status;
  size_t data = status >> 4 == 0xC || status >> 4 == 0xD ? 1 : 2;
  if (reader->end - reader->at < data) return STEP_CUT;
  const uint8_t *bytes = reader->bytes + reader->at;
  reader->at += data;
  return push_channel_event(reader, status, bytes[0], data > 1 ? bytes[1] : 0) ? STEP_ON : STEP_NO_MEMORY;
}

static BaseStatus read_track(Reader *reader) {
  reader->tick = reader->format == 2 ? reader->last_tick : 0;
  reader->running = 0;
  Step step = STEP_ON;
  while (step == STEP_ON && reader->at < reader->end) step = read_event(reader);
  if (reader->tick > reader->last_tick) reader->last_tick = reader->tick;
  if (step == STEP_NO_MEMORY) return base_fail_memory(reader->ctx);
  if (step == STEP_DAMAGED) return bad(reader, "an event that makes no sense");
  if (step == STEP_CUT && reader->end < reader->n) return bad(reader, "a track shorter than its events");
  return BASE_OK;
}

static BaseStatus read_chunks(Reader *reader) {
  int found = 0;
  while (found < reader->tracks && reader->n - reader->at >= 8) {
    const uint8_t *head = reader->bytes + reader->at;
    size_t length = big_endian(head + 4, 4);
    reader->at += 8;
    reader->cut = length > reader->n - reader->at;
    reader->end = reader->cut ? reader->n : reader->at + length;
    size_t end = reader->end;
    if (memcmp(head, "MTrk", 4) == 0) {
      BaseStatus status = read_track(reader);
      if (status != BASE_OK) return status;
      found++;
    }
    reader->at = end;
  }
  if (found == 0) return bad(reader, "it holds no track");
  reader->cut |= found < reader->tracks;
  return BASE_OK;
}

/* Some files sit in a RIFF container: the MIDI bytes follow its 20-byte head. */
static void unwrap(Reader *reader) {
  if (reader->n >= 20 && memcmp(reader->bytes, "RIFF", 4) == 0 &&
      memcmp(reader->bytes + 8, "RMIDdata", 8) == 0)
    reader->at = 20;
}

static BaseStatus read_header(Reader *reader) {
  unwrap(reader);
  const uint8_t *head = reader->bytes + reader->at;
  if (reader->n - reader->at < 14 || memcmp(head, "MThd", 4) != 0)
    return bad(reader, "the header is missing");
  uint32_t length = big_endian(head + 4, 4);
  if (length < 6 || length > reader->n - reader->at - 8) return bad(reader, "the header is too short");
  reader->format = (int)big_endian(head + 8, 2);
  reader->tracks = (int)big_endian(head + 10, 2);
  reader->division = (int16_t)big_endian(head + 12, 2);
  reader->at += 8 + length;
  if (reader->format > 2) return bad(reader, "an unknown format");
  bool smpte = reader->division < 0;
  if (smpte ? (reader->division & 0xFF) == 0 : reader->division == 0)
    return bad(reader, "time without ticks");
  return BASE_OK;
}

/* ---- from ticks to seconds ---- */

static int compare_events(const void *left, const void *right) {
  const Event *a = left, *b = right;
  if (a->tick != b->tick) return a->tick < b->tick ? -1 : 1;
  return (a->kind == EVENT_TEMPO ? 0 : 1) - (b->kind == EVENT_TEMPO ? 0 : 1);
}

/* The tempo in force while events are taken in order. */
typedef struct {
  uint64_t tick;
  double time_s, s_per_tick;
} Clock;

static double smpte_tick_s(int division) {
  int frames = -(division >> 8);
  double rate = frames == 29 ? 30000 / 1001.0 : frames ? frames : 25;
  return 1 / (rate * (division & 0xFF));
}

static double time_at(const Clock *clock, uint64_t tick) {
  return clock->time_s + (double)(tick - clock->tick) * clock->s_per_tick;
}

static bool keep_beat(Motion *motion, const Clock *clock, uint64_t tick, int division) {
  if (division < 0) return true;
  Beat quarter = beat_make((int64_t)tick, division);
  size_t n = motion->beats.n;
  if (n && beat_equal(motion->beats.items[n - 1].quarter, quarter)) return true;
  return base_array_push(&motion->beats, (MotionBeat){quarter, time_at(clock, tick)});
}

/* Notes that are down, a queue for each channel and key, linked through the notes by index. */
typedef struct {
  int32_t first[CHANNELS][KEYS], last[CHANNELS][KEYS];
  BASE_ARRAY(int32_t) next;
} Down;

static bool key_down(Motion *motion, Down *down, const Event *event, double time_s) {
  if (motion->notes.n >= INT32_MAX) return false;
  int32_t index = (int32_t)motion->notes.n, *last = &down->last[event->channel][event->number];
  if (!motion_add(motion, time_s, time_s, event->number, (int)event->value, 1)) return false;
  motion->notes.items[index].channel = event->channel;
  if (!base_array_push(&down->next, NOBODY)) return false;
  if (*last == NOBODY)
    down->first[event->channel][event->number] = index;
  else
    down->next.items[*last] = index;
  *last = index;
  return true;
}

static void key_up(Motion *motion, Down *down, int channel, int key, double time_s) {
  int32_t *first = &down->first[channel][key], index = *first;
  if (index == NOBODY) return;
  MotionNote *note = &motion->notes.items[index];
  note->key_up_s = fmax(time_s, note->onset_s + SHORTEST_S);
  *first = down->next.items[index];
  if (*first == NOBODY) down->last[channel][key] = NOBODY;
}

static void all_up(Motion *motion, Down *down, double time_s) {
  for (int channel = 0; channel < CHANNELS; channel++)
    for (int key = 0; key < KEYS; key++)
      while (down->first[channel][key] != NOBODY) key_up(motion, down, channel, key, time_s);
}

static bool take(Motion *motion, Down *down, Clock *clock, const Event *event, int division) {
  double time_s = time_at(clock, event->tick);
  switch ((EventKind)event->kind) {
  case EVENT_ON:
    return key_down(motion, down, event, time_s);
  case EVENT_OFF:
    key_up(motion, down, event->channel, event->number, time_s);
    return true;
  case EVENT_PEDAL:
    return base_array_push(&motion->pedals, (MotionPedal){time_s, event->number, (uint8_t)event->value});
  case EVENT_TEMPO:
    if (division < 0) return true;
    if (!keep_beat(motion, clock, event->tick, division)) return false;
    *clock = (Clock){event->tick, time_s, event->value * 1e-6 / division};
    return true;
  }
  return true;
}

static bool play_events(Motion *motion, Reader *reader) {
  int division = reader->division;
  Clock clock = {.s_per_tick = division < 0 ? smpte_tick_s(division) : DEFAULT_TEMPO_US * 1e-6 / division};
  Down *down = malloc(sizeof *down);
  if (!down) return false;
  memset(down->first, 0xFF, sizeof down->first); /* NOBODY everywhere */
  memset(down->last, 0xFF, sizeof down->last);
  memset(&down->next, 0, sizeof down->next);
  base_sort(reader->events.items, reader->events.n, sizeof *reader->events.items, compare_events);
  bool done = keep_beat(motion, &clock, 0, division);
  for (size_t i = 0; done && i < reader->events.n; i++)
    done = take(motion, down, &clock, &reader->events.items[i], division);
  done = done && keep_beat(motion, &clock, reader->last_tick, division);
  if (done) all_up(motion, down, time_at(&clock, reader->last_tick));
  base_array_clear(&down->next);
  free(down);
  return done;
}

static BaseStatus read_all(Reader *reader, Motion **out) {
  BaseStatus status = read_header(reader);
  if (status == BASE_OK) status = read_chunks(reader);
  if (status != BASE_OK) return status;
  Motion *motion = motion_new();
  if (!motion || !play_events(motion, reader)) {
    motion_free(motion);
    return base_fail_memory(reader->ctx);
  }
  motion_sort(motion);
  if (reader->cut)
    base_fail(reader->ctx, BASE_OK, "“%s” ends too early; what came before the cut was kept.", reader->name);
  *out = motion;
  return BASE_OK;
}

BaseStatus midi_read_memory(BaseContext *ctx, Motion **out, const void *bytes, size_t n, const char *name) {
  Reader reader = {.ctx = ctx, .name = name, .bytes = bytes, .n = n};
  BaseStatus status = read_all(&reader, out);
  base_array_clear(&reader.events);
  return status;
}

BaseStatus midi_read(BaseContext *ctx, Motion **out, const char *path) {
  void *bytes;
  size_t n;
  BaseStatus status = base_file_read(ctx, &bytes, &n, path, 0);
  if (status != BASE_OK) return status;
  status = midi_read_memory(ctx, out, bytes, n, path);
  free(bytes);
  return status;
}
