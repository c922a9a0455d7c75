/* What the list "To check" leads with. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"
#include "tests/check.h"

enum { ONSETS = 120, LISTED = 10 };

typedef struct {
  Score *score;
  ScoreUnfolded unfolded;
  Alignment alignment;
  Motion *motion;
  Project *project;
  TriPlace places[ONSETS];
  guint8 seen[ONSETS];
  FlowSuspicion suspicions[ONSETS + 1];
  const float *sounding;
} Piece;

/* One note an onset, two a second, four a bar, all sure. */
static void make(Piece *piece) {
  *piece = (Piece){.score = score_new(), .motion = motion_new(), .project = project_new()};
  for (int i = 0; i < ONSETS; i++) {
    const Beat at = beat_whole(i);
    if (i % 4 == 0) {
      ScoreMeasure measure = score_measure();
      measure.length = beat_whole(4);
      CHECK(base_array_push(&piece->score->measures, measure));
      CHECK(base_array_push(&piece->unfolded.steps, ((ScoreStep){i / 4, 1, at})));
    }
    CHECK(base_array_push(&piece->unfolded.sounds, ((ScoreSound){.note = (uint32_t)i + 1, .step = i / 4, .onset = at, .duration = beat_whole(1), .midi = 60})));
    CHECK(base_array_push(&piece->unfolded.onsets, ((ScoreOnset){at, (size_t)i, 1})));
    CHECK(base_array_push(&piece->alignment.points, ((AlignmentPoint){(size_t)i, at, 0.5 * i, 0.97F, false})));
    CHECK(motion_add(piece->motion, 0.5 * i, 0.5 * i + 0.4, 60, 64, 1));
    CHECK(base_array_push(&piece->alignment.links, ((AlignmentLink){i, piece->motion->notes.items[i].id, ALIGNMENT_MATCH, 0.97F})));
  }
}

static void clear(Piece *piece) {
  score_free(piece->score);
  base_array_clear(&piece->unfolded.steps);
  base_array_clear(&piece->unfolded.sounds);
  base_array_clear(&piece->unfolded.onsets);
  base_array_clear(&piece->alignment.points);
  base_array_clear(&piece->alignment.links);
  motion_free(piece->motion);
  project_free(piece->project);
}

static gsize doubts_of(PlacesDoubt *doubts, Piece *piece) {
  places_fill(piece->places, &piece->unfolded, &piece->alignment, NULL, piece->project);
  return places_doubts(doubts, LISTED,
                       &(PlacesView){piece->score, &piece->unfolded, &piece->alignment, piece->motion, piece->places,
                                     piece->project, piece->seen, piece->suspicions, piece->sounding});
}

/* The sound is not found; instead another pitch is heard, or none. */
static void miss(Piece *piece, int onset, int heard) {
  piece->alignment.links.items[onset].verdict = ALIGNMENT_NOT_PLAYED;
  piece->alignment.links.items[onset].note = 0;
  piece->alignment.links.items[onset].confidence = 0.9F;
  if (!heard) return;
  CHECK(motion_add(piece->motion, 0.5 * onset + 0.02, 0.5 * onset + 0.3, heard, 64, 0.9F));
  const AlignmentLink extra = {-1, piece->motion->notes.items[piece->motion->notes.n - 1].id, ALIGNMENT_EXTRA, 0.9F};
  CHECK(base_array_push(&piece->alignment.links, extra));
}

static int count_links(const Piece *piece, int verdict) {
  int n = 0;
  for (gsize i = 0; i < piece->alignment.links.n; i++) n += piece->alignment.links.items[i].verdict == verdict;
  return n;
}

