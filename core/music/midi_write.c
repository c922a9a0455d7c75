/* The tempo map is rounded to whole microseconds a quarter first; note times are then converted with the
 * rounded map, so rounding does not add up along the piece. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/base/base_sort.h"
#include "core/music/midi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS = 960, CHANNELS = 16, PERCUSSION = 9, LARGEST_TEMPO_US = 0xFFFFFF, DEFAULT_TEMPO_US = 500000 };
static const double LATEST_TICK = 0x0FFFFFFF;

/* From `tick` on, a quarter takes `us` microseconds. */
typedef struct {
  double time_s;
  uint32_t tick, us;
} Tempo;

typedef struct {
  uint32_t tick;
  uint8_t order; /* at one tick: ups, then pedals, then downs */
  uint8_t bytes[3];
} Event;

typedef BASE_ARRAY(Tempo) TempoArray;
typedef BASE_ARRAY(Event) EventArray;
typedef BASE_ARRAY(uint8_t) ByteArray;

static uint32_t tick_of(const TempoArray *map, double time_s) {
  size_t low = 0, high = map->n;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (map->items[middle].time_s <= time_s)
      low = middle;
    else
      high = middle;
  }
  const Tempo *tempo = &map->items[low];
  double tick = tempo->tick + round((time_s - tempo->time_s) * 1e6 / tempo->us * TICKS);
  return (uint32_t)fmin(fmax(tick, 0), LATEST_TICK);
}

/* Extends the map to `quarter` at `time_s` by choosing the last tempo; steps that do not move are left out.
 */
static bool reach(TempoArray *map, double quarter, double time_s) {
  Tempo *last = &map->items[map->n - 1];
  double tick = round(quarter * TICKS), ticks = tick - last->tick, span_s = time_s - last->time_s;
  if (ticks < 1 || span_s <= 0 || tick > LATEST_TICK) return true;
  double us = round(span_s * 1e6 * TICKS / ticks);
  last->us = (uint32_t)fmin(fmax(us, 1), LARGEST_TEMPO_US);
  Tempo next = {last->time_s + ticks * last->us * 1e-6 / TICKS, (uint32_t)tick, last->us};
  return base_array_push(map, next);
}

/* Quarter 0 of the file is the first beat of the motion; when that comes after time 0, one quarter as long as
 * the silence goes before it. */
static bool map_tempo(TempoArray *map, const Motion *motion) {
  if (!base_array_push(map, (Tempo){0, 0, DEFAULT_TEMPO_US})) return false;
  size_t first = 0, n = motion->beats.n;
  const MotionBeat *beats = motion->beats.items;
  while (first < n && beats[first].time_s < 0) first++;
  if (first == n) return true;
  bool silence = beats[first].time_s > 1e-6;
  double shift = (silence ? 1 : 0) - beat_double(beats[first].quarter);
  for (size_t i = first + !silence; i < n; i++)
    if (!reach(map, beat_double(beats[i].quarter) + shift, beats[i].time_s)) return false;
  return true;
}

static uint8_t safe_channel(uint8_t channel) {
  return channel == PERCUSSION ? PERCUSSION + 1 : channel & 15;
}

static bool collect(EventArray *events, const Motion *motion, const TempoArray *map) {
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    uint8_t channel = safe_channel(note->channel);
    uint32_t down = tick_of(map, note->onset_s), up = tick_of(map, note->key_up_s);
    Event on = {down, 2, {0x90 | channel, note->midi, note->velocity}};
    Event off = {up > down ? up : down + 1, 0, {0x80 | channel, note->midi, 64}};
    if (!base_array_push(events, on) || !base_array_push(events, off)) return false;
  }
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    uint8_t channel = motion->notes.n ? safe_channel(motion->notes.items[0].channel) : 0;
    Event event = {tick_of(map, pedal->time_s), 1, {0xB0 | channel, pedal->pedal, pedal->depth}};
    if (!base_array_push(events, event)) return false;
  }
  return true;
}

