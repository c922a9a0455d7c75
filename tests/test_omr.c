/* Reading pages: drawn ones with exact expectations, bytes of all kinds, real
 * scans where they are at hand. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"
#include "tests/omr_paper.h"

#include "core/base/base_rng.h"
#include "core/music/musicxml.h"
#include "core/omr/omr.h"
#include "core/omr/omr_glyphs.h"
#include "core/omr/omr_page.h"
#include "core/omr/omr_pitch.h"

#include <math.h>
#include <time.h>

/* ---- staves ---- */

static void check_grand_staff(float slope, float sag) {
  static const float bars[] = {600, 1000, 1496};
  Paper paper = paper_of(slope, sag);
  grand_staff(&paper, bars, 3);
  OmrPage *page = read_paper(&paper);
  CHECK(page && page->staves.n == 2 && page->systems.n == 1);
  if (page && page->staves.n == 2 && page->systems.n == 1) {
    CHECK(page->systems.items[0].joined == 1 && page->systems.items[0].staves == 2);
    CHECK_SAYING(page->bars.n == 4, "%zu bars", page->bars.n);
    CHECK_NEAR(page->space_px, SPACE, 0.5);
    for (float x = LEFT + 20; x < RIGHT; x += 100)
      for (int position = -4; position <= 4; position += 2) {
        CHECK_NEAR(omr_staff_y(page, &page->staves.items[0], x, (float)position),
                   position_y(200, position) + bent(&paper, x), 1.6);
        CHECK_NEAR(omr_staff_y(page, &page->staves.items[1], x, (float)position),
                   position_y(420, position) + bent(&paper, x), 1.6);
      }
    for (size_t i = 0; i < page->bars.n && i < 4; i++)
      CHECK_NEAR(page->bars.items[i].x_px, i ? bars[i - 1] + 2 : LEFT + 1, 3.5);
  }
  omr_page_free(page);
  image_free(paper.image);
}

static void finds_straight_staves(void) {
  check_grand_staff(0, 0);
}
static void finds_skewed_staves(void) {
  check_grand_staff(0.015f, 0);
}
static void finds_curved_staves(void) {
  check_grand_staff(0, 12);
}

static void positions_and_pixels_are_inverse(void) {
  Paper paper = paper_of(0.01f, 5);
  grand_staff(&paper, NULL, 0);
  OmrPage *page = read_paper(&paper);
  for (size_t s = 0; page && s < page->staves.n; s++)
    for (float x = -50; x < 1700; x += 130)
      for (float position = -20; position <= 20; position += 1.5f) {
        const OmrStaff *at = &page->staves.items[s];
        CHECK_NEAR(omr_staff_position(page, at, x, omr_staff_y(page, at, x, position)), position, 1e-2);
      }
  omr_page_free(page);
  image_free(paper.image);
}

/* ---- notes ---- */

static void reads_pitches_on_and_off_the_staff(void) {
  static const float bars[] = {1496};
  static const int positions[] = {-6, -5, -4, -3, -1, 0, 1, 3, 4, 5, 6, 7, 8};
  enum { N = sizeof positions / sizeof *positions };
  Paper paper = paper_of(0.005f, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < N; i++) {
    float x = 240 + 90 * (float)i;
    note(&paper, 200, x, positions[i], false);
    stem(&paper, 200, x, positions[i], positions[i] < 0 ? 70 : -70);
  }
  Score *score = score_of(&paper);
  size_t found = 0;
  for (size_t i = 0; score && i < score->notes.n; i++) {
    const ScoreNote *got = &score->notes.items[i];
    if (got->kind != SCORE_NOTE) continue;
    CHECK(found < N && got->staff == 0);
    if (found < N) {
      int diatonic = 4 * 7 + 6 + positions[found];
      CHECK_SAYING(7 * got->octave + got->step == diatonic, "note %zu: %d, not %d", found,
                   7 * got->octave + got->step, diatonic);
      CHECK_NEAR(got->box.x + got->box.width / 2, 240 + 90 * (double)found, 4);
    }
    found++;
  }
  CHECK_SAYING(found == N, "%zu notes", found);
  score_free(score);
  image_free(paper.image);
}

