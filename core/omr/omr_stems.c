/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stems. A head belongs to the upright stroke that touches its right or left side; the stroke leads away from
 * its heads, so the longer end tells the direction. A head between a stem that goes up at its right and one
 * that goes down at its left is two notes, one for each voice. A hollow head without a stem is a whole note;
 * a filled one without a stem stays only if it looks very much like a head. */
#include "core/omr/omr_heads.h"

#include <math.h>
#include <stdlib.h>

#define BROKEN_STEM_HEAD 0.88f
#define SHORTEST_STEM    1.35f /* from the middle of the last head, staff spaces */
#define SHARED_STEM_HEAD 0.82f

typedef struct {
  float top, bottom; /* y of the outermost heads */
  float left, right; /* how many heads touch it with their right, left side */
  int heads, filled;
} Load;

/* The horizontal misfit of the head and the stroke, px; large when they do not touch. `side`: 1 at its right.
 */
static float misfit(const OmrHead *head, const OmrStroke *stroke, float space, int *side) {
  float reach = 0.36f * space, dx = stroke->x - head->x_px;
  if (head->y_px < stroke->y0 - 0.45f * space || head->y_px > stroke->y1 + 0.45f * space) return 1e9f;
  float half = 0.5f * (head->width_px - 0.18f * space);
  *side = dx > 0 ? 1 : -1;
  if (stroke->side && stroke->side != *side) return 1e9f;
  float miss = fabsf(fabsf(dx) - half);
  return miss <= reach ? miss : 1e9f;
}

/* The best stroke at `side` of the head that leads `up` or down from it or carries it, or -1. */
static int32_t stem_of(const OmrStrokes *strokes, const OmrHead *head, float space, int side) {
  int32_t best = -1;
  float least = 1e9f;
  for (size_t i = 0; i < strokes->n; i++) {
    const OmrStroke *stroke = &strokes->items[i];
    if (stroke->x < head->x_px - 1.4f * space) continue;
    if (stroke->x > head->x_px + 1.4f * space) break;
    int where;
    float miss = misfit(head, stroke, space, &where);
    if (miss > 1e8f || where != side) continue;
    miss -= 0.02f * fminf(stroke->y1 - stroke->y0, 5 * space);
    if (miss < least) least = miss, best = (int32_t)i;
  }
  return best;
}

typedef struct {
  int32_t right, left; /* strokes at its sides, -1 none */
  bool shed;           /* a stroke that it touched has its heads at the other end */
} Touch;

static void add_load(Load *load, const OmrHead *head) {
  if (!load->heads || head->y_px < load->top) load->top = head->y_px;
  if (!load->heads || head->y_px > load->bottom) load->bottom = head->y_px;
  load->heads++;
  load->filled += head->kind == OMR_FILLED;
}

static uint8_t direction(const OmrStroke *stroke, const Load *load) {
  return load->top - stroke->y0 >= stroke->y1 - load->bottom ? OMR_STEM_UP : OMR_STEM_DOWN;
}

/* How far the stroke leads beyond its heads. */
static float free_end(const OmrStroke *stroke, const Load *load) {
  return fmaxf(load->top - stroke->y0, stroke->y1 - load->bottom);
}

static void detach(Touch *touch, int32_t stroke) {
  if (touch->right == stroke) touch->right = -1;
  if (touch->left == stroke) touch->left = -1;
}

/* Weighs the heads on a stroke anew; `weakest` is the outermost head of least score, and `odd` one whose kind
 * the better ones do not share, those with no other stroke to hang on before all, or -1. */