/* Of a note that was thought to be written, and of one that was not; what the first was thought to play is not played. */
static void what_is_said_of_notes_goes_into_the_links(void) {
  Piece piece;
  make(&piece);
  miss(&piece, 20, 80);
  const int matches = count_links(&piece, ALIGNMENT_MATCH), missing = count_links(&piece, ALIGNMENT_NOT_PLAYED);
  const MotionNote *first = &piece.motion->notes.items[5], *last = &piece.motion->notes.items[piece.motion->notes.n - 1];
  const Beat at = piece.unfolded.onsets.items[21].onset;
  const ProjectMark marks[] = {{.time_s = first->onset_s, .midi = first->midi, .verdict = PROJECT_EXTRA},
                               {.quarter = at, .time_s = last->onset_s, .midi = last->midi, .verdict = PROJECT_ORNAMENT}};
  CHECK(project_do(piece.project, "two", marks, 2, FALSE, 1));
  CHECK(places_lay_notes(&piece.alignment, &piece.unfolded, piece.motion, piece.project));
  CHECK(count_links(&piece, ALIGNMENT_MATCH) == matches - 1 && count_links(&piece, ALIGNMENT_NOT_PLAYED) == missing + 1);
  CHECK(count_links(&piece, ALIGNMENT_EXTRA) == 1 && count_links(&piece, ALIGNMENT_ORNAMENT) == 1);
  for (gsize i = 0; i < piece.alignment.links.n; i++) {
    const AlignmentLink *link = &piece.alignment.links.items[i];
    if (link->verdict == ALIGNMENT_ORNAMENT)
      CHECK(link->note == last->id && beat_equal(piece.unfolded.sounds.items[link->sound].onset, at));
    if (link->verdict == ALIGNMENT_EXTRA) CHECK(link->note == first->id);
  }
  clear(&piece);
}

/* Anchors aside, by how much a place is elsewhere; found or lost before all. */
static void what_moved_is_listed(void) {
  TriPlace before[6] = {{.time_s = 1}, {.time_s = 2}, {.time_s = 3}, {.time_s = 4}, {.time_s = 5, .state = TRI_NOT_PLAYED}, {.time_s = 6}};
  TriPlace after[6];
  memcpy(after, before, sizeof after);
  after[0].time_s += 0.03, after[1].time_s += 0.01, after[2].time_s -= 0.2, after[4].state = TRI_SURE;
  after[5].time_s += 1, after[5].anchor = TRUE;
  PlacesMoved moved[2];
  CHECK(places_moved(moved, 2, before, after, 6) == 3);
  CHECK(moved[0].place == 4 && moved[0].is_heard && !moved[0].was_heard && moved[1].place == 2);
}

static void nothing_stands_out_where_all_is_sure(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  CHECK(doubts_of(doubts, &piece) == 0);
  clear(&piece);
}

/* A stretch that is unsure as a whole comes before a single place that is more so, and both before the rest. */
static void the_list_leads_with_what_an_anchor_helps_most(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  for (int i = 40; i < 49; i++) piece.alignment.points.items[i].confidence = 0.6F;
  piece.alignment.points.items[90].confidence = 0.05F;
  CHECK(doubts_of(doubts, &piece) == 2);
  CHECK_SAYING(doubts[0].reason == PLACES_TIMING && doubts[0].first == 44, "%zu", doubts[0].first);
  CHECK_SAYING(doubts[1].reason == PLACES_TIMING && doubts[1].first >= 86 && doubts[1].first <= 94, "%zu", doubts[1].first);
  CHECK(doubts[0].worth > doubts[1].worth);
  const ProjectMark anchor = {.quarter = beat_whole(44), .time_s = 22, .verdict = PROJECT_MOVED};
  CHECK(project_do(piece.project, "anchor", &anchor, 1, false, 0));
  const gsize n = doubts_of(doubts, &piece);
  for (gsize i = 0; i < n; i++) CHECK(doubts[i].first != 44);
  clear(&piece);
}

/* Another pitch in place of the written one tells more than a note that is just missing, and is one entry, not two. */
static void a_swapped_note_comes_before_a_missing_one(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  miss(&piece, 20, 0);
  miss(&piece, 60, 62);
  const gsize n = doubts_of(doubts, &piece);
  CHECK_SAYING(n == 2 && doubts[0].first == 60 && doubts[0].reason == PLACES_NOT_HEARD && doubts[1].first == 20, "%zu", n);
  CHECK(doubts[0].worth > 2 * doubts[1].worth);
  piece.seen[60] = 1;
  CHECK(doubts_of(doubts, &piece) == 2 && doubts[0].first == 20);
  clear(&piece);
}

static void a_bar_that_cannot_be_comes_first(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  miss(&piece, 60, 62);
  g_strlcpy(piece.score->measures.items[7].doubt, "5 beats in 4/4", sizeof piece.score->measures.items[7].doubt);
  CHECK(doubts_of(doubts, &piece) == 2);
  CHECK(doubts[0].reason == PLACES_RHYTHM && doubts[0].first == 28 && doubts[0].last == 31);
  clear(&piece);
}