static void beams(const Paper *paper, float x0, float x1, float y, int count) {
  for (int k = 0; k < count; k++) block(paper, x0, x1, y + 15 * (float)k, y + 10 + 15 * (float)k);
}

static void counts_beams(void) {
  static const float bars[] = {800, 1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 2);
  float x[8];
  for (int i = 0; i < 8; i++) {
    float at = 240 + 65 * (float)i;
    note(&paper, 200, at, -1, false);
    x[i] = stem(&paper, 200, at, -1, 75);
  }
  float y = position_y(200, -1) - 75;
  beams(&paper, x[0], x[3] + 3, y, 2);
  beams(&paper, x[4], x[5] + 3, y, 1);
  beams(&paper, x[6], x[7] + 3, y, 3);
  OmrPage *page = read_paper(&paper);
  static const int wanted[8] = {2, 2, 2, 2, 1, 1, 3, 3};
  CHECK_SAYING(page && page->chords.n == 8, "%zu chords", page ? page->chords.n : 0);
  for (size_t i = 0; page && page->chords.n == 8 && i < 8; i++) {
    const OmrChord *chord = &page->chords.items[i];
    int most = chord->beams_left > chord->beams_right ? chord->beams_left : chord->beams_right;
    CHECK_SAYING(most == wanted[i], "chord %zu: %d beams", i, most);
    CHECK(chord->stem == OMR_STEM_UP && chord->group >= 0);
  }
  omr_page_free(page);
  image_free(paper.image);
}

static void reads_a_bar_of_two_staves(void) {
  static const float bars[] = {1000, 1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 2);
  for (int staff_index = 0; staff_index < 2; staff_index++) {
    glyph(&paper, OMR_DIGIT_0 + 4, LEFT + 80, position_y(staff_index ? 420 : 200, 2));
    glyph(&paper, OMR_DIGIT_0 + 4, LEFT + 80, position_y(staff_index ? 420 : 200, -2));
  }
  for (int i = 0; i < 4; i++) {
    note(&paper, 200, 300 + 170 * (float)i, i - 2, false);
    stem(&paper, 200, 300 + 170 * (float)i, i - 2, 70);
  }
  for (int i = 0; i < 2; i++) {
    note(&paper, 420, 300 + 340 * (float)i, 1, true);
    stem(&paper, 420, 300 + 340 * (float)i, 1, -70);
  }
  Score *score = score_of(&paper);
  CHECK_SAYING(score && score->notes.n == 6, "%zu notes", score ? score->notes.n : 0);
  static const struct {
    int onset, duration, staff, midi;
  } wanted[] = {{0, 1, 0, 67}, {0, 2, 1, 52}, {1, 1, 0, 69}, {2, 1, 0, 71}, {2, 2, 1, 52}, {3, 1, 0, 72}};
  for (size_t i = 0; score && score->notes.n == 6 && i < 6; i++) {
    const ScoreNote *got = &score->notes.items[i];
    CHECK(beat_equal(got->onset, beat_whole(wanted[i].onset)) &&
          beat_equal(got->duration, beat_whole(wanted[i].duration)));
    CHECK(got->staff == wanted[i].staff);
    CHECK_SAYING(score_midi(got) == wanted[i].midi, "note %zu: %d", i, score_midi(got));
  }
  if (score) {
    CHECK(score->parts.n == 1 && score->parts.items[0].staves == 2);
    CHECK(score->measures.n == 2 && score->measures.items[0].doubt[0] == 0);
    CHECK(score->systems.n == 1 && score->systems.items[0].measures == 2);
  }
  score_free(score);
  image_free(paper.image);
}

/* The stem that goes up from the half note and the one that goes down from the quarter note beside it make
 * one stroke. */
