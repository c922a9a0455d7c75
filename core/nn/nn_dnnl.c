/* Convolutions and large products by oneDNN (C API 2.6, operation descriptors).
 *
 * Activations stay in plain row-major [N, T, F, C], which oneDNN calls nhwc and for which it has generated
 * code; only weights are packed into the blocked layout that each pass asks for, once after each change.
 * A 1 × 1 product is an inner product over rows. Gradients of weights are computed in f32, unpacked and
 * added to the caller's. Scratch is the caller's, so that running a product allocates nothing.
 *
 * Outside of training, dense 3 × 3 convolutions in f32 go by Winograd's minimal filtering F(4 × 4, 3 × 3)
 * (Lavin & Gray 2016), which needs a quarter of the products; it wants a blocked layout, into and out of
 * which the tensors are copied. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_dnnl.h"

#include <dnnl.h>
#include <stdlib.h>

struct NnDnnl {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
};

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, PASSES };

typedef struct {
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t run;
  dnnl_memory_t scratch;
} Pass;

typedef struct {
  dnnl_primitive_t run;
  dnnl_memory_t from, to;
} Reorder;

struct NnProduct {
  NnDnnl *dnnl;
  NnProductSpec spec;
  bool dense;                  /* an inner product */
  bool winograd;               /* forward by Winograd's transform, in oneDNN's own layout */
  Reorder block_x, plain_y;    /* into and out of that layout; memory in the scratch */
  size_t blocked_x, blocked_y; /* bytes of the two */
  Pass passes[PASSES];
  dnnl_memory_t x, y, dx, dy, bias, dbias;
  dnnl_memory_t weight, weight_back, dweight; /* packed, own memory */
  Reorder pack, pack_back, unpack;
  float *dbias_sum; /* [O] */
  size_t scratch;
};

NnDnnl *nn_dnnl_new(void) {
  NnDnnl *dnnl = calloc(1, sizeof *dnnl);
  if (!dnnl) return NULL;
  if (dnnl_engine_create(&dnnl->engine, dnnl_cpu, 0) != dnnl_success ||
      dnnl_stream_create(&dnnl->stream, dnnl->engine, dnnl_stream_default_flags) != dnnl_success) {
    nn_dnnl_free(dnnl);
    return NULL;
  }
  return dnnl;
}

void nn_dnnl_free(NnDnnl *dnnl) {
  if (!dnnl) return;
  if (dnnl->stream) dnnl_stream_destroy(dnnl->stream);
  if (dnnl->engine) dnnl_engine_destroy(dnnl->engine);
  free(dnnl);
}

