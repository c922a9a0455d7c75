/* Small dense products by OpenBLAS; for the files of core/nn only. SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>

/* c [m, n] = alpha · op(a) · op(b) + beta · c, all row-major with the given row strides; op transposes where
 * asked: a is [m, k] or, transposed, [k, m]; b [k, n] or [n, k]. Runs on the calling thread alone. */
void nn_gemm(float *c, int c_stride, const float *a, int a_stride, bool a_transposed, const float *b,
             int b_stride, bool b_transposed, int m, int n, int k, float alpha, float beta);

/* Keeps OpenBLAS to the calling thread; parallel work is cut by nn_parallel. Called before nn_gemm. */
void nn_gemm_start(void);
