/* One table of colours for each theme. Grounds follow libadwaita 1.2, states differ in lightness as well as
 * in hue. The heat maps are linear between a few stops of rising distance from the ground.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/palette.h"

#include <adwaita.h>

enum { N_THEMES = 4, N_STATES = TRI_EXTRA + 1 };

#define RGBA(hex, a)                                                                                         \
  { ((hex) >> 16 & 0xff) / 255.0f, ((hex) >> 8 & 0xff) / 255.0f, ((hex)&0xff) / 255.0f, (a) }
#define RGB(hex) RGBA(hex, 1)

static const GdkRGBA light[TRI_N_COLORS] = {
    [TRI_COLOR_GROUND] = RGB(0xfafafa),
    [TRI_COLOR_STRIP] = RGB(0xebebeb),
    [TRI_COLOR_LINE] = RGBA(0x000000, 0.12f),
    [TRI_COLOR_TEXT] = RGBA(0x000000, 0.8f),
    [TRI_COLOR_TEXT_DIM] = RGBA(0x000000, 0.55f),
    [TRI_COLOR_PAPER] = RGB(0xffffff),
    [TRI_COLOR_INK] = RGB(0x14140f),
    [TRI_COLOR_DOUBT_BAR] = RGBA(0xe01b64, 0.13f),
    [TRI_COLOR_CURRENT_BAR] = RGBA(0x3584e4, 0.12f),
    [TRI_COLOR_WAVE] = RGB(0x717171),
    [TRI_COLOR_WAVE_OVERVIEW] = RGB(0x9a9a9a),
    [TRI_COLOR_LOOP] = RGBA(0x3584e4, 0.16f),
    [TRI_COLOR_VISIBLE] = RGBA(0x3584e4, 0.22f),
    [TRI_COLOR_BLACK_ROW] = RGB(0xebebeb),
    [TRI_COLOR_OCTAVE] = RGB(0xcfcfcf),
    [TRI_COLOR_KEY_WHITE] = RGB(0xfafafa),
    [TRI_COLOR_KEY_BLACK] = RGB(0x191919),
    [TRI_COLOR_KEY_EDGE] = RGB(0xd4d4d4),
    [TRI_COLOR_KEY_TEXT] = RGB(0x5e5c64),
    [TRI_COLOR_PEDAL] = RGB(0x9a9996),
    [TRI_COLOR_PLAYHEAD] = RGB(0xe01b24),
    [TRI_COLOR_FOCUS] = RGB(0x1c71d8),
    [TRI_COLOR_BUBBLE] = RGBA(0x241f31, 0.92f),
    [TRI_COLOR_BUBBLE_TEXT] = RGB(0xffffff),
};

static const GdkRGBA dark[TRI_N_COLORS] = {
    [TRI_COLOR_GROUND] = RGB(0x242424),
    [TRI_COLOR_STRIP] = RGB(0x303030),
    [TRI_COLOR_LINE] = RGBA(0xffffff, 0.12f),
    [TRI_COLOR_TEXT] = RGBA(0xffffff, 0.9f),
    [TRI_COLOR_TEXT_DIM] = RGBA(0xffffff, 0.6f),
    [TRI_COLOR_PAPER] = RGB(0xd1cfc7),
    [TRI_COLOR_INK] = RGB(0x12120e),
    [TRI_COLOR_DOUBT_BAR] = RGBA(0xe01b64, 0.17f),
    [TRI_COLOR_CURRENT_BAR] = RGBA(0x1c71d8, 0.2f),
    [TRI_COLOR_WAVE] = RGB(0x9c9c9c),
    [TRI_COLOR_WAVE_OVERVIEW] = RGB(0x7d7d7d),
    [TRI_COLOR_LOOP] = RGBA(0x3a93d8, 0.22f),
    [TRI_COLOR_VISIBLE] = RGBA(0x3584e4, 0.3f),
    [TRI_COLOR_BLACK_ROW] = RGB(0x2e2e2e),
    [TRI_COLOR_OCTAVE] = RGB(0x454545),
    [TRI_COLOR_KEY_WHITE] = RGB(0xf2f2f0),
    [TRI_COLOR_KEY_BLACK] = RGB(0x191919),
    [TRI_COLOR_KEY_EDGE] = RGB(0xb0b0ae),
    [TRI_COLOR_KEY_TEXT] = RGB(0x4a4a4a),
    [TRI_COLOR_PEDAL] = RGB(0x77767b),
    [TRI_COLOR_PLAYHEAD] = RGB(0xed333b),
    [TRI_COLOR_FOCUS] = RGB(0x78aeed),
    [TRI_COLOR_BUBBLE] = RGBA(0xf6f5f4, 0.95f),
    [TRI_COLOR_BUBBLE_TEXT] = RGB(0x1e1e1e),
};

static const GdkRGBA states[N_THEMES][N_STATES] = {
    [TRI_THEME_LIGHT] = {[TRI_SURE] = RGB(0x3584e4),
                         [TRI_UNSURE] = RGB(0xe5a50a),
                         [TRI_DOUBTFUL] = RGB(0xc64600),
                         [TRI_CHECKED] = RGB(0x26a269),
                         [TRI_NOT_PLAYED] = RGB(0x77767b),
                         [TRI_EXTRA] = RGB(0x813d9c)},
    [TRI_THEME_DARK] = {[TRI_SURE] = RGB(0x3584e4),
                        [TRI_UNSURE] = RGB(0xe5a50a),
                        [TRI_DOUBTFUL] = RGB(0xd95a1a),
                        [TRI_CHECKED] = RGB(0x2aac70),
                        [TRI_NOT_PLAYED] = RGB(0x9a9996),
                        [TRI_EXTRA] = RGB(0xb06ccb)},
    [TRI_THEME_LIGHT_CONTRAST] = {[TRI_SURE] = RGB(0x1a5fb4),
                                  [TRI_UNSURE] = RGB(0x9c6300),
                                  [TRI_DOUBTFUL] = RGB(0x9a2b00),
                                  [TRI_CHECKED] = RGB(0x0f6b3f),
                                  [TRI_NOT_PLAYED] = RGB(0x3d3846),
                                  [TRI_EXTRA] = RGB(0x613583)},
    [TRI_THEME_DARK_CONTRAST] = {[TRI_SURE] = RGB(0x99c1f1),
                                 [TRI_UNSURE] = RGB(0xf8e45c),
                                 [TRI_DOUBTFUL] = RGB(0xffa348),
                                 [TRI_CHECKED] = RGB(0x8ff0a4),
                                 [TRI_NOT_PLAYED] = RGB(0xdeddda),
                                 [TRI_EXTRA] = RGB(0xdc8add)},
};

static const guint32 heat_stops[2][5] = {{0xfafafa, 0xd5e3f3, 0x7fb0e8, 0x2a64b0, 0x0c1f4a},
                                         {0x242424, 0x2b3c5e, 0x4d78b8, 0xa6c3e0, 0xfff6e0}};

const GdkRGBA *tri_palette_color(TriTheme theme, TriColor color) {
  return theme & TRI_THEME_DARK ? &dark[color] : &light[color];
}

const GdkRGBA *tri_palette_state(TriTheme theme, TriState state) {
  return &states[theme % N_THEMES][MIN(state, N_STATES - 1)];
}

static guint32 mixed(guint32 a, guint32 b, double t) {
  guint32 pixel = 0xff000000;
  for (int shift = 0; shift <= 16; shift += 8) {
    double from = a >> shift & 0xff, to = b >> shift & 0xff;
    pixel |= (guint32)(from + (to - from) * t + 0.5) << shift;
  }
  return pixel;
}

const guint32 *tri_palette_heat(TriTheme theme) {
  static guint32 maps[2][256];
  static gsize made;
  if (g_once_init_enter(&made)) {
    for (int m = 0; m < 2; m++)
      for (int i = 0; i < 256; i++) {
        double at = i * 4 / 255.0;
        int stop = MIN((int)at, 3);
        maps[m][i] = mixed(heat_stops[m][stop], heat_stops[m][stop + 1], at - stop);
      }
    g_once_init_leave(&made, 1);
  }
  return maps[theme & TRI_THEME_DARK];
}

TriTheme tri_palette_current(void) {
  AdwStyleManager *manager = adw_style_manager_get_default();
  int theme = adw_style_manager_get_dark(manager) ? TRI_THEME_DARK : TRI_THEME_LIGHT;
  return adw_style_manager_get_high_contrast(manager) ? theme | TRI_THEME_LIGHT_CONTRAST : theme;
}
