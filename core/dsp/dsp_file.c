/* The door to libsndfile: recordings read as a stream of float frames, sound written whole or not at all.
 * The header of a file is a claim: nothing is allocated by it. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/dsp/dsp_audio.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOWEST_RATE_HZ = 1000, HIGHEST_RATE_HZ = 1000000, MOST_CHANNELS = 64, BLOCK_FRAMES = 16384 };

struct DspReader {
  SNDFILE *file;
  DspAudioInfo info;
};

static const char *encoding_name(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
  case SF_FORMAT_PCM_S8:
  case SF_FORMAT_PCM_U8:
    return "8 bit";
  case SF_FORMAT_PCM_16:
    return "16 bit";
  case SF_FORMAT_PCM_24:
    return "24 bit";
  case SF_FORMAT_PCM_32:
    return "32 bit";
  case SF_FORMAT_FLOAT:
    return "32 bit float";
  case SF_FORMAT_DOUBLE:
    return "64 bit float";
  case SF_FORMAT_VORBIS:
    return "Vorbis";
  case SF_FORMAT_OPUS:
    return "Opus";
  case SF_FORMAT_MPEG_LAYER_I:
    return "layer I";
  case SF_FORMAT_MPEG_LAYER_II:
    return "layer II";
  case SF_FORMAT_MPEG_LAYER_III:
    return "layer III";
  default:
    return "coded";
  }
}

static void describe(char text[48], int format) {
  SF_FORMAT_INFO container = {.format = format & SF_FORMAT_TYPEMASK};
  char name[24] = "audio";
  if (sf_command(NULL, SFC_GET_FORMAT_INFO, &container, sizeof container) == 0 && container.name)
    snprintf(name, sizeof name, "%.*s", (int)strcspn(container.name, " ("), container.name);
  snprintf(text, 48, "%s, %s", name, encoding_name(format));
}

static BaseStatus open_regular(BaseContext *ctx, int *fd, const char *path) {
  *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (*fd < 0) return base_fail(ctx, BASE_UNREADABLE, "Cannot open %s: %s", path, strerror(errno));
  struct stat found;
  const bool regular = fstat(*fd, &found) == 0 && S_ISREG(found.st_mode);
  if (regular && found.st_size > 0) return BASE_OK;
  close(*fd);
  if (regular) return base_fail(ctx, BASE_BAD_FILE, "%s is empty; expected a recording", path);
  return base_fail(ctx, BASE_UNREADABLE, "%s is not a file; expected a recording", path);
}

static BaseStatus check_claims(BaseContext *ctx, const SF_INFO *info, const char *path) {
  if (info->samplerate < LOWEST_RATE_HZ || info->samplerate > HIGHEST_RATE_HZ)
    return base_fail(ctx, BASE_BAD_FILE, "%s has a sample rate of %d Hz; expected %d to %d", path,
                     info->samplerate, LOWEST_RATE_HZ, HIGHEST_RATE_HZ);
  if (info->channels < 1 || info->channels > MOST_CHANNELS)
    return base_fail(ctx, BASE_BAD_FILE, "%s has %d channels; expected 1 to %d", path, info->channels,
                     MOST_CHANNELS);
  return BASE_OK;
}

BaseStatus dsp_reader_open(BaseContext *ctx, DspReader **out, const char *path) {
  int fd = -1;
  BaseStatus status = open_regular(ctx, &fd, path);
  if (status) return status;
  SF_INFO found = {0};
  SNDFILE *file = sf_open_fd(fd, SFM_READ, &found, SF_TRUE);
  if (!file)
    return base_fail(ctx, BASE_BAD_FILE, "%s is no recording that can be read: %s", path, sf_strerror(NULL));
  status = check_claims(ctx, &found, path);
  DspReader *reader = status ? NULL : calloc(1, sizeof *reader);
  if (!reader) {
    sf_close(file);
    return status ? status : base_fail_memory(ctx);
  }
  reader->file = file;
  reader->info =
      (DspAudioInfo){.rate_hz = found.samplerate, .channels = found.channels, .frames = found.frames};
  describe(reader->info.format, found.format);
  *out = reader;
  return BASE_OK;
}

void dsp_reader_free(DspReader *reader) {
  if (!reader) return;
  sf_close(reader->file);
  free(reader);
}

const DspAudioInfo *dsp_reader_info(const DspReader *reader) {
  return &reader->info;
}

size_t dsp_reader_read(DspReader *reader, float *interleaved, size_t frames) {
  const sf_count_t read = sf_readf_float(reader->file, interleaved, (sf_count_t)frames);
  const size_t n = read > 0 ? (size_t)read : 0;
  for (size_t i = 0; i < n * (size_t)reader->info.channels; i++)
    if (!isfinite(interleaved[i])) interleaved[i] = 0;
  return n;
}

BaseStatus dsp_reader_seek(BaseContext *ctx, DspReader *reader, int64_t frame) {
  if (frame >= 0 && sf_seek(reader->file, frame, SEEK_SET) == frame) return BASE_OK;
  return base_fail(ctx, BASE_BAD_INPUT, "Cannot go to frame %lld of a recording of %lld frames",
                   (long long)frame, (long long)reader->info.frames);
}

static int format_by_ending(const char *path) {
  const char *ending = strrchr(path, '.');
  if (ending && strcasecmp(ending, ".wav") == 0) return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  if (ending && strcasecmp(ending, ".flac") == 0) return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  return 0;
}

struct DspWriter {
  BaseFileWriter place;
  SNDFILE *file;
  char path[]; /* for sentences */
};

