/* Small dense products by OpenBLAS: the one file that includes its header.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_gemm.h"

#include <cblas.h>
#include <pthread.h>

static void one_thread(void) {
  openblas_set_num_threads(1);
}

void nn_gemm_start(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, one_thread);
}

void nn_gemm(float *c, int c_stride, const float *a, int a_stride, bool a_transposed, const float *b,
             int b_stride, bool b_transposed, int m, int n, int k, float alpha, float beta) {
  cblas_sgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans,
              b_transposed ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, a_stride, b, b_stride, beta, c,
              c_stride);
}