static void voices_a_second_apart_share_no_stem(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  note(&paper, 200, 400, 1, true);
  note(&paper, 200, 424, 0, false);
  stem(&paper, 200, 400, 1, 70);
  stem(&paper, 200, 424, 0, -70);
  OmrPage *page = read_paper(&paper);
  CHECK_SAYING(page && page->chords.n == 2 && page->heads.n == 2, "%zu chords", page ? page->chords.n : 0);
  for (size_t i = 0; page && page->heads.n == 2 && i < 2; i++) {
    const OmrHead *got = &page->heads.items[i];
    uint8_t direction = page->chords.items[got->chord].stem;
    CHECK_SAYING(got->kind == (got->position ? OMR_HALF : OMR_FILLED), "%d at %d", got->kind, got->position);
    CHECK(direction == (got->position ? OMR_STEM_UP : OMR_STEM_DOWN));
  }
  omr_page_free(page);
  image_free(paper.image);
}

/* A half note whose outline is no thicker than a staff line at its ends, as some typefaces have it. */
static void thin_half_note(const Paper *paper, float x, float y) {
  const float c = cosf(0.5f), s = sinf(0.5f);
  for (float dy = -14; dy <= 14; dy++)
    for (float dx = -14; dx <= 14; dx++) {
      float u = dx * c - dy * s, v = dx * s + dy * c;
      bool inside = u * u / 169 + v * v / 92 <= 1, hole = u * u / 120 + v * v / 34 <= 1;
      if (inside && !hole) dot(paper, x + dx, y + dy);
    }
}

static void thin_outlines_are_half_notes(void) {
  static const float bars[] = {1496};
  static const int positions[] = {-5, -3, 0, 1, 5};
  enum { N = sizeof positions / sizeof *positions };
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < N; i++) {
    float x = 300 + 200 * (float)i;
    thin_half_note(&paper, x, position_y(200, positions[i]));
    stem(&paper, 200, x, positions[i], positions[i] < 0 ? 70 : -70);
  }
  OmrPage *page = read_paper(&paper);
  CHECK_SAYING(page && page->heads.n == N, "%zu heads", page ? page->heads.n : 0);
  for (size_t i = 0; page && page->heads.n == N && i < N; i++)
    CHECK(page->heads.items[i].kind == OMR_HALF && page->heads.items[i].position == positions[i]);
  omr_page_free(page);
  image_free(paper.image);
}

/* Bars of two and one beats between whole ones in 3/4 are one bar in two pieces. */
static void split_bars_keep_their_beats(void) {
  static const float bars[] = {500, 720, 900, 1200};
  static const float at[] = {240, 320, 400, 560, 640, 800, 960, 1040, 1120};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 4);
  for (int row = 0; row < 2; row++) {
    float top = row ? 420 : 200;
    glyph(&paper, OMR_DIGIT_0 + 3, LEFT + 80, position_y(top, 2));
    glyph(&paper, OMR_DIGIT_0 + 4, LEFT + 80, position_y(top, -2));
    for (int i = 0; i < 9; i++)
      note(&paper, top, at[i], row - i % 3, false), stem(&paper, top, at[i], row - i % 3, 70);
  }
  Score *score = score_of(&paper);
  static const int beats[] = {3, 2, 1, 3};
  CHECK_SAYING(score && score->measures.n >= 4, "%zu bars", score ? score->measures.n : 0);
  for (size_t i = 0; score && score->measures.n >= 4 && i < 4; i++)
    CHECK_SAYING(beat_equal(score->measures.items[i].length, beat_whole(beats[i])), "bar %zu", i);
  score_free(score);
  image_free(paper.image);
}

static void accidentals_reach_to_the_bar_line(void) {
  static const float bars[] = {800, 1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 2);
  static const float at[] = {320, 480, 640, 950};
  for (int i = 0; i < 4; i++) {
    note(&paper, 200, at[i], 1, false);
    stem(&paper, 200, at[i], 1, -70);
  }
  glyph(&paper, OMR_SHARP, 320 - 45, position_y(200, 1));
  Score *score = score_of(&paper);
  static const int wanted[] = {73, 73, 73, 72};
  CHECK_SAYING(score && score->notes.n == 4, "%zu notes", score ? score->notes.n : 0);
  for (size_t i = 0; score && score->notes.n == 4 && i < 4; i++) {
    CHECK_SAYING(score_midi(&score->notes.items[i]) == wanted[i], "note %zu: %d", i,
                 score_midi(&score->notes.items[i]));
    CHECK(score->notes.items[i].accidental == (i ? SCORE_ACCIDENTAL_NONE : SCORE_ACCIDENTAL_SHARP));
  }
  score_free(score);
  image_free(paper.image);
}