static BaseStatus check_writable(BaseContext *ctx, const SF_INFO *info, const char *path) {
  if (!info->format)
    return base_fail(ctx, BASE_BAD_INPUT,
                     "Cannot tell from the name %s how to write sound; use .wav or .flac", path);
  if (!sf_format_check(info))
    return base_fail(ctx, BASE_UNSUPPORTED, "Cannot write %d channels at %d Hz to %s", info->channels,
                     info->samplerate, path);
  return BASE_OK;
}

BaseStatus dsp_writer_open(BaseContext *ctx, DspWriter **out, const char *path, int32_t rate_hz,
                           int32_t channels) {
  SF_INFO info = {.samplerate = rate_hz, .channels = channels, .format = format_by_ending(path)};
  BaseStatus status = check_writable(ctx, &info, path);
  if (status) return status;
  DspWriter *writer = calloc(1, sizeof *writer + strlen(path) + 1);
  if (!writer) return base_fail_memory(ctx);
  strcpy(writer->path, path);
  status = base_file_begin(ctx, &writer->place, path);
  if (status) {
    free(writer);
    return status;
  }
  writer->file = sf_open_fd(fileno(writer->place.stream), SFM_WRITE, &info, SF_FALSE);
  if (!writer->file) {
    dsp_writer_free(writer);
    return base_fail(ctx, BASE_UNREADABLE, "Cannot write %s: %s", path, sf_strerror(NULL));
  }
  sf_command(writer->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
  *out = writer;
  return BASE_OK;
}

BaseStatus dsp_writer_write(BaseContext *ctx, DspWriter *writer, const float *interleaved, size_t frames) {
  if (sf_writef_float(writer->file, interleaved, (sf_count_t)frames) == (sf_count_t)frames) return BASE_OK;
  return base_fail(ctx, BASE_UNREADABLE, "Cannot write %s: %s", writer->path, sf_strerror(writer->file));
}

BaseStatus dsp_writer_commit(BaseContext *ctx, DspWriter *writer) {
  BaseStatus status = BASE_OK;
  if (sf_close(writer->file) != 0)
    status = base_fail(ctx, BASE_UNREADABLE, "Cannot write %s to its end", writer->path);
  writer->file = NULL;
  return status ? status : base_file_commit(ctx, &writer->place);
}

void dsp_writer_free(DspWriter *writer) {
  if (!writer) return;
  if (writer->file) sf_close(writer->file);
  base_file_abort(&writer->place);
  free(writer);
}

static BaseStatus write_frames(BaseContext *ctx, DspWriter *writer, const DspAudio *audio) {
  for (size_t at = 0; at < audio->frames; at += BLOCK_FRAMES) {
    const size_t n = audio->frames - at < BLOCK_FRAMES ? audio->frames - at : BLOCK_FRAMES;
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    BaseStatus status = dsp_writer_write(ctx, writer, audio->samples + at * (size_t)audio->channels, n);
    if (status) return status;
    base_progress(ctx, (double)(at + n) / (double)audio->frames, "Writing sound");
  }
  return BASE_OK;
}

BaseStatus dsp_audio_write(BaseContext *ctx, const DspAudio *audio, const char *path) {
  DspWriter *writer = NULL;
  BaseStatus status = dsp_writer_open(ctx, &writer, path, audio->rate_hz, audio->channels);
  if (!status) status = write_frames(ctx, writer, audio);
  if (!status) status = dsp_writer_commit(ctx, writer);
  dsp_writer_free(writer);
  return status;
}
