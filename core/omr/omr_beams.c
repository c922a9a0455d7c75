/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Beams. Between the free ends of two stems the ink is averaged along the line that joins them: beams stand
 * out as plateaus of that profile, however they slope, and the gaps between them as dips. A thick plateau
 * holds as many beams as its thickness asks for. Profiles close to either stem tell broken beams (hooks) from
 * full ones. */
#include "core/omr/omr_beams.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILE = 256 };

#define BEAM_THICKNESS 0.5f
#define USUAL_LINE     0.13f
#define BEAM_PITCH     0.75f /* distance of neighbouring beams, staff spaces */
#define LONGEST_BEAM   26.0f /* from stem to stem, staff spaces */
#define FAINT_HOOK     0.7f
#define HOOK_DOUBT     0.4f

typedef struct {
  float ax, ay, bx, by; /* the line through the free ends */
  int inward;           /* +1: the heads are below the line */
} Chord2;

/* Mean ink at each distance inward from the line, from `outside` rows beyond it, over the columns [x0, x1].
 */
static int profile_of(float *profile, const OmrSheet *sheet, const Chord2 *line, float x0, float x1,
                      float outside, float inside) {
  int n = (int)fminf(PROFILE, outside + inside), columns = 0;
  memset(profile, 0, sizeof *profile * (size_t)n);
  float slope = (line->by - line->ay) / fmaxf(1, line->bx - line->ax);
  for (float x = x0; x <= x1; x += 1, columns++) {
    float y = line->ay + slope * (x - line->ax) - (float)line->inward * outside;
    for (int i = 0; i < n; i++)
      profile[i] +=
          omr_ink_at(sheet, sheet->clean, (int)lrintf(x), (int)lrintf(y + (float)(line->inward * i)));
  }
  for (int i = 0; i < n && columns; i++) profile[i] /= (float)columns;
  return columns ? n : 0;
}

/* How many beams a plateau of some thickness holds, not rounded. Where ink has spread, lines tell how much.
 */
static float beams_in(const OmrSheet *sheet, float thickness) {
  float spread = fminf(0.25f, fmaxf(-0.1f, sheet->line / sheet->space - USUAL_LINE));
  return 1 + (thickness / sheet->space - BEAM_THICKNESS - spread) / BEAM_PITCH;
}

typedef struct {
  int count;
  float doubt; /* how far the least clear plateau is from a whole number, with its sign */
} Count;

/* Counts beams in a profile; the first must begin within `first` rows. */
static Count count_beams(const float *profile, int n, const OmrSheet *sheet, float first, float level) {
  float space = sheet->space, doubt = 0;
  int count = 0, last_end = -1;
  for (int i = 0; i < n;) {
    if (profile[i] < level) {
      i++;
      continue;
    }
    int start = i;
    while (i < n && profile[i] >= level) i++;
    float thickness = (float)(i - start);
    if (thickness < 0.26f * space) continue;
    if (count == 0 && (float)start > first) break;
    if (count && (float)(start - last_end) > 0.62f * space) break;
    if (thickness > 3.4f * space) break;
    float beams = fmaxf(1, beams_in(sheet, thickness)), off = beams - (float)lrintf(beams);
    if (fabsf(off) > fabsf(doubt)) doubt = off;
    count += (int)lrintf(beams);
    last_end = i;
  }
  return (Count){count > 5 ? 5 : count, doubt};
}

static float free_end(const OmrChord *chord) {
  return chord->stem == OMR_STEM_UP ? chord->y0_px : chord->y1_px;
}

typedef struct {
  int left, right, whole;      /* beams close to the first stem, to the second, all the way */
  int faint_left, faint_right; /* close by, counting what is short or pale */
  float doubt;                 /* of the last */
} Beams;

/* Beams beside a stem at x, going in `direction`: a stub may be short. */
static int faint_beams(const OmrSheet *sheet, const Chord2 *line, float x, float direction) {
  float space = sheet->space, profile[PROFILE], far = x + direction * 0.35f * space;
  int n = profile_of(profile, sheet, line, fminf(x, far), fmaxf(x, far), 0.7f * space, 3.6f * space);
  return count_beams(profile, n, sheet, 1.4f * space, 0.6f).count;
}