static void positions_become_pitches(void) {
  CHECK(omr_diatonic(OMR_CLEF_G, -2, 0) == 4 * 7 + 6);
  CHECK(omr_diatonic(OMR_CLEF_F, 2, 0) == 3 * 7 + 1);
  CHECK(omr_diatonic(OMR_CLEF_C, 0, 0) == 4 * 7);
  CHECK(omr_diatonic(OMR_CLEF_C, 2, 2) == 4 * 7);
  int sharps[7] = {0}, flats[7] = {0};
  for (int step = 0; step < 7; step++) {
    for (int fifths = 1; fifths <= 7; fifths++)
      sharps[step] += omr_key_alter(fifths, step), flats[step] += omr_key_alter(-fifths, step);
    CHECK(omr_key_alter(0, step) == 0);
  }
  static const int order[7] = {6, 4, 2, 7, 5, 3, 1}; /* how many of the seven sharp keys raise C … B */
  for (int step = 0; step < 7; step++)
    CHECK(sharps[step] == order[step] && flats[step] == -(8 - order[step]));
}

/* ---- what is no music ---- */

static void check_no_music(Image *image, const char *what) {
  BaseContext ctx = {0};
  OmrPage *page = NULL;
  clock_t start = clock();
  BaseStatus status = omr_read_page(&ctx, &page, image, NULL);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  CHECK_SAYING(status == BASE_BAD_INPUT && !page, "%s: %s", what, ctx.sentence);
  CHECK_TEXT(ctx.sentence, "no music found");
  CHECK_SAYING(seconds < 12, "%s took %.1f s", what, seconds);
  image_free(image);
}

static void pages_without_music_are_told(void) {
  BaseRng rng = base_rng(1, 0);
  check_no_music(image_new(2480, 3508), "blank");
  Image *noise = image_new(1200, 1600);
  for (int i = 0; i < 1200 * 1600; i++) noise->pixels[i] = (uint8_t)base_rng_below(&rng, 256);
  check_no_music(noise, "noise");
  Image *text = image_new(1200, 1600);
  for (int line = 0; line < 40; line++)
    for (int letter = 0; letter < 60; letter++)
      for (int k = 0; k < 3; k++) {
        int x = 100 + letter * 16 + (int)base_rng_below(&rng, 8),
            y = 100 + line * 34 + (int)base_rng_below(&rng, 14);
        for (int v = 0; v < 3 + k * 5; v++)
          for (int u = 0; u < 3; u++) text->pixels[(y + v) * 1200 + x + u] = 20;
      }
  check_no_music(text, "text");
  Image *photo = image_new(1000, 800);
  for (int y = 0; y < 800; y++)
    for (int x = 0; x < 1000; x++)
      photo->pixels[y * 1000 + x] =
          (uint8_t)(128 + 60 * sin(x * 0.013) * cos(y * 0.017) + base_rng_below(&rng, 20));
  check_no_music(photo, "photograph");
}

static void odd_sizes_are_safe(void) {
  static const int sizes[][2] = {{1, 1}, {2, 3000}, {3000, 2}, {17, 19}, {300, 40}, {40, 300}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    Image *image = image_new(sizes[i][0], sizes[i][1]);
    for (int k = 0; k < sizes[i][0] * sizes[i][1]; k++) image->pixels[k] = k / sizes[i][0] % 5 ? 255 : 0;
    BaseContext ctx = {0};
    OmrPage *page = NULL;
    BaseStatus status = omr_read_page(&ctx, &page, image, NULL);
    CHECK((status == BASE_OK) == (page != NULL));
    omr_page_free(page);
    image_free(image);
  }
}

static void cancel_ends_reading(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  atomic_bool cancel = true;
  BaseContext ctx = {.cancel = &cancel};
  OmrPage *page = NULL;
  CHECK(omr_read_page(&ctx, &page, paper.image, NULL) == BASE_CANCELLED && !page);
  image_free(paper.image);
}

/* ---- bytes ---- */

