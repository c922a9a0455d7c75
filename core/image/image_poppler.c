/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The door to Poppler. A page that holds one picture covering it is a scan: it is drawn at exactly the
 * picture's own size, so that every pixel of the scan meets one pixel of the page (and whatever is laid over
 * it, and its rotation, come along). Any other page is drawn at the resolution asked for. */
#include "core/image/image_file.h"

#include <glib.h>
#include <math.h>
#include <poppler.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 32000

struct ImagePdf {
  PopplerDocument *document;
  char *path;
};

static BaseStatus fail_open(BaseContext *ctx, const char *path, GError *error) {
  bool locked = g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED);
  bool missing = error && error->domain == G_FILE_ERROR;
  g_clear_error(&error);
  if (locked) return base_fail(ctx, BASE_UNSUPPORTED, "%s: the PDF is locked with a password", path);
  if (missing) return base_fail(ctx, BASE_UNREADABLE, "%s: cannot be read", path);
  return base_fail(ctx, BASE_BAD_FILE, "%s: the PDF is damaged", path);
}

BaseStatus image_pdf_open(BaseContext *ctx, ImagePdf **out, const char *path) {
  GError *error = NULL;
  char *absolute = g_canonicalize_filename(path, NULL);
  char *uri = g_filename_to_uri(absolute, NULL, NULL);
  g_free(absolute);
  PopplerDocument *document = uri ? poppler_document_new_from_file(uri, NULL, &error) : NULL;
  g_free(uri);
  if (!document) return fail_open(ctx, path, error);
  ImagePdf *pdf = calloc(1, sizeof *pdf);
  if (!pdf || !(pdf->path = strdup(path))) {
    free(pdf);
    g_object_unref(document);
    return base_fail_memory(ctx);
  }
  pdf->document = document;
  *out = pdf;
  return BASE_OK;
}

void image_pdf_free(ImagePdf *pdf) {
  if (!pdf) return;
  g_object_unref(pdf->document);
  free(pdf->path);
  free(pdf);
}

size_t image_pdf_pages(const ImagePdf *pdf) {
  int n = poppler_document_get_n_pages(pdf->document);
  return n > 0 ? (size_t)n : 0;
}

/* Pixels of the single picture that covers the page; false when the page is anything else. */
static bool scan_size(PopplerPage *page, double page_width, double page_height, int *width, int *height) {
  GList *mappings = poppler_page_get_image_mapping(page);
  bool found = false;
  if (mappings && !mappings->next) {
    PopplerImageMapping *mapping = mappings->data;
    double w = fabs(mapping->area.x2 - mapping->area.x1), h = fabs(mapping->area.y2 - mapping->area.y1);
    if (w > 0.85 * page_width && h > 0.85 * page_height) {
      cairo_surface_t *surface = poppler_page_get_image(page, mapping->image_id);
      if (surface && cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS) {
        int iw = cairo_image_surface_get_width(surface), ih = cairo_image_surface_get_height(surface);
        bool lying = (iw > ih) != (w > h) && abs(iw - ih) > (iw + ih) / 20;
        *width = (int)lround((lying ? ih : iw) * page_width / w);
        *height = (int)lround((lying ? iw : ih) * page_height / h);
        found = *width > 400 && *height > 400;
      }
      if (surface) cairo_surface_destroy(surface);
    }
  }
  poppler_page_free_image_mapping(mappings);
  return found;
}

static BaseStatus draw(BaseContext *ctx, Image **out, PopplerPage *page, double page_width,
                       double page_height, int width, int height) {
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create(surface);
  cairo_set_source_rgb(cr, 1, 1, 1);
  cairo_paint(cr);
  cairo_scale(cr, width / page_width, height / page_height);
  poppler_page_render(page, cr);
  cairo_status_t status = cairo_status(cr);
  cairo_destroy(cr);
  cairo_surface_flush(surface);
  const uint8_t *data = cairo_image_surface_get_data(surface);
  Image *image = status == CAIRO_STATUS_SUCCESS && data ? image_new(width, height) : NULL;
  int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; image && y < height; y++) {
    const uint32_t *line = (const uint32_t *)(const void *)(data + (size_t)y * (size_t)stride);
    uint8_t *row = image->pixels + (size_t)y * (size_t)width;
    for (int x = 0; x < width; x++) {
      uint32_t red = line[x] >> 16 & 255, green = line[x] >> 8 & 255, blue = line[x] & 255;
      row[x] = (uint8_t)((red * 77 + green * 150 + blue * 29) >> 8);
    }
  }
  cairo_surface_destroy(surface);
  if (!image) return base_fail_memory(ctx);
  image->dpi = (float)(width * 72.0 / page_width);
  *out = image;
  return BASE_OK;
}

BaseStatus image_pdf_load(BaseContext *ctx, Image **out, ImagePdf *pdf, size_t index, double dpi,
                          int64_t max_pixels) {
  PopplerPage *page = poppler_document_get_page(pdf->document, (int)index);
  double page_width = 0, page_height = 0;
  if (page) poppler_page_get_size(page, &page_width, &page_height);
  if (!page || !(page_width >= 1 && page_height >= 1 && page_width < 1e6 && page_height < 1e6)) {
    if (page) g_object_unref(page);
    return base_fail(ctx, BASE_BAD_FILE, "%s: page %zu is damaged", pdf->path, index + 1);
  }
  int scan_width = 0, scan_height = 0;
  double width = page_width * dpi / 72, height = page_height * dpi / 72;
  if (scan_size(page, page_width, page_height, &scan_width, &scan_height)) {
    width = scan_width;
    height = scan_height;
  }
  double reduce = fmin(1, sqrt((double)max_pixels / (width * height)));
  reduce = fmin(reduce, MAX_SIDE / fmax(width, height));
  int w = (int)fmax(1, floor(width * reduce)), h = (int)fmax(1, floor(height * reduce));
  BaseStatus status = draw(ctx, out, page, page_width, page_height, w, h);
  g_object_unref(page);
  return status;
}
