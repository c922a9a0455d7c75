/* Every colour of the views, in one place. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/scene.h"

G_BEGIN_DECLS

/* Which set of colours; bit 0 dark, bit 1 high contrast. Part of tile keys. */
typedef enum { TRI_THEME_LIGHT, TRI_THEME_DARK, TRI_THEME_LIGHT_CONTRAST, TRI_THEME_DARK_CONTRAST } TriTheme;

typedef enum {
  TRI_COLOR_GROUND, /* behind waveform, links and roll */
  TRI_COLOR_STRIP,  /* behind the overview and the ruler */
  TRI_COLOR_LINE,   /* hairlines between panes */
  TRI_COLOR_TEXT,   /* labels in the panes */
  TRI_COLOR_TEXT_DIM,
  TRI_COLOR_PAPER, /* pages; dimmed in the dark */
  TRI_COLOR_INK,
  TRI_COLOR_DOUBT_BAR, /* over a bar whose rhythm does not add up */
  TRI_COLOR_CURRENT_BAR,
  TRI_COLOR_WAVE,
  TRI_COLOR_WAVE_OVERVIEW,
  TRI_COLOR_LOOP,      /* over the looped stretch */
  TRI_COLOR_VISIBLE,   /* over the visible stretch in the overview */
  TRI_COLOR_BLACK_ROW, /* rows of the roll that belong to black keys */
  TRI_COLOR_OCTAVE,    /* line below each C */
  TRI_COLOR_KEY_WHITE,
  TRI_COLOR_KEY_BLACK,
  TRI_COLOR_KEY_EDGE,
  TRI_COLOR_KEY_TEXT,
  TRI_COLOR_PEDAL,
  TRI_COLOR_PLAYHEAD,
  TRI_COLOR_FOCUS, /* ring of selection and keyboard focus */
  TRI_COLOR_BUBBLE,
  TRI_COLOR_BUBBLE_TEXT,
  TRI_N_COLORS
} TriColor;

/* Static, never null. */
const GdkRGBA *tri_palette_color(TriTheme theme, TriColor color);
const GdkRGBA *tri_palette_state(TriTheme theme, TriState state);

/* Spectrogram: level 0…255 as opaque pixel 0xffRRGGBB, rising in lightness away from the ground. 256 values.
 */
const guint32 *tri_palette_heat(TriTheme theme);

/* What the desktop asks for now. Main thread. */
TriTheme tri_palette_current(void);

G_END_DECLS