bool nn_dnnl_fast_bf16(void) {
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static dnnl_data_type_t data_type(NnType type) {
  return type == NN_BF16 ? dnnl_bf16 : dnnl_f32;
}

/* Descriptors of the operands: x and y as they lie, the packed weights left to oneDNN. */
typedef struct {
  dnnl_memory_desc_t x, y, weight, dweight, bias, plain;
} Operands;

static void describe_dense(Operands *o, const NnProductSpec *s) {
  dnnl_dims_t x = {(dnnl_dim_t)nn_shape_rows(s->x), s->x.c}, y = {(dnnl_dim_t)nn_shape_rows(s->y), s->y.c};
  dnnl_dims_t w = {s->y.c, s->x.c};
  dnnl_memory_desc_init_by_tag(&o->x, 2, x, data_type(s->type_x), dnnl_ab);
  dnnl_memory_desc_init_by_tag(&o->y, 2, y, data_type(s->type_y), dnnl_ab);
  dnnl_memory_desc_init_by_tag(&o->weight, 2, w, data_type(s->type_x), dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&o->dweight, 2, w, dnnl_f32, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&o->plain, 2, w, dnnl_f32, dnnl_ab);
}

static void describe_conv(Operands *o, const NnProductSpec *s) {
  dnnl_dims_t x = {s->x.n, s->x.c, s->x.t, s->x.f}, y = {s->y.n, s->y.c, s->y.t, s->y.f};
  dnnl_dims_t w = {s->y.c, s->x.c, s->kernel_t, s->kernel_f};
  dnnl_memory_desc_init_by_tag(&o->x, 4, x, data_type(s->type_x), dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&o->y, 4, y, data_type(s->type_y), dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&o->weight, 4, w, data_type(s->type_x), dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&o->dweight, 4, w, dnnl_f32, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&o->plain, 4, w, dnnl_f32, dnnl_oihw);
}

static void describe(Operands *o, const NnProductSpec *s, bool dense) {
  *o = (Operands){0};
  (dense ? describe_dense : describe_conv)(o, s);
  dnnl_dims_t bias = {s->y.c};
  if (s->bias) dnnl_memory_desc_init_by_tag(&o->bias, 1, bias, dnnl_f32, dnnl_a);
}

/* Zeros after the last sample along one axis; negative where the stride leaves samples over. */
static int pad_after(int x, int y, int kernel, int stride, int dilation, int before) {
  return (y - 1) * stride + (kernel - 1) * dilation + 1 - x - before;
}

static dnnl_status_t init_dense(void *op, int pass, const Operands *o, const dnnl_memory_desc_t *bias,
                                bool training) {
  switch (pass) {
  case FORWARD:
    return dnnl_inner_product_forward_desc_init(op, training ? dnnl_forward_training : dnnl_forward_inference,
                                                &o->x, &o->weight, bias, &o->y);
  case BACKWARD_DATA:
    return dnnl_inner_product_backward_data_desc_init(op, &o->x, &o->weight, &o->y);
  default:
    return dnnl_inner_product_backward_weights_desc_init(op, &o->x, &o->dweight, bias, &o->y);
  }
}

static dnnl_status_t init_conv(void *op, int pass, const NnProductSpec *s, const Operands *o,
                               const dnnl_memory_desc_t *bias, dnnl_alg_kind_t by) {
  dnnl_dims_t stride = {s->stride_t, s->stride_f}, dilation = {s->dilation_t - 1, s->dilation_f - 1};
  dnnl_dims_t before = {s->pad_t, s->pad_f};
  dnnl_dims_t after = {pad_after(s->x.t, s->y.t, s->kernel_t, s->stride_t, s->dilation_t, s->pad_t),
                       pad_after(s->x.f, s->y.f, s->kernel_f, s->stride_f, s->dilation_f, s->pad_f)};
  switch (pass) {
  case FORWARD:
    return dnnl_dilated_convolution_forward_desc_init(
        op, s->training ? dnnl_forward_training : dnnl_forward_inference, by, &o->x, &o->weight, bias, &o->y,
        stride, dilation, before, after);
  case BACKWARD_DATA:
    return dnnl_dilated_convolution_backward_data_desc_init(op, dnnl_convolution_direct, &o->x, &o->weight,
                                                            &o->y, stride, dilation, before, after);
  default:
    return dnnl_dilated_convolution_backward_weights_desc_init(
        op, dnnl_convolution_direct, &o->x, &o->dweight, bias, &o->y, stride, dilation, before, after);
  }
}

static dnnl_primitive_attr_t make_attributes(const NnProductSpec *s, int pass) {
  dnnl_primitive_attr_t attributes = NULL;
  if (dnnl_primitive_attr_create(&attributes) != dnnl_success) return NULL;
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (pass != FORWARD || (!s->relu && !s->sum)) return attributes;
  dnnl_post_ops_t post = NULL;
  if (dnnl_post_ops_create(&post) == dnnl_success) {
    if (s->sum) dnnl_post_ops_append_sum(post, 1.0f);
    if (s->relu) dnnl_post_ops_append_eltwise(post, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
    dnnl_primitive_attr_set_post_ops(attributes, post);
    dnnl_post_ops_destroy(post);
  }
  return attributes;
}

static bool make_memory(NnDnnl *dnnl, dnnl_memory_t *memory, const dnnl_memory_desc_t *desc, void *bytes) {
  return dnnl_memory_create(memory, desc, dnnl->engine, bytes) == dnnl_success;
}

static bool make_pass(NnProduct *p, int pass, const Operands *o) {
  dnnl_primitive_attr_t attributes = make_attributes(&p->spec, pass);
  if (!attributes) return false;
  const dnnl_memory_desc_t *bias = p->spec.bias ? &o->bias : NULL;
  dnnl_convolution_desc_t conv = {0};
  dnnl_inner_product_desc_t dense = {0};
  void *op = p->dense ? (void *)&dense : (void *)&conv;
  dnnl_status_t status = p->dense
                             ? init_dense(op, pass, o, bias, p->spec.training)
                             : init_conv(op, pass, &p->spec, o, bias,
                                         p->winograd ? dnnl_convolution_winograd : dnnl_convolution_direct);
  Pass *made = &p->passes[pass];
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(&made->desc, op, attributes, p->dnnl->engine,
                                        pass == FORWARD ? NULL : p->passes[FORWARD].desc);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success || dnnl_primitive_create(&made->run, made->desc) != dnnl_success) return false;
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(made->desc, dnnl_query_scratchpad_md, 0);
  size_t bytes = dnnl_memory_desc_get_size(scratch);
  if (bytes > p->scratch) p->scratch = bytes;
  return make_memory(p->dnnl, &made->scratch, scratch, DNNL_MEMORY_NONE);
}

static bool make_reorder(NnDnnl *dnnl, Reorder *reorder, const dnnl_memory_desc_t *from, void *from_memory,
                         const dnnl_memory_desc_t *to, void *to_memory, bool add) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t post = NULL;
  dnnl_primitive_desc_t desc = NULL;
  bool made = dnnl_primitive_attr_create(&attributes) == dnnl_success &&
              dnnl_post_ops_create(&post) == dnnl_success &&
              (!add || dnnl_post_ops_append_sum(post, 1.0f) == dnnl_success) &&
              dnnl_primitive_attr_set_post_ops(attributes, post) == dnnl_success &&
              dnnl_reorder_primitive_desc_create(&desc, from, dnnl->engine, to, dnnl->engine, attributes) ==
                  dnnl_success &&
              dnnl_primitive_create(&reorder->run, desc) == dnnl_success;
  if (desc) dnnl_primitive_desc_destroy(desc);
  if (post) dnnl_post_ops_destroy(post);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  reorder->from = from_memory;
  reorder->to = to_memory;
  if (made && !from_memory) made = make_memory(dnnl, &reorder->from, from, DNNL_MEMORY_NONE);
  if (made && !to_memory) made = make_memory(dnnl, &reorder->to, to, DNNL_MEMORY_NONE);
  return made;
}

