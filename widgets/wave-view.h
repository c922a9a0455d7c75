/* The recording as waveform, spectrogram or both. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* Property spectrogram-mix (double): 0 waveform only … 1 spectrogram only; in between they are blended.
 * Click emits "seek"; Shift+drag sets the loop of the timeline. */
#define TRI_TYPE_WAVE_VIEW (tri_wave_view_get_type())
G_DECLARE_FINAL_TYPE(TriWaveView, tri_wave_view, TRI, WAVE_VIEW, TriView)

GtkWidget *tri_wave_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);
void tri_wave_view_set_spectrogram_mix(TriWaveView *self, double mix);
double tri_wave_view_get_spectrogram_mix(TriWaveView *self);

G_END_DECLS