static OmrPage *little_page(void) {
  static const float bars[] = {800, 1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 2);
  for (int i = 0; i < 3; i++) {
    note(&paper, 200, 300 + 150 * (float)i, i, false);
    stem(&paper, 200, 300 + 150 * (float)i, i, -70);
  }
  glyph(&paper, OMR_SHARP, 300 - 45, position_y(200, 0));
  OmrPage *page = read_paper(&paper);
  image_free(paper.image);
  return page;
}

static void packed_pages_come_back(void) {
  BaseContext ctx = {0};
  OmrPage *page = little_page(), *again = NULL;
  void *bytes = NULL, *twice = NULL;
  size_t n = 0, m = 0;
  CHECK(page && page->heads.n == 3 && page->symbols.n >= 3);
  CHECK(omr_page_pack(&ctx, &bytes, &n, page) == BASE_OK);
  CHECK_SAYING(omr_page_unpack(&ctx, &again, bytes, n) == BASE_OK, "%s", ctx.sentence);
  if (again) {
    CHECK(omr_page_pack(&ctx, &twice, &m, again) == BASE_OK && m == n && memcmp(bytes, twice, n) == 0);
    const OmrPage *one[1] = {page}, *other[1] = {again};
    Score *a = NULL, *b = NULL;
    CHECK(omr_assemble(&ctx, &a, one, 1, NULL) == BASE_OK && omr_assemble(&ctx, &b, other, 1, NULL) == BASE_OK);
    CHECK(a && b && score_equal(&ctx, a, b));
    score_free(a);
    score_free(b);
  }
  free(bytes);
  free(twice);
  omr_page_free(page);
  omr_page_free(again);
}

static void seal(uint8_t *bytes, size_t n) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < n - 4; i++) hash = (hash ^ bytes[i]) * 16777619u;
  for (int i = 0; i < 4; i++) bytes[n - 4 + (size_t)i] = (uint8_t)(hash >> (8 * i));
}