static const dnnl_memory_desc_t *chosen(const NnProduct *p, int pass, dnnl_query_t what, int index) {
  return dnnl_primitive_desc_query_md(p->passes[pass].desc, what, index);
}

static bool make_forward(NnProduct *p, const Operands *o) {
  if (!make_pass(p, FORWARD, o)) return false;
  const dnnl_memory_desc_t *packed = chosen(p, FORWARD, dnnl_query_weights_md, 0);
  return make_memory(p->dnnl, &p->x, chosen(p, FORWARD, dnnl_query_src_md, 0), DNNL_MEMORY_NONE) &&
         make_memory(p->dnnl, &p->y, chosen(p, FORWARD, dnnl_query_dst_md, 0), DNNL_MEMORY_NONE) &&
         make_memory(p->dnnl, &p->bias, &o->bias, DNNL_MEMORY_NONE) &&
         make_memory(p->dnnl, &p->weight, packed, DNNL_MEMORY_ALLOCATE) &&
         make_reorder(p->dnnl, &p->pack, &o->plain, NULL, packed, p->weight, false);
}

static bool suits_winograd(const NnProductSpec *s) {
  return !s->training && !s->sum && s->type_x == NN_F32 && s->type_y == NN_F32 && s->kernel_t == 3 &&
         s->kernel_f == 3 && s->stride_t == 1 && s->stride_f == 1 && s->dilation_t == 1 &&
         s->dilation_f == 1 && s->x.c % 16 == 0 && s->y.c % 16 == 0 && s->x.c >= 32 && s->y.c >= 32;
}

