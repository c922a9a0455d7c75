/* A scene made up for widget tests, pictures and benchmarks: engraved-looking pages with boxes, a performance
 * that sways around the beat, its sound and its spectrogram. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/scene.h"
#include "widgets/timeline.h"

/* Fills both; `bars` is rounded up to whole systems of 4, 16 a page. Every state occurs; bar 2 is in doubt.
 * The first four bars are repeated when `repeat`. Same arguments, same values. */
void invented_scene_fill(TriScene *scene, TriTimeline *timeline, int bars, gboolean repeat);

/* Sound alone, as long as wished: a struck string every half second. */
void invented_scene_sound(TriScene *scene, TriTimeline *timeline, double duration_s);
