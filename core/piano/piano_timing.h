/* What is known of onsets before the sound is listened to. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_notes.h"
#include "core/piano/piano_rhythm.h"

/* What makes `onsets_s` unlikely, by each of the `n` onsets, in 1/s, written to `pull`: being far from where
 * they were `told`, from the notes told nearly together with them (a chord is struck within a few ms; a
 * Cauchy pull lets go of those that were not), and near another blow of the same key, which has to come back
 * first. `told` need not be sorted to better than 80 ms. O(n × notes in a sixth of a second). */
void piano_timing_pull(double *pull, const double *onsets_s, const PianoNote *told, size_t n);

/* The same for `late_s`, how much later than its way (piano_model_way_s) a hammer arrives: little when it is
 * thrown, much when it is hardly moved (Goebl & Bresin 2003). */
double piano_timing_late_pull(double late_s, double velocity);

/* What that pull is the slope of; 0 on time. Nats. */
double piano_timing_late_price(double late_s, double velocity);
