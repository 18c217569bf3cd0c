// SPDX-License-Identifier: Apache-2.0
//
// Adds rows to the rows of a table.
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/launch.h"

namespace recurve::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kWarps = kThreads / kWarp;
constexpr int kInFlight = 32;  // loads per thread in flight, so that additions wait for each other, not for memory

// The threads of a block that found something, in order.
struct Found {
  int32_t threads[kThreads];
  int32_t of_warp[kWarps];
};

// Returns how many threads found something. All threads must call it, with a barrier before the next call.
__device__ int Gather(bool found, Found& all) {
  const unsigned in_warp = __ballot_sync(0xFFFFFFFFu, found);
  const int lane = threadIdx.x % kWarp;
  const int warp = threadIdx.x / kWarp;
  if (lane == 0) all.of_warp[warp] = __popc(in_warp);
  __syncthreads();
  int before = 0;
  int count = 0;
  for (int i = 0; i < kWarps; ++i) {
    if (i < warp) before += all.of_warp[i];
    count += all.of_warp[i];
  }
  if (found) all.threads[before + __popc(in_warp & ((1u << lane) - 1u))] = threadIdx.x;
  __syncthreads();
  return count;
}

// sum + x[rows[0] stride] + .. + x[rows[count - 1] stride], in this order.
__device__ float AddInOrder(float sum, const int32_t* rows, int count, const float* x, int64_t stride) {
  for (int first = 0; first < count; first += kInFlight) {
    float values[kInFlight];
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) values[i] = first + i < count ? x[rows[first + i] * stride] : 0.0f;
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      if (first + i < count) sum += values[i];  // not + 0, which would turn -0 into 0
    }
  }
  return sum;
}

// Adds the rows of all i >= first with `token`, in order. A thread per column.
__device__ void AddRowsOf(int32_t token, int64_t first, int64_t n, int64_t width, const int32_t* tokens, const float* x,
                          int64_t stride, float* table) {
  __shared__ Found found;
  const int64_t column = ColumnOfThread();
  float* const to = table + token * width + column;
  float sum = 0;
  bool any = false;
  for (int64_t begin = first; begin < n; begin += kThreads) {
    const int64_t i = begin + threadIdx.x;
    const bool mine = i < n && tokens[i] == token;
    if (!__syncthreads_or(mine)) continue;  // also a barrier: `found` is no longer read
    const int count = Gather(mine, found);
    if (column >= width) continue;
    if (!any) sum = *to;
    any = true;
    sum = AddInOrder(sum, found.threads, count, x + begin * stride + column, stride);
  }
  if (any) *to = sum;
}

// A block per token and tile of columns.
__global__ void ScatterByTokenKernel(int64_t n, int64_t width, const int32_t* tokens, const float* x, int64_t stride,
                                     float* table) {
  AddRowsOf(static_cast<int32_t>(RowOfBlock()), 0, n, width, tokens, x, stride, table);
}

// A block per i and tile of columns, for tables with more than n rows. The block of a token's first i adds the rows of
// all i with that token; the others exit.
__global__ void ScatterByFirstKernel(int64_t n, int64_t width, const int32_t* tokens, const float* x, int64_t stride,
                                     float* table) {
  const int64_t first = RowOfBlock();
  const int32_t token = tokens[first];
  for (int64_t begin = 0; begin < first; begin += kThreads) {
    const int64_t i = begin + threadIdx.x;
    if (__syncthreads_or(i < first && tokens[i] == token)) return;
  }
  AddRowsOf(token, first, n, width, tokens, x, stride, table);
}

}  // namespace

cudaError_t ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x, int64_t stride,
                           float* table, cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  const bool by_token = V <= n;
  return Launch(by_token ? ScatterByTokenKernel : ScatterByFirstKernel, RowGrid(by_token ? V : n, width, kThreads),
                kThreads, stream, n, width, tokens, x, stride, table);
}

}  // namespace recurve::cuda
