/* Hearing: recording and synth from one clock. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/motion.h"
#include "core/piano/piano.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define TRI_TYPE_PLAYER (tri_player_get_type())
G_DECLARE_FINAL_TYPE(TriPlayer, tri_player, TRI, PLAYER, GObject)

/* Properties, all read-write unless said, notified once per real change, main thread only:
 *   playing (boolean, read)     true between play and the end, stop or pause
 *   speed (double)              0.25 … 2, pitch kept
 *   mix (double)                0 recording alone … 0.5 both full … 1 synth alone
 *   split-ears (boolean)        recording left, synth right
 *   loop-start, loop-end (double, s)   equal: no loop
 *   click (boolean)             metronome on the beats given
 *   click-gain (double)         0 … 1
 *   count-in (int)              beats of clicks before playback starts, 0 none
 *   duration (double, s, read)  of the longer of recording and motion
 *   output (string, read)       name of the sound device; "" for the silent clock */
TriPlayer *tri_player_new(void);

/* A player whose sound is pulled by hand: no device, no thread; for tests and rendering. */
TriPlayer *tri_player_new_offline(int rate_hz);

/* Renders the next `frames` frames, stereo interleaved, as the device would get them. Offline players only.
 */
void tri_player_pull(TriPlayer *player, float *stereo, gsize frames);

/* The instrument that the synth plays from now on; taken. Its rate should be the player's. */
void tri_player_take_synth(TriPlayer *player, PianoSynth *synth);
int tri_player_get_rate(TriPlayer *player);

/* The recording, or null for none. Playback stops. FALSE and a GError when it cannot be read. */
gboolean tri_player_set_recording(TriPlayer *player, const char *path, GError **error);

/* What the synth plays, in recording time; copied; null for nothing. May change during playback. */
void tri_player_set_motion(TriPlayer *player, const Motion *motion);

/* The beats of the metronome in recording time, ascending, and which are first of a bar; copied. */
void tri_player_set_beats(TriPlayer *player, const double *times_s, const gboolean *accents, guint n);

void tri_player_play(TriPlayer *player);
void tri_player_pause(TriPlayer *player); /* the position stays */
void tri_player_toggle(TriPlayer *player);
void tri_player_stop(TriPlayer *player);                /* back to where play began */
void tri_player_seek(TriPlayer *player, double time_s); /* also while playing */

/* Plays one stretch, then stops there; the loop is not touched. */
void tri_player_play_range(TriPlayer *player, double from_s, double to_s);

gboolean tri_player_get_playing(TriPlayer *player);

/* The instant of the recording that is leaving the loudspeaker now, extrapolated from the device's clock:
 * for the tick callback of the playhead. Cheap; no lock. */
double tri_player_get_position(TriPlayer *player);
double tri_player_get_duration(TriPlayer *player);
double tri_player_get_speed(TriPlayer *player);

/* Seconds between a sample's rendering and its sounding, as the device tells; 0 when silent. */
double tri_player_get_latency(TriPlayer *player);

/* Live: strikes keys at once and lets go after `seconds` (0: hold until released). Heard whether playing or
 * not. */
void tri_player_strike(TriPlayer *player, const guint8 *midi, guint n, int velocity, double seconds);
void tri_player_release(TriPlayer *player, guint8 midi);

/* Live: 60 ms of the recording around `time_s`, for hearing while dragging. */
void tri_player_scrub(TriPlayer *player, double time_s);

G_END_DECLS