static size_t round_up(size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

static void free_forward(NnProduct *p);

/* The forward pass between two copies; false, with nothing made, where the processor or oneDNN has none. */
static bool make_winograd(NnProduct *p, const Operands *plain) {
  if (!suits_winograd(&p->spec)) return false;
  Operands any = *plain;
  any.x.format_kind = any.y.format_kind = dnnl_format_kind_any;
  p->winograd = true;
  if (make_forward(p, &any)) {
    const dnnl_memory_desc_t *x = chosen(p, FORWARD, dnnl_query_src_md, 0),
                             *y = chosen(p, FORWARD, dnnl_query_dst_md, 0);
    p->blocked_x = round_up(dnnl_memory_desc_get_size(x));
    p->blocked_y = round_up(dnnl_memory_desc_get_size(y));
    if (make_reorder(p->dnnl, &p->block_x, &plain->x, NULL, x, NULL, false) &&
        make_reorder(p->dnnl, &p->plain_y, y, NULL, &plain->y, NULL, false))
      return true;
  }
  free_forward(p);
  p->winograd = false;
  return false;
}

static bool make_backward_data(NnProduct *p, const Operands *o) {
  if (!make_pass(p, BACKWARD_DATA, o)) return false;
  const dnnl_memory_desc_t *packed = chosen(p, BACKWARD_DATA, dnnl_query_weights_md, 0);
  return make_memory(p->dnnl, &p->dx, &o->x, DNNL_MEMORY_NONE) &&
         make_memory(p->dnnl, &p->weight_back, packed, DNNL_MEMORY_ALLOCATE) &&
         make_reorder(p->dnnl, &p->pack_back, &o->plain, NULL, packed, p->weight_back, false);
}

static bool make_backward_weights(NnProduct *p, const Operands *o) {
  if (!make_pass(p, BACKWARD_WEIGHTS, o)) return false;
  const dnnl_memory_desc_t *packed = chosen(p, BACKWARD_WEIGHTS, dnnl_query_diff_weights_md, 0);
  p->dbias_sum = calloc((size_t)p->spec.y.c, sizeof *p->dbias_sum);
  return p->dbias_sum && make_memory(p->dnnl, &p->dy, &o->y, DNNL_MEMORY_NONE) &&
         make_memory(p->dnnl, &p->dbias, &o->bias, p->spec.bias ? p->dbias_sum : DNNL_MEMORY_NONE) &&
         make_memory(p->dnnl, &p->dweight, packed, DNNL_MEMORY_ALLOCATE) &&
         make_reorder(p->dnnl, &p->unpack, packed, p->dweight, &o->plain, NULL, true);
}

static bool is_dense(const NnProductSpec *s) {
  return s->kernel_t == 1 && s->kernel_f == 1 && s->stride_t == 1 && s->stride_f == 1 && s->pad_t == 0 &&
         s->pad_f == 0 && nn_shape_rows(s->x) == nn_shape_rows(s->y);
}

NnProduct *nn_product_new(NnDnnl *dnnl, const NnProductSpec *spec, const char **why) {
  NnProduct *p = calloc(1, sizeof *p);
  if (!p) {
    *why = "out of memory";
    return NULL;
  }
  p->dnnl = dnnl;
  p->spec = *spec;
  p->dense = is_dense(spec);
  Operands o;
  describe(&o, spec, p->dense);
  if ((make_winograd(p, &o) || make_forward(p, &o)) &&
      (!spec->training || ((spec->no_dx || make_backward_data(p, &o)) && make_backward_weights(p, &o))))
    return p;
  *why = "oneDNN offers no such product on this processor";
  nn_product_free(p);
  return NULL;
}

static void free_pass(Pass *pass) {
  if (pass->scratch) dnnl_memory_destroy(pass->scratch);
  if (pass->run) dnnl_primitive_destroy(pass->run);
  if (pass->desc) dnnl_primitive_desc_destroy(pass->desc);
}

static void free_memory(dnnl_memory_t memory) {
  if (memory) dnnl_memory_destroy(memory);
}

static void free_reorder(Reorder *reorder, dnnl_memory_t own_from, dnnl_memory_t own_to) {
  if (reorder->run) dnnl_primitive_destroy(reorder->run);
  if (reorder->from != own_from) free_memory(reorder->from);
  if (reorder->to != own_to) free_memory(reorder->to);
}

/* Undoes make_winograd and make_forward. */
static void free_forward(NnProduct *p) {
  free_reorder(&p->block_x, NULL, NULL);
  free_reorder(&p->plain_y, NULL, NULL);
  free_reorder(&p->pack, NULL, p->weight);
  dnnl_memory_t memories[] = {p->x, p->y, p->bias, p->weight};
  for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) free_memory(memories[i]);
  free_pass(&p->passes[FORWARD]);
  p->block_x = p->plain_y = p->pack = (Reorder){0};
  p->x = p->y = p->bias = p->weight = NULL;
  p->passes[FORWARD] = (Pass){0};
  p->blocked_x = p->blocked_y = p->scratch = 0;
}

void nn_product_free(NnProduct *p) {
  if (!p) return;
  free_forward(p);
  free_reorder(&p->pack_back, NULL, p->weight_back);
  free_reorder(&p->unpack, p->dweight, NULL);
  dnnl_memory_t memories[] = {p->dx, p->dy, p->dbias, p->weight_back, p->dweight};
  for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) free_memory(memories[i]);
  for (int i = BACKWARD_DATA; i < PASSES; i++) free_pass(&p->passes[i]);
  free(p->dbias_sum);
  free(p);
}

size_t nn_product_scratch(const NnProduct *p) {
  return round_up(p->scratch) + p->blocked_x + p->blocked_y;
}