static Load weigh(int32_t *weakest, int32_t *odd, const OmrPage *page, const Touch *touches, int32_t stroke) {
  Load load = {0};
  float best[2] = {-2, -2};
  for (size_t i = 0; i < page->heads.n; i++) {
    if (touches[i].right != stroke && touches[i].left != stroke) continue;
    const OmrHead *head = &page->heads.items[i];
    add_load(&load, head);
    bool hollow = head->kind != OMR_FILLED, elsewhere = touches[i].right >= 0 && touches[i].left >= 0;
    best[hollow] = fmaxf(best[hollow], head->score - (elsewhere ? 1 : 0));
  }
  *weakest = *odd = -1;
  for (size_t i = 0; i < page->heads.n; i++) {
    if (touches[i].right != stroke && touches[i].left != stroke) continue;
    const OmrHead *head = &page->heads.items[i];
    bool hollow = head->kind != OMR_FILLED;
    if (best[!hollow] > best[hollow]) *odd = (int32_t)i;
    bool outermost = head->y_px == load.top || head->y_px == load.bottom;
    if (outermost && (*weakest < 0 || head->score < page->heads.items[*weakest].score)) *weakest = (int32_t)i;
  }
  return load;
}

/* Takes off what cannot hang on a stem: filled and hollow heads together, and heads at both of its ends (one
 * of them is part of a beam, a flag or a figure). */
static void shed(Load *load, Touch *touches, const OmrPage *page, const OmrStroke *line, int32_t stroke,
                 float space) {
  for (int round = 0; round < 8 && load->heads > 1; round++) {
    int32_t weakest, odd;
    *load = weigh(&weakest, &odd, page, touches, stroke);
    if (odd >= 0)
      detach(&touches[odd], stroke);
    else if (free_end(line, load) < SHORTEST_STEM * space && line->y1 - line->y0 > 2.2f * space &&
             weakest >= 0)
      detach(&touches[weakest], stroke), touches[weakest].shed = true;
    else
      return;
  }
  int32_t weakest, odd;
  *load = weigh(&weakest, &odd, page, touches, stroke);
}

/* True when the stroke goes on beyond the edge of the head in `direction`, rather than begin at another
 * head's there. */
static bool goes_on(const OmrSheet *sheet, const OmrStroke *stroke, const OmrHead *head, float direction) {
  int hits = 0, tried = 0;
  for (float d = 0.52f * sheet->space; d <= 0.78f * sheet->space; d += 1, tried++)
    for (int x = (int)stroke->x - 1, hit = 0; x <= (int)stroke->x + 2 && !hit; x++)
      hits += hit = omr_ink_at(sheet, sheet->clean, x, (int)lrintf(head->y_px + direction * d));
  return 2 * hits > tried;
}

/* Leaves each head one stem, or both where two voices share it. */
static void choose(Touch *touch, const OmrHead *head, const OmrStrokes *strokes, const Load *loads,
                   const OmrSheet *sheet) {
  float space = sheet->space;
  bool right = touch->right >= 0, left = touch->left >= 0;
  if (right && free_end(&strokes->items[touch->right], &loads[touch->right]) < SHORTEST_STEM * space)
    right = false;
  if (left && free_end(&strokes->items[touch->left], &loads[touch->left]) < SHORTEST_STEM * space)
    left = false;
  if (right && left && !goes_on(sheet, &strokes->items[touch->right], head, -1)) right = false;
  if (right && left && !goes_on(sheet, &strokes->items[touch->left], head, 1)) left = false;
  if (right && left) {
    const OmrStroke *r = &strokes->items[touch->right], *l = &strokes->items[touch->left];
    float up = head->y_px - r->y0, down = l->y1 - head->y_px;
    bool both = up > 2.2f * space && down > 2.2f * space && r->y1 < head->y_px + 0.8f * space &&
                l->y0 > head->y_px - 0.8f * space;
    if (!both) {
      /* The usual sides first: up at the right, down at the left; else the longer stroke. */
      bool usual_right = direction(r, &loads[touch->right]) == OMR_STEM_UP;
      bool usual_left = direction(l, &loads[touch->left]) == OMR_STEM_DOWN;
      bool keep_right = usual_right != usual_left
                            ? usual_right
                            : free_end(r, &loads[touch->right]) >= free_end(l, &loads[touch->left]);
      if (keep_right)
        left = false;
      else
        right = false;
    }
  }
  if (!right) touch->right = -1;
  if (!left) touch->left = -1;
}

