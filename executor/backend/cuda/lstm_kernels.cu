// SPDX-License-Identifier: Apache-2.0
//
// The LSTM cell over one step: a block for each sequence and tile of hidden units.
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/launch.h"

namespace recurve::cuda {
namespace {

constexpr int kUnits = 128;  // of a block

// With and without a tape by the same code, so that both give the same bits.
__global__ void LstmForwardKernel(LstmForwardStep s) {
  const int64_t row = RowOfBlock();
  const int64_t unit = ColumnOfThread();
  const int64_t H = s.H;
  if (unit >= H) return;
  const float* const product = s.product + row * 4 * H + unit;
  const float* const input =
      (s.projected != nullptr ? s.projected + row * 4 * H : s.table + s.tokens[row] * (4 * H)) + unit;
  LstmGates<float> gates{product[0] + input[0], product[H] + input[H], product[2 * H] + input[2 * H],
                         product[3 * H] + input[3 * H]};
  const int64_t at = row * H + unit;
  float c;
  float h;
  LstmCellForward<ScalarMath>(&gates, s.c_before[at], &c, &h);
  s.c[at] = c;
  s.h[at] = h;
  if (s.gates != nullptr) {
    float* const to = s.gates + row * 4 * H + unit;
    to[0] = gates.i;
    to[H] = gates.f;
    to[2 * H] = gates.g;
    to[3 * H] = gates.o;
  }
}

__global__ void LstmBackwardKernel(LstmBackwardStep s) {
  const int64_t row = RowOfBlock();
  const int64_t unit = ColumnOfThread();
  const int64_t H = s.H;
  if (unit >= H) return;
  const int64_t at = row * H + unit;
  float* const g = s.gates + row * 4 * H + unit;
  LstmGates<float> gates{g[0], g[H], g[2 * H], g[3 * H]};
  const float dh = s.dh_above != nullptr ? s.dh[at] + s.dh_above[at] : s.dh[at];
  float dc = s.dc[at];
  LstmCellBackward<ScalarMath>(&gates, s.c_before[at], s.c[at], dh, &dc);
  s.dc[at] = dc;
  g[0] = gates.i;
  g[H] = gates.f;
  g[2 * H] = gates.g;
  g[3 * H] = gates.o;
}

}  // namespace

cudaError_t LstmForward(const LstmForwardStep& step, cudaStream_t stream) {
  if (step.rows == 0) return cudaSuccess;
  return Launch(LstmForwardKernel, RowGrid(step.rows, step.H, kUnits), kUnits, stream, step);
}

cudaError_t LstmBackward(const LstmBackwardStep& step, cudaStream_t stream) {
  if (step.rows == 0) return cudaSuccess;
  return Launch(LstmBackwardKernel, RowGrid(step.rows, step.H, kUnits), kUnits, stream, step);
}

}  // namespace recurve::cuda