static bool execute(NnProduct *p, dnnl_primitive_t run, int n, const dnnl_exec_arg_t *arguments) {
  return dnnl_primitive_execute(run, p->dnnl->stream, n, arguments) == dnnl_success &&
         dnnl_stream_wait(p->dnnl->stream) == dnnl_success;
}

static bool execute_reorder(NnProduct *p, const Reorder *reorder) {
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, reorder->from}, {DNNL_ARG_TO, reorder->to}};
  return execute(p, reorder->run, 2, arguments);
}

static void point(dnnl_memory_t memory, const void *bytes) {
  dnnl_memory_set_data_handle_v2(memory, (void *)(uintptr_t)bytes, NULL);
}

void nn_product_pack(NnProduct *p, const float *weight) {
  point(p->pack.from, weight);
  execute_reorder(p, &p->pack);
  if (!p->passes[BACKWARD_DATA].run) return;
  point(p->pack_back.from, weight);
  execute_reorder(p, &p->pack_back);
}

static bool multiply(NnProduct *p, void *y, const void *x, const float *bias, void *scratch) {
  point(p->x, x);
  point(p->y, y);
  point(p->bias, bias);
  point(p->passes[FORWARD].scratch, scratch);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, p->x},
                                 {DNNL_ARG_WEIGHTS, p->weight},
                                 {DNNL_ARG_DST, p->y},
                                 {DNNL_ARG_SCRATCHPAD, p->passes[FORWARD].scratch},
                                 {DNNL_ARG_BIAS, p->bias}};
  return execute(p, p->passes[FORWARD].run, p->spec.bias ? 5 : 4, arguments);
}

static bool reorder_between(NnProduct *p, const Reorder *reorder, void *to, const void *from) {
  point(reorder->from, from);
  point(reorder->to, to);
  return execute_reorder(p, reorder);
}

bool nn_product_forward(NnProduct *p, void *y, const void *x, const float *bias, void *scratch) {
  if (!p->winograd) return multiply(p, y, x, bias, scratch);
  char *blocked_x = (char *)scratch + round_up(p->scratch), *blocked_y = blocked_x + p->blocked_x;
  return reorder_between(p, &p->block_x, blocked_x, x) && multiply(p, blocked_y, blocked_x, bias, scratch) &&
         reorder_between(p, &p->plain_y, y, blocked_y);
}

static bool backward_data(NnProduct *p, void *dx, void *scratch) {
  point(p->dx, dx);
  point(p->passes[BACKWARD_DATA].scratch, scratch);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_DIFF_DST, p->dy},
                                 {DNNL_ARG_WEIGHTS, p->weight_back},
                                 {DNNL_ARG_DIFF_SRC, p->dx},
                                 {DNNL_ARG_SCRATCHPAD, p->passes[BACKWARD_DATA].scratch}};
  return execute(p, p->passes[BACKWARD_DATA].run, 4, arguments);
}

static bool backward_weights(NnProduct *p, const void *x, void *scratch) {
  point(p->x, x);
  point(p->passes[BACKWARD_WEIGHTS].scratch, scratch);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_DIFF_DST, p->dy},
                                 {DNNL_ARG_SRC, p->x},
                                 {DNNL_ARG_DIFF_WEIGHTS, p->dweight},
                                 {DNNL_ARG_SCRATCHPAD, p->passes[BACKWARD_WEIGHTS].scratch},
                                 {DNNL_ARG_DIFF_BIAS, p->dbias}};
  return execute(p, p->passes[BACKWARD_WEIGHTS].run, p->spec.bias ? 5 : 4, arguments);
}

bool nn_product_backward(NnProduct *p, void *dx, float *dweight, float *dbias, const void *x, const void *dy,
                         void *scratch) {
  point(p->dy, dy);
  if (dx && !backward_data(p, dx, scratch)) return false;
  if (!dweight) return true;
  if (!backward_weights(p, x, scratch)) return false;
  point(p->unpack.to, dweight);
  if (!execute_reorder(p, &p->unpack)) return false;
  for (int o = 0; dbias && o < p->spec.y.c; o++) dbias[o] += p->dbias_sum[o];
  return true;
}

void nn_product_names(const NnProduct *p, const char *names[3]) {
  for (int i = 0; i < PASSES; i++) {
    names[i] = "";
    if (p->passes[i].desc)
      dnnl_primitive_desc_query(p->passes[i].desc, dnnl_query_impl_info_str, 0, (void *)&names[i]);
  }
}