typedef struct {
  BaseContext *ctx;
  OmrPage *page;
  const OmrStrokes *strokes;
  Load *loads;
  Touch *touches;
  int32_t *chord_of; /* per stroke, -1 not yet */
  float space;
} Joiner;

/* The chord of a stroke for heads of this staff; new when needed. -1 without memory. */
static int32_t chord_for(Joiner *joiner, int32_t stroke, const OmrHead *head) {
  OmrPage *page = joiner->page;
  if (stroke >= 0 && joiner->chord_of[stroke] >= 0) return joiner->chord_of[stroke];
  OmrChord chord = {
      .staff = head->staff, .group = -1, .second = OMR_NO_SECOND, .x_px = head->x_px, .score = head->score};
  chord.y0_px = head->y_px - 0.5f * head->height_px;
  chord.y1_px = head->y_px + 0.5f * head->height_px;
  if (stroke >= 0) {
    const OmrStroke *line = &joiner->strokes->items[stroke];
    chord.stem = direction(line, &joiner->loads[stroke]);
    chord.x_px = line->x;
    chord.y0_px = line->y0;
    chord.y1_px = line->y1;
  }
  if (!base_array_push(&page->chords, chord)) return -1;
  if (stroke >= 0) joiner->chord_of[stroke] = (int32_t)page->chords.n - 1;
  return (int32_t)page->chords.n - 1;
}

/* A ring alone on a stroke that goes up at its left or down at its right is part of a flat, natural or sharp.
 */
static bool part_of_accidental(const OmrHead *head, const Touch *touch, const OmrStrokes *strokes,
                               const Load *loads) {
  int32_t stroke = touch->right >= 0 ? touch->right : touch->left;
  if (head->kind == OMR_FILLED || stroke < 0 || (touch->right >= 0 && touch->left >= 0)) return false;
  bool up = direction(&strokes->items[stroke], &loads[stroke]) == OMR_STEM_UP;
  return loads[stroke].heads == 1 && up == (touch->left >= 0);
}

static bool supported(const OmrHead *head, const Touch *touch) {
  if (touch->right >= 0 || touch->left >= 0) return head->kind != OMR_WHOLE;
  if (touch->shed) return false;
  if (head->kind == OMR_WHOLE) return head->score > 0.84f;
  return head->score > (head->kind == OMR_HALF ? 0.94f : 0.91f);
}

/* Gives every head its chord; unsupported heads go, shared ones are doubled. */
static bool join(Joiner *joiner) {
  OmrPage *page = joiner->page;
  size_t n = page->heads.n, kept = 0;
  BASE_ARRAY(OmrHead) doubled = {0};
  for (size_t i = 0; i < n; i++) {
    OmrHead head = page->heads.items[i];
    Touch touch = joiner->touches[i];
    if (!supported(&head, &touch) || part_of_accidental(&head, &touch, joiner->strokes, joiner->loads))
      continue;
    int32_t first = touch.right >= 0 ? touch.right : touch.left;
    head.chord = chord_for(joiner, first, &head);
    if (head.chord < 0) return false;
    page->heads.items[kept++] = head;
    if (touch.right < 0 || touch.left < 0) continue;
    head.chord = chord_for(joiner, touch.left, &head);
    if (head.chord < 0 || !base_array_push(&doubled, head)) return false;
  }
  page->heads.n = kept;
  bool ok = true;
  for (size_t i = 0; i < doubled.n && ok; i++) ok = base_array_push(&page->heads, doubled.items[i]);
  base_array_clear(&doubled);
  return ok;
}

typedef struct {
  OmrChord chord;
  int32_t index;
} Placed;

