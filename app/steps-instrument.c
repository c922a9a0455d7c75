/* A learned instrument is a list of numbers; to be played it is rendered once into a soundfont, whose name is
 * the hash of the numbers, so that it is found again as long as the cache keeps it. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/steps-instrument.h"

#include "core/piano/piano_bank.h"
#include "core/piano/piano_recording.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

enum { BANK_VERSION = 1, MOST_BANKS = 4 };
static const float MODEL_GAIN = 0.95f; /* beside sampled pianos it would seem soft */

/* ---- learning ---- */

void steps_learn_piano_snapshot_free(gpointer data) {
  StepsLearnPianoSnapshot *snapshot = data;
  g_free(snapshot->path);
  motion_free(snapshot->notes);
  g_free(snapshot);
}

BaseStatus steps_learn_piano(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsLearnPianoSnapshot *snapshot = data;
  PianoNotes notes = {0};
  PianoModel grand = piano_model_reference(), learned = piano_model_common(&grand);
  BaseStatus status = piano_notes_of(ctx, &notes, snapshot->notes);
  if (status == BASE_OK) status = piano_learn_recording(ctx, &learned, snapshot->path, notes.items, notes.n);
  piano_notes_clear(&notes);
  if (status == BASE_OK) *result = g_memdup2(&learned, sizeof learned);
  return status;
}

/* ---- the cache ---- */

static char *bank_folder(void) {
  return g_build_filename(g_get_user_cache_dir(), "triptych", "instruments", NULL);
}

static char *bank_path(const PianoModel *model) {
  g_autofree char *folder = bank_folder();
  g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)model, sizeof *model);
  g_autofree char *name = g_strdup_printf("%s-%d.sf2", sum, BANK_VERSION);
  return g_build_filename(folder, name, NULL);
}

typedef struct {
  char *path;
  gint64 used_s;
} Bank;

static void bank_clear(gpointer data) {
  g_free(((Bank *)data)->path);
}

static int newest_first(gconstpointer a, gconstpointer b) {
  gint64 x = ((const Bank *)a)->used_s, y = ((const Bank *)b)->used_s;
  return (x < y) - (x > y);
}

/* Keeps the newest few; a bank that is being played stays readable although its name is gone. */
static void tidy_banks(void) {
  g_autofree char *folder = bank_folder();
  g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
  g_autoptr(GArray) banks = g_array_new(FALSE, FALSE, sizeof(Bank));
  g_array_set_clear_func(banks, bank_clear);
  for (const char *name; names && (name = g_dir_read_name(names));) {
    if (!g_str_has_suffix(name, ".sf2")) continue;
    GStatBuf info;
    Bank bank = {g_build_filename(folder, name, NULL), 0};
    if (g_stat(bank.path, &info) == 0) bank.used_s = info.st_mtime;
    g_array_append_val(banks, bank);
  }
  g_array_sort(banks, newest_first);
  for (guint i = MOST_BANKS; i < banks->len; i++) g_unlink(g_array_index(banks, Bank, i).path);
}

static BaseStatus find_bank(BaseContext *ctx, const PianoModel *model, const char *path) {
  if (g_utime(path, NULL) == 0) return BASE_OK;
  g_autofree char *folder = bank_folder();
  g_mkdir_with_parents(folder, 0700);
  BaseStatus status = piano_bank_write(ctx, model, "Learned piano", path);
  if (status == BASE_OK) tidy_banks();
  return status;
}

/* ---- making it playable ---- */

void steps_instrument_snapshot_free(gpointer data) {
  StepsInstrumentSnapshot *snapshot = data;
  g_free(snapshot->soundfont);
  g_free(snapshot);
}

BaseStatus steps_make_synth(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsInstrumentSnapshot *snapshot = data;
  g_autofree char *path = snapshot->soundfont ? g_strdup(snapshot->soundfont) : bank_path(&snapshot->model);
  BaseStatus status = snapshot->soundfont ? BASE_OK : find_bank(ctx, &snapshot->model, path);
  if (status != BASE_OK) return status;
  const float gain = snapshot->soundfont ? 0 : MODEL_GAIN;
  PianoSynthParams params = {.soundfont = path, .rate_hz = snapshot->rate_hz, .gain = gain};
  return piano_synth_new(ctx, (PianoSynth **)result, &params);
}