/* Of bars that cannot be those are led to first that look like others in doubt. */
static void what_returns_comes_before_what_does_not(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  ScoreMeasure *measures = piece.score->measures.items;
  for (int i = 3; i < 10; i += 3) {
    for (int k = 0; k < 4; k++) { /* bar 3 goes down, the others up */
      ScoreNote note = score_note(piece.score);
      note.measure = i, note.octave = 4, note.step = (int8_t)(i == 3 ? 6 - k : k);
      CHECK(base_array_push(&piece.score->notes, note));
    }
    measures[i].confidence = 0.4F;
    g_strlcpy(measures[i].doubt, "5 beats in 4/4", sizeof measures[i].doubt);
  }
  CHECK(doubts_of(doubts, &piece) == 3);
  CHECK(doubts[0].first == 24 && doubts[1].first == 36 && doubts[2].first == 12);
  CHECK(doubts[0].worth > doubts[2].worth);
  clear(&piece);
}

/* Of two notes that nobody heard the one that looks wrong is asked about first; where the sound agrees, looks count little. */
static void the_language_is_a_second_witness(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  miss(&piece, 20, 0);
  miss(&piece, 60, 0);
  piece.suspicions[61].pitch = 0.6F; /* the note of onset 60 */
  piece.suspicions[91].pitch = 0.6F; /* heard as written */
  const gsize n = doubts_of(doubts, &piece);
  CHECK_SAYING(n == 2 && doubts[0].first == 60 && doubts[1].first == 20, "%zu", n);
  piece.suspicions[61].pitch = 0.001F;
  CHECK(doubts_of(doubts, &piece) == 2 && doubts[0].first == 20);
  clear(&piece);
}

/* A score alone has its notes that look wrong, those of one bar together, the surest bar first. */
static void a_score_alone_is_doubted_by_the_language(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  make(&piece);
  piece.suspicions[10].rhythm = piece.suspicions[11].pitch = 0.9F;
  piece.suspicions[50].pitch = 0.9F;
  piece.suspicions[70].pitch = 0.1F;
  places_fill(piece.places, &piece.unfolded, NULL, NULL, piece.project);
  const gsize n = places_doubts(doubts, LISTED,
                                &(PlacesView){.score = piece.score, .unfolded = &piece.unfolded, .places = piece.places,
                                              .project = piece.project, .suspicions = piece.suspicions});
  CHECK_SAYING(n == 2, "%zu", n);
  CHECK(doubts[0].reason == PLACES_UNLIKELY && doubts[0].first == 9 && doubts[0].last == 10 && doubts[0].n_notes == 2);
  CHECK(doubts[1].first == 49 && doubts[1].sound == 49);
  clear(&piece);
}

/* Of three notes that only the ear has, the one without which the sound is explained is asked about first, and told; what
 * sounds indeed falls behind. */
static void what_the_sound_does_not_need_comes_first(void) {
  Piece piece;
  PlacesDoubt doubts[LISTED];
  float sounding[ONSETS + 3];
  make(&piece);
  for (int i = 0; i < 3; i++) {
    const int onset = 20 + 30 * i;
    miss(&piece, onset, 90);
    piece.alignment.links.items[onset].verdict = ALIGNMENT_MATCH;
    piece.alignment.links.items[onset].note = piece.motion->notes.items[onset].id;
  }
  for (int i = 0; i < ONSETS + 3; i++) sounding[i] = 0.97F;
  CHECK(doubts_of(doubts, &piece) == 3 && doubts[0].first == 20 && doubts[0].n_needless == 0);
  sounding[ONSETS + 1] = 0.1F;
  sounding[ONSETS] = 0.7F;
  piece.sounding = sounding;
  CHECK(doubts_of(doubts, &piece) == 3);
  CHECK(doubts[0].first == 50 && doubts[0].n_needless == 1 && doubts[0].worth > 0.8);
  CHECK(doubts[1].first == 20 && doubts[1].n_needless == 0 && doubts[2].first == 80);
  CHECK(doubts[2].worth < 0.15);
  clear(&piece);
}

CHECK_MAIN({CASE(what_the_sound_does_not_need_comes_first)}, {CASE(the_language_is_a_second_witness)}, {CASE(a_score_alone_is_doubted_by_the_language)},
           {CASE(what_is_said_of_notes_goes_into_the_links)},
           {CASE(what_moved_is_listed)},
           {CASE(nothing_stands_out_where_all_is_sure)}, {CASE(the_list_leads_with_what_an_anchor_helps_most)},
           {CASE(a_swapped_note_comes_before_a_missing_one)}, {CASE(a_bar_that_cannot_be_comes_first)},
           {CASE(what_returns_comes_before_what_does_not)})