static int by_staff_and_x(const void *a, const void *b) {
  const Placed *pa = a, *pb = b;
  if (pa->chord.staff != pb->chord.staff) return pa->chord.staff - pb->chord.staff;
  if (pa->chord.head_x_px != pb->chord.head_x_px) return pa->chord.head_x_px > pb->chord.head_x_px ? 1 : -1;
  return pa->index - pb->index;
}

/* A chord stands on the staff of most of its heads; its column is the mean of its heads. */
static void settle_chords(OmrPage *page) {
  for (size_t c = 0; c < page->chords.n; c++)
    page->chords.items[c].head_x_px = page->chords.items[c].score = 0;
  for (size_t i = 0; i < page->heads.n;) {
    OmrChord *chord = &page->chords.items[page->heads.items[i].chord];
    size_t end = i;
    float x = 0, score = 0;
    while (end < page->heads.n && page->heads.items[end].chord == page->heads.items[i].chord) {
      x += page->heads.items[end].x_px;
      score += page->heads.items[end].score;
      end++;
    }
    chord->head_x_px = x / (float)(end - i);
    chord->score = score / (float)(end - i);
    i = end;
  }
}

static bool sort_chords(OmrPage *page, BaseArena *arena) {
  size_t n = page->chords.n;
  Placed *placed = BASE_TAKE(arena, Placed, n + 1);
  int32_t *renamed = BASE_TAKE(arena, int32_t, n + 1);
  if (!placed || !renamed) return false;
  for (size_t i = 0; i < n; i++) placed[i] = (Placed){page->chords.items[i], (int32_t)i};
  qsort(placed, n, sizeof *placed, by_staff_and_x);
  for (size_t i = 0; i < n; i++) {
    page->chords.items[i] = placed[i].chord;
    renamed[placed[i].index] = (int32_t)i;
  }
  for (size_t i = 0; i < page->heads.n; i++) page->heads.items[i].chord = renamed[page->heads.items[i].chord];
  if (page->heads.n) qsort(page->heads.items, page->heads.n, sizeof *page->heads.items, omr_heads_by_chord);
  return true;
}

static int strokes_by_x(const void *a, const void *b) {
  const OmrStroke *sa = a, *sb = b;
  if (sa->x != sb->x) return sa->x > sb->x ? 1 : -1;
  return (sa->y0 > sb->y0) - (sa->y0 < sb->y0);
}

/* True when a good head that touches no stroke may hang on this one. */
static bool wanted(const OmrStroke *stroke, const OmrPage *page, const OmrStrokes *strokes, float space) {
  OmrStroke copy = *stroke;
  OmrStrokes one = {&copy, 1, 1};
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    if (head->score < BROKEN_STEM_HEAD || fabsf(head->x_px - stroke->x) > space) continue;
    bool bare = stem_of(strokes, head, space, 1) < 0 && stem_of(strokes, head, space, -1) < 0;
    if (bare && (stem_of(&one, head, space, 1) >= 0 || stem_of(&one, head, space, -1) >= 0)) return true;
  }
  return false;
}

/* Strokes with many gaps, for heads that would have none. */
static BaseStatus add_broken_strokes(BaseContext *ctx, OmrStrokes *strokes, const OmrPage *page,
                                     const OmrSheet *sheet) {
  OmrStrokes broken = {0};
  float space = sheet->space;
  BaseStatus status = omr_find_strokes(ctx, &broken, page, sheet, 0.7f * space, true);
  size_t n = 0;
  for (size_t i = 0; !status && i < broken.n; i++)
    if (broken.items[i].y1 - broken.items[i].y0 > 2.2f * space &&
        wanted(&broken.items[i], page, strokes, space))
      broken.items[n++] = broken.items[i];
  for (size_t i = 0; !status && i < n; i++)
    if (!base_array_push(strokes, broken.items[i])) status = base_fail_memory(ctx);
  if (strokes->n) qsort(strokes->items, strokes->n, sizeof *strokes->items, strokes_by_x);
  base_array_clear(&broken);
  return status;
}