static Beams beams_along(const OmrSheet *sheet, const Chord2 *line) {
  float space = sheet->space, profile[PROFILE], a = line->ax, b = line->bx;
  float outside = 0.7f * space, inside = 3.6f * space, margin = fminf(0.3f * space, 0.2f * (b - a));
  Beams beams = {0};
  int n = profile_of(profile, sheet, line, a + margin, b - margin, outside, inside);
  Count whole = count_beams(profile, n, sheet, outside + 0.7f * space, 0.72f);
  beams.whole = whole.count, beams.doubt = whole.doubt;
  if (!beams.whole) return beams;
  float near = fminf(0.75f * space, 0.45f * (b - a));
  n = profile_of(profile, sheet, line, a + 0.2f * space, a + near, outside, inside);
  beams.left = count_beams(profile, n, sheet, outside + 0.7f * space, 0.75f).count;
  n = profile_of(profile, sheet, line, b - near, b - 0.2f * space, outside, inside);
  beams.right = count_beams(profile, n, sheet, outside + 0.7f * space, 0.75f).count;
  beams.faint_left = faint_beams(sheet, line, a + 0.2f * space, 1);
  beams.faint_right = faint_beams(sheet, line, b - 0.2f * space, -1);
  if (beams.left < beams.whole) beams.left = beams.whole;
  if (beams.right < beams.whole) beams.right = beams.whole;
  return beams;
}

/* Stems from above and from below both run to the far edge of the beams between them, so the line through the
 * free ends crosses as many beams as lie there: that number is the one that is found when it is assumed. */
static Beams kneed_between(const OmrSheet *sheet, const OmrChord *a, const OmrChord *b) {
  float space = sheet->space;
  for (int count = 1; count <= 4; count++) {
    float depth = (BEAM_THICKNESS + BEAM_PITCH * (float)(count - 1)) * space;
    Chord2 line = {a->x_px, free_end(a), b->x_px, free_end(b), 1};
    *(a->stem == OMR_STEM_DOWN ? &line.ay : &line.by) -= depth;
    if (fabsf(line.by - line.ay) > 0.6f * (line.bx - line.ax) + 0.3f * space) continue;
    Beams beams = beams_along(sheet, &line);
    if (beams.whole == count && fabsf(beams.doubt) < 0.35f) return beams;
  }
  return (Beams){0};
}

static Beams beams_between(const OmrSheet *sheet, const OmrChord *a, const OmrChord *b) {
  Chord2 line = {a->x_px, free_end(a), b->x_px, free_end(b), a->stem == OMR_STEM_UP ? 1 : -1};
  return a->stem == b->stem ? beams_along(sheet, &line) : kneed_between(sheet, a, b);
}

/* True when the heads of the chord whose stem goes up are the lower ones. */
static bool may_knee(const OmrChord *a, const OmrChord *b, float space) {
  const OmrChord *up = a->stem == OMR_STEM_UP ? a : b, *down = a->stem == OMR_STEM_UP ? b : a;
  return up->y1_px > down->y1_px + space && down->y0_px < up->y0_px - space;
}

static bool may_beam(const OmrPage *page, const OmrChord *a, const OmrChord *b, float space) {
  if (!b->stem || page->staves.items[a->staff].system != page->staves.items[b->staff].system) return false;
  float width = b->x_px - a->x_px, rise = fabsf(free_end(b) - free_end(a));
  bool kneed = a->stem != b->stem;
  if (width < 0.5f * space || rise > 0.8f * width + (kneed ? 2.8f : 0.3f) * space) return false;
  return abs(a->staff - b->staff) <= 1 && (!kneed || may_knee(a, b, space));
}

static bool bar_between(const OmrPage *page, const OmrChord *a, const OmrChord *b) {
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    if (bar->system == page->staves.items[a->staff].system && bar->x_px > a->x_px && bar->x_px < b->x_px)
      return true;
  }
  return false;
}

typedef struct {
  float x;
  int32_t chord;
} Place;

static int by_x(const void *a, const void *b) {
  const Place *pa = a, *pb = b;
  if (pa->x != pb->x) return pa->x > pb->x ? 1 : -1;
  return pa->chord - pb->chord;
}

/* The most beams that run through at a chord, and how doubtful their number is. */
typedef struct {
  uint8_t beams, faint; /* faint: the most when stubs count that are short or pale */
  float doubt;
} Full;

static void note_full(Full *full, const Beams *beams, int faint) {
  if (faint > full->faint) full->faint = (uint8_t)faint;
  if (beams->whole < full->beams) return;
  bool more = beams->whole > full->beams;
  if (more || fabsf(beams->doubt) < fabsf(full->doubt)) full->doubt = beams->doubt;
  full->beams = (uint8_t)beams->whole;
}

/* A stub of a beam may be a stain: without it there are as many as run through. Beams that have run together
 * may be one more or less. */
