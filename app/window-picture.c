/* A picture of the window as a file, for documentation and tests: the widget tree is rendered once more by
 * the window's own renderer, so that no screen grab is needed. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

static GskRenderNode *node_of(GtkWidget *widget, int width, int height) {
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(widget);
  GtkSnapshot *snapshot = gtk_snapshot_new();
  gdk_paintable_snapshot(paintable, snapshot, width, height);
  return gtk_snapshot_free_to_node(snapshot);
}

static void picture(GSimpleAction *action, GVariant *parameter, gpointer user) {
  GtkWidget *widget = user;
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(widget));
  GskRenderNode *node = renderer ? node_of(widget, width, height) : NULL;
  if (!node) return;
  graphene_rect_t bounds = GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height);
  g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(renderer, node, &bounds);
  gdk_texture_save_to_png(texture, g_variant_get_string(parameter, NULL));
  gsk_render_node_unref(node);
}

void tri_window_add_picture(TriWindow *self) {
  static const GActionEntry ACTIONS[] = {{.name = "picture", .parameter_type = "s", .activate = picture}};
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
}