/* Damage is refused; damage that was sealed anew is refused or harmless, down to the joined score. */
static void damaged_bytes_are_safe(void) {
  BaseContext ctx = {0};
  OmrPage *page = little_page();
  void *packed = NULL;
  size_t n = 0;
  CHECK(page && omr_page_pack(&ctx, &packed, &n, page) == BASE_OK);
  omr_page_free(page);
  uint8_t *bytes = packed;
  BaseRng rng = base_rng(3, 0);
  for (size_t cut = 0; cut < n; cut += 13) {
    OmrPage *out = NULL;
    CHECK(omr_page_unpack(&ctx, &out, bytes, cut) != BASE_OK && !out);
  }
  for (int round = 0; round < 1500 && n > 16; round++) {
    size_t at = 8 + base_rng_below(&rng, (uint32_t)n - 12);
    uint8_t kept = bytes[at];
    bytes[at] = (uint8_t)base_rng_bits(&rng);
    OmrPage *out = NULL;
    if (bytes[at] != kept) CHECK(omr_page_unpack(&ctx, &out, bytes, n) != BASE_OK && !out);
    seal(bytes, n);
    if (omr_page_unpack(&ctx, &out, bytes, n) == BASE_OK) {
      const OmrPage *pages[1] = {out};
      Score *score = NULL;
      if (omr_assemble(&ctx, &score, pages, 1, NULL) == BASE_OK)
        CHECK_SAYING(score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
      score_free(score);
    }
    omr_page_free(out);
    bytes[at] = kept;
    seal(bytes, n);
  }
  free(packed);
}

static void missing_pages_keep_their_number(void) {
  BaseContext ctx = {0};
  OmrPage *page = little_page();
  const OmrPage *pages[3] = {NULL, page, NULL};
  Score *score = NULL;
  CHECK(omr_assemble(&ctx, &score, pages, 3, NULL) == BASE_OK);
  CHECK(score && score->pages.n == 3 && score->notes.n == 3);
  for (size_t i = 0; score && i < score->notes.n; i++) CHECK(score->notes.items[i].box.page == 1);
  score_free(score);
  score = NULL;
  CHECK(omr_assemble(&ctx, &score, pages, 1, NULL) == BASE_BAD_INPUT && !score);
  omr_page_free(page);
}

static void json_carries_boxes(void) {
  BaseContext ctx = {0};
  OmrPage *page = little_page();
  const OmrPage *pages[1] = {page};
  Score *score = NULL;
  const char *path = check_temporary("page.json");
  CHECK(omr_assemble(&ctx, &score, pages, 1, NULL) == BASE_OK);
  if (!score) return;
  CHECK(omr_write_json(&ctx, pages, 1, score, path) == BASE_OK);
  FILE *file = fopen(path, "r");
  static char text[1 << 16];
  size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  int depth = 0, heads = 0;
  for (size_t i = 0; i < n; i++)
    depth += text[i] == '{' || text[i] == '[' ? 1 : text[i] == '}' || text[i] == ']' ? -1 : 0;
  for (const char *at = text; (at = strstr(at, "noteheadBlack")); at++) heads++;
  CHECK(n > 100 && depth == 0 && heads == 3 && strstr(text, "\"measures\":[{\"index\":0") &&
        strstr(text, "\"midi\":"));
  score_free(score);
  omr_page_free(page);
}

/* ---- real pages ---- */

/* F1 of the pitches of two scores, staff by staff, wherever they stand. */
static double pitch_f1(const Score *truth, const Score *read) {
  int count[2][256] = {0}, common = 0, total = 0;
  for (int k = 0; k < 2; k++) {
    const Score *score = k ? read : truth;
    for (size_t i = 0; i < score->notes.n; i++) {
      const ScoreNote *at = &score->notes.items[i];
      if (at->kind != SCORE_NOTE || at->grace) continue;
      count[k][(score_midi(at) & 127) + 128 * (at->staff > 0)]++;
      total++;
    }
  }
  for (int i = 0; i < 256; i++) common += count[0][i] < count[1][i] ? count[0][i] : count[1][i];
  return total ? 2.0 * common / total : 0;
}

static void real_scans_are_read(void) {
  const char *shared = check_shared();
  if (!shared) SKIP("the evaluation scans are not here");
  static const char *const names[] = {"mozart-sonata15-1/p-1", "beethoven-sonata20-2/p-1"};
  for (size_t i = 0; i < 2; i++) {
    char picture[1024], truth_path[1024];
    snprintf(picture, sizeof picture, "%s/eval/scans/%s.png", shared, names[i]);
    snprintf(truth_path, sizeof truth_path, "%s/eval/scans/%s.musicxml", shared, names[i]);
    BaseContext ctx = {0};
    ImageSource *source = NULL;
    Image *image = NULL;
    Score *truth = NULL;
    if (image_source_open(&ctx, &source, picture) || image_source_load(&ctx, &image, source, 0, NULL) ||
        musicxml_read(&ctx, &truth, truth_path)) {
      image_source_free(source);
      image_free(image);
      SKIP("the evaluation scans cannot be opened");
    }
    Paper paper = {.image = image};
    Score *score = score_of(&paper);
    if (score) CHECK_SAYING(pitch_f1(truth, score) > 0.9, "%s: %.3f", names[i], pitch_f1(truth, score));
    score_free(score);
    score_free(truth);
    image_free(image);
    image_source_free(source);
  }
}

CHECK_MAIN({CASE(finds_straight_staves)}, {CASE(finds_skewed_staves)}, {CASE(finds_curved_staves)},
           {CASE(positions_and_pixels_are_inverse)}, {CASE(reads_pitches_on_and_off_the_staff)},
           {CASE(counts_beams)}, {CASE(reads_a_bar_of_two_staves)},
           {CASE(voices_a_second_apart_share_no_stem)}, {CASE(thin_outlines_are_half_notes)},
           {CASE(split_bars_keep_their_beats)}, {CASE(accidentals_reach_to_the_bar_line)},
           {CASE(positions_become_pitches)},

           {CASE(pages_without_music_are_told)}, {CASE(odd_sizes_are_safe)}, {CASE(cancel_ends_reading)},
           {CASE(packed_pages_come_back)}, {CASE(damaged_bytes_are_safe)},
           {CASE(missing_pages_keep_their_number)}, {CASE(json_carries_boxes)}, {CASE(real_scans_are_read)})