static void doubt_beams(OmrPage *page, const Full *full) {
  for (size_t i = 0; i < page->chords.n; i++) {
    OmrChord *chord = &page->chords.items[i];
    uint8_t most = chord->beams_left > chord->beams_right ? chord->beams_left : chord->beams_right;
    float doubt = fabsf(full[i].doubt);
    if (full[i].beams && most > full[i].beams) {
      chord->second = full[i].beams;
      chord->second_price = HOOK_DOUBT;
    } else if (full[i].beams && doubt > 0.2f) {
      chord->second = (uint8_t)(full[i].doubt > 0 ? most + 1 : most > 1 ? most - 1 : 1);
      chord->second_price = 0.25f + 2.5f * (0.5f - doubt);
    } else if (full[i].beams && full[i].faint == most + 1) {
      chord->second = full[i].faint;
      chord->second_price = FAINT_HOOK;
    }
  }
}

/* How far the stem of `c` ends short of the line through the free ends of a and b, towards the heads. */
static float shortfall(const OmrChord *a, const OmrChord *b, const OmrChord *c) {
  float share = (c->x_px - a->x_px) / fmaxf(1, b->x_px - a->x_px);
  float line = free_end(a) + share * (free_end(b) - free_end(a));
  return a->stem == OMR_STEM_UP ? free_end(c) - line : line - free_end(c);
}

/* Chords between two that a beam joins hang on it too when their stems lead there but were lost on the way.
 */
static void join_between(OmrPage *page, const Place *places, size_t at, size_t to, const Beams *beams,
                         Full *full, float space) {
  const OmrChord *a = &page->chords.items[places[at].chord], *b = &page->chords.items[places[to].chord];
  for (size_t i = at + 1; i < to; i++) {
    OmrChord *c = &page->chords.items[places[i].chord];
    if (c->staff != a->staff || c->stem != a->stem || b->stem != a->stem || c->group >= 0) continue;
    float gap = shortfall(a, b, c);
    if (gap < -4.5f * space || gap > 2.2f * space) continue; /* a figure beyond may have lengthened it */
    c->beams_left = c->beams_right = (uint8_t)beams->whole;
    c->group = a->group;
    note_full(&full[places[i].chord], beams, beams->whole);
  }
}

/* Joins `a` to the nearest stem at its right that shares a beam with it. */
static void beam_onwards(OmrPage *page, const OmrSheet *sheet, const Place *places, size_t n, size_t at,
                         int32_t *groups, Full *full) {
  OmrChord *a = &page->chords.items[places[at].chord];
  for (size_t i = at + 1; i < n && places[i].x - places[at].x < LONGEST_BEAM * sheet->space; i++) {
    OmrChord *b = &page->chords.items[places[i].chord];
    if (!may_beam(page, a, b, sheet->space) || bar_between(page, a, b)) continue;
    Beams beams = beams_between(sheet, a, b);
    if (!beams.whole) continue;
    a->beams_right = (uint8_t)beams.left;
    b->beams_left = (uint8_t)beams.right;
    note_full(&full[places[at].chord], &beams, beams.faint_left);
    note_full(&full[places[i].chord], &beams, beams.faint_right);
    if (a->group < 0) a->group = (*groups)++;
    b->group = a->group;
    join_between(page, places, at, i, &beams, full, sheet->space);
    return;
  }
}

static bool hollow(const OmrPage *page, int32_t chord) {
  for (size_t i = 0; i < page->heads.n; i++)
    if (page->heads.items[i].chord == chord) return page->heads.items[i].kind != OMR_FILLED;
  return false;
}

BaseStatus omr_find_beams(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  Place *places = BASE_TAKE(sheet->arena, Place, page->chords.n + 1);
  Full *full = BASE_TAKE(sheet->arena, Full, page->chords.n + 1);
  if (!places || !full) return base_fail_memory(ctx);
  memset(full, 0, sizeof *full * (page->chords.n + 1));
  int32_t groups = 0;
  for (int32_t system = 0; system < (int32_t)page->systems.n; system++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    size_t n = 0;
    for (size_t i = 0; i < page->chords.n; i++) {
      const OmrChord *chord = &page->chords.items[i];
      if (chord->stem && page->staves.items[chord->staff].system == system && !hollow(page, (int32_t)i))
        places[n++] = (Place){chord->x_px, (int32_t)i};
    }
    qsort(places, n, sizeof *places, by_x);
    for (size_t i = 0; i < n; i++) beam_onwards(page, sheet, places, n, i, &groups, full);
  }
  doubt_beams(page, full);
  return BASE_OK;
}