static int compare_events(const void *left, const void *right) {
  const Event *a = left, *b = right;
  if (a->tick != b->tick) return a->tick < b->tick ? -1 : 1;
  return a->order - b->order;
}

static bool put(ByteArray *out, const void *bytes, size_t n) {
  if (!base_array_reserve(out, out->n + n)) return false;
  memcpy(out->items + out->n, bytes, n);
  out->n += n;
  return true;
}

static bool put_varying(ByteArray *out, uint32_t value) {
  uint8_t bytes[5];
  size_t n = sizeof bytes;
  bytes[--n] = value & 0x7F;
  while (value >>= 7) bytes[--n] = (uint8_t)(0x80 | (value & 0x7F));
  return put(out, bytes + n, sizeof bytes - n);
}

static bool put_number(ByteArray *out, uint32_t value, int n) {
  uint8_t bytes[4];
  for (int i = 0; i < n; i++) bytes[i] = (uint8_t)(value >> 8 * (n - 1 - i));
  return put(out, bytes, (size_t)n);
}

/* Frames `content` as a track chunk and closes it with End of Track. */
static bool put_track(ByteArray *out, const ByteArray *content) {
  return put(out, "MTrk", 4) && put_number(out, (uint32_t)content->n + 4, 4) &&
         put(out, content->items, content->n) && put(out, "\0\xFF\x2F\0", 4);
}

static bool put_tempo_track(ByteArray *out, ByteArray *track, const TempoArray *map) {
  track->n = 0;
  uint32_t tick = 0, us = 0;
  for (size_t i = 0; i < map->n; i++) {
    if (map->items[i].us == us) continue;
    us = map->items[i].us;
    if (!put_varying(track, map->items[i].tick - tick) || !put(track, "\xFF\x51\x03", 3) ||
        !put_number(track, us, 3))
      return false;
    tick = map->items[i].tick;
  }
  return put_track(out, track);
}

static bool put_channel_track(ByteArray *out, ByteArray *track, const EventArray *events, int channel) {
  track->n = 0;
  uint32_t tick = 0;
  for (size_t i = 0; i < events->n; i++) {
    const Event *event = &events->items[i];
    if ((event->bytes[0] & 15) != channel) continue;
    if (!put_varying(track, event->tick - tick) || !put(track, event->bytes, 3)) return false;
    tick = event->tick;
  }
  return track->n == 0 || put_track(out, track);
}

static uint32_t used_channels(const EventArray *events) {
  uint32_t bits = 0;
  for (size_t i = 0; i < events->n; i++) bits |= 1u << (events->items[i].bytes[0] & 15);
  return (uint32_t)__builtin_popcount(bits);
}

static bool encode(ByteArray *out, ByteArray *track, TempoArray *map, EventArray *events,
                   const Motion *motion) {
  if (!map_tempo(map, motion) || !collect(events, motion, map)) return false;
  base_sort(events->items, events->n, sizeof *events->items, compare_events);
  if (!put(out, "MThd", 4) || !put_number(out, 6, 4) || !put_number(out, 1, 2) ||
      !put_number(out, 1 + used_channels(events), 2) || !put_number(out, TICKS, 2) ||
      !put_tempo_track(out, track, map))
    return false;
  for (int channel = 0; channel < CHANNELS; channel++)
    if (!put_channel_track(out, track, events, channel)) return false;
  return true;
}

static BaseStatus write_bytes(BaseContext *ctx, const ByteArray *bytes, const char *path) {
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status != BASE_OK) return status;
  fwrite(bytes->items, 1, bytes->n, writer.stream);
  return base_file_commit(ctx, &writer);
}

BaseStatus midi_write(BaseContext *ctx, const Motion *motion, const char *path) {
  ByteArray bytes = {0}, track = {0};
  TempoArray map = {0};
  EventArray events = {0};
  bool done = encode(&bytes, &track, &map, &events, motion);
  BaseStatus status = done ? write_bytes(ctx, &bytes, path) : base_fail_memory(ctx);
  base_array_clear(&bytes);
  base_array_clear(&track);
  base_array_clear(&map);
  base_array_clear(&events);
  return status;
}