/* The outermost heads at the left (touched at their right) and at the right of a stroke. */
static void loads_of_sides(Load *left, Load *right, const OmrStroke *stroke, const OmrPage *page,
                           float space) {
  *left = *right = (Load){0};
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    int side;
    if (head->score < SHARED_STEM_HEAD || fabsf(head->x_px - stroke->x) > space) continue;
    if (misfit(head, stroke, space, &side) < 1e8f) add_load(side > 0 ? left : right, head);
  }
}

/* Two voices a second or a prime apart: the stem that goes up from the heads at the left and the one that
 * goes down from those at the right make one stroke, which is parted here. */
static bool part_shared_strokes(OmrStrokes *strokes, const OmrPage *page, float space) {
  for (size_t i = 0, n = strokes->n; i < n; i++) {
    OmrStroke *stroke = &strokes->items[i], down = *stroke;
    if (stroke->y1 - stroke->y0 < 5 * space) continue;
    Load left, right;
    loads_of_sides(&left, &right, stroke, page, space);
    if (!left.heads || !right.heads || left.bottom > right.top + 1.2f * space) continue;
    if (left.top - stroke->y0 < 2 * space || stroke->y1 - right.bottom < 2 * space) continue;
    stroke->side = 1, stroke->y1 = left.bottom + 0.2f * space;
    down.side = -1, down.y0 = right.top - 0.2f * space;
    if (!base_array_push(strokes, down)) return false;
  }
  if (strokes->n) qsort(strokes->items, strokes->n, sizeof *strokes->items, strokes_by_x);
  return true;
}

BaseStatus omr_find_stems(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  OmrStrokes strokes = {0};
  BaseStatus status = omr_find_strokes(ctx, &strokes, page, sheet, 1.9f * sheet->space, false);
  if (!status) status = add_broken_strokes(ctx, &strokes, page, sheet);
  if (!status && !part_shared_strokes(&strokes, page, sheet->space)) status = base_fail_memory(ctx);
  if (status) {
    base_array_clear(&strokes);
    return status;
  }
  Joiner joiner = {.ctx = ctx, .page = page, .strokes = &strokes, .space = sheet->space};
  joiner.loads = BASE_TAKE(sheet->arena, Load, strokes.n + 1);
  joiner.chord_of = BASE_TAKE(sheet->arena, int32_t, strokes.n + 1);
  joiner.touches = BASE_TAKE(sheet->arena, Touch, page->heads.n + 1);
  bool ok = joiner.loads && joiner.chord_of && joiner.touches;
  for (size_t i = 0; ok && i < strokes.n; i++) joiner.chord_of[i] = -1;
  for (size_t i = 0; ok && i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    joiner.touches[i].shed = false;
    joiner.touches[i].right = stem_of(&strokes, head, sheet->space, 1);
    joiner.touches[i].left = stem_of(&strokes, head, sheet->space, -1);
    if (joiner.touches[i].right >= 0) add_load(&joiner.loads[joiner.touches[i].right], head);
    if (joiner.touches[i].left >= 0) add_load(&joiner.loads[joiner.touches[i].left], head);
  }
  for (size_t i = 0; ok && i < strokes.n; i++)
    if (joiner.loads[i].heads > 1)
      shed(&joiner.loads[i], joiner.touches, page, &strokes.items[i], (int32_t)i, sheet->space);
  for (size_t i = 0; ok && i < page->heads.n; i++)
    choose(&joiner.touches[i], &page->heads.items[i], &strokes, joiner.loads, sheet);
  ok = ok && join(&joiner);
  base_array_clear(&strokes);
  if (!ok) return base_fail_memory(ctx);
  if (page->heads.n) qsort(page->heads.items, page->heads.n, sizeof *page->heads.items, omr_heads_by_chord);
  settle_chords(page);
  return sort_chords(page, sheet->arena) ? BASE_OK : base_fail_memory(ctx);
}
