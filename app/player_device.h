/* Who asks for sound: a device, or a clock where there is none. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Renders `frames` frames of interleaved stereo of which the first sounds at dac_us of CLOCK_MONOTONIC. */
typedef void (*PlayerRenderFn)(void *user, float *stereo, size_t frames, int64_t dac_us);

/* Calls `render` from one thread of its own until closed. */
typedef struct PlayerDevice PlayerDevice;

enum { PLAYER_RATE_HZ = 44100 };

/* The default output device; where there is none, or TRIPTYCH_AUDIO is "null", a silent clock in real time.
 * May take a second. Null without memory or threads. */
PlayerDevice *player_device_open(PlayerRenderFn render, void *user);
void player_device_close(PlayerDevice *device);

/* The device's name; "" for the silent clock. */
const char *player_device_name(const PlayerDevice *device);

/* Seconds from rendering to sounding. */
double player_device_latency_s(const PlayerDevice *device);
