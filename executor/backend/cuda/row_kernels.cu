// SPDX-License-Identifier: Apache-2.0
//
// Sums over rows, and layer norm.
#include "executor/backend/cuda/block_reduction.cuh"
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/launch.h"

namespace recurve::cuda {
namespace {

constexpr int kSumColumns = 32;         // adjacent columns, which a warp reads together
constexpr int kSumLanes = 8;            // each sums every 8th row of its part
constexpr int64_t kLeastPartRows = 64;  // avoids splitting few rows into many parts

int64_t PartsOf(int64_t n) {
  const int64_t parts = Blocks(n, kLeastPartRows);
  return parts < kColumnParts ? parts : kColumnParts;
}

// Values to sum: element (i, j) of a matrix.
struct Matrix {
  const float* x;
  int64_t stride;
  __device__ float operator()(int64_t i, int64_t j) const { return x[i * stride + j]; }
};

// Values to sum: dy times the normalized x, the gradient of gamma.
struct Normalized {
  const float* x;
  const float* dy;
  const float* statistics;  // [n, 2]: mean, 1 / deviation
  int64_t width;
  __device__ float operator()(int64_t i, int64_t j) const {
    return dy[i * width + j] * ((x[i * width + j] - statistics[2 * i]) * statistics[2 * i + 1]);
  }
};

// A block per tile of columns (x) and part of the rows (y).
template <class Values>
__global__ void ColumnPartsKernel(int64_t n, int64_t width, Values values, float* parts) {
  __shared__ float lanes[kSumLanes][kSumColumns];
  const int64_t column = int64_t{blockIdx.x} * kSumColumns + threadIdx.x;
  const int64_t begin = n * blockIdx.y / gridDim.y;
  const int64_t end = n * (blockIdx.y + 1) / gridDim.y;
  float sum = 0;
  if (column < width) {
    for (int64_t i = begin + threadIdx.y; i < end; i += kSumLanes) sum += values(i, column);
  }
  lanes[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= width) return;
  for (int lane = 1; lane < kSumLanes; ++lane) sum += lanes[lane][threadIdx.x];
  parts[blockIdx.y * width + column] = sum;
}

__global__ void AddColumnPartsKernel(int64_t count, int64_t width, const float* parts, float* sums) {
  for (int64_t j = FirstElement(); j < width; j += ElementStride()) {
    float sum = 0;
    for (int64_t part = 0; part < count; ++part) sum += parts[part * width + j];
    sums[j] += sum;
  }
}

template <class Values>
cudaError_t AddSums(int64_t n, int64_t width, const Values& values, float* parts, float* sums, cudaStream_t stream) {
  const int64_t count = PartsOf(n);
  const dim3 grid(static_cast<unsigned>(Blocks(width, kSumColumns)), static_cast<unsigned>(count));
  const cudaError_t error =
      Launch(ColumnPartsKernel<Values>, grid, dim3(kSumColumns, kSumLanes), stream, n, width, values, parts);
  if (error != cudaSuccess) return error;
  return Launch(AddColumnPartsKernel, ElementGrid(width), kThreads, stream, count, width, parts, sums);
}

// Statistics of one row, computed by a whole block; every thread gets them.
struct Statistics {
  float mean;
  float inverse_deviation;
  __device__ float Normalized(float x) const { return (x - mean) * inverse_deviation; }
};

__device__ Statistics StatisticsOf(const float* x, int64_t width) {
  double sum = 0;
  for (int64_t j = threadIdx.x; j < width; j += kThreads) sum += x[j];
  const auto mean = static_cast<float>(CombineBlock(sum, Sum()) / static_cast<double>(width));
  double squares = 0;
  for (int64_t j = threadIdx.x; j < width; j += kThreads) {
    const double from_mean = x[j] - mean;
    squares += from_mean * from_mean;
  }
  squares = CombineBlock(squares, Sum());
  return {mean, static_cast<float>(1.0 / sqrt(squares / static_cast<double>(width) + kLayerNormEpsilon))};
}

// A block per row, here and below. Each thread writes the columns that it reads, after the block's sums.
__global__ void LayerNormKernel(int64_t width, const float* x, const float* gamma, const float* beta, float* y) {
  const int64_t begin = RowOfBlock() * width;
  const Statistics statistics = StatisticsOf(x + begin, width);
  for (int64_t j = threadIdx.x; j < width; j += kThreads) {
    y[begin + j] = ScalarMath::Fma(statistics.Normalized(x[begin + j]), gamma[j], beta[j]);
  }
}

__global__ void StatisticsKernel(int64_t width, const float* x, float* to) {
  const Statistics statistics = StatisticsOf(x + RowOfBlock() * width, width);
  if (threadIdx.x != 0) return;
  to[2 * RowOfBlock()] = statistics.mean;
  to[2 * RowOfBlock() + 1] = statistics.inverse_deviation;
}

// dx = (g - mean(g) - n mean(g n)) / deviation, with g = dy gamma and n the normalized x.
__global__ void LayerNormInputGradientKernel(LayerNormBackwardArgs a, const float* all_statistics) {
  const float* const x = a.x + RowOfBlock() * a.width;
  const float* const dy = a.dy + RowOfBlock() * a.width;
  float* const dx = a.dx + RowOfBlock() * a.width;
  const Statistics statistics{all_statistics[2 * RowOfBlock()], all_statistics[2 * RowOfBlock() + 1]};
  double sum = 0;
  double sum_with_normalized = 0;
  for (int64_t j = threadIdx.x; j < a.width; j += kThreads) {
    const float g = dy[j] * a.gamma[j];
    sum += g;
    sum_with_normalized += g * statistics.Normalized(x[j]);
  }
  const auto mean = static_cast<float>(CombineBlock(sum, Sum()) / static_cast<double>(a.width));
  const auto slope = static_cast<float>(CombineBlock(sum_with_normalized, Sum()) / static_cast<double>(a.width));
  for (int64_t j = threadIdx.x; j < a.width; j += kThreads) {
    const float centered = dy[j] * a.gamma[j] - mean - statistics.Normalized(x[j]) * slope;
    dx[j] = centered * statistics.inverse_deviation;
  }
}

}  // namespace

cudaError_t AddColumnSums(int64_t n, int64_t width, const float* x, int64_t stride, float* scratch, int64_t floats,
                          float* sums, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  const int64_t most = floats / ColumnSumFloats(1);
  for (int64_t j = 0; j < width; j += most) {
    const int64_t columns = most < width - j ? most : width - j;
    const cudaError_t error = AddSums(n, columns, Matrix{x + j, stride}, scratch, sums + j, stream);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta, float* y,
                             cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  return Launch(LayerNormKernel, dim3(static_cast<unsigned>(n)), kThreads, stream, width, x, gamma, beta, y);
}

// Computes dx last, because it may be dy.
cudaError_t LayerNormBackward(const LayerNormBackwardArgs& args, float* scratch, cudaStream_t stream) {
  if (args.n == 0 || args.width == 0) return cudaSuccess;
  const dim3 rows(static_cast<unsigned>(args.n));
  float* const statistics = scratch;
  float* const parts = scratch + 2 * args.n;
  cudaError_t error = Launch(StatisticsKernel, rows, kThreads, stream, args.width, args.x, statistics);
  if (error != cudaSuccess) return error;
  const Normalized values{args.x, args.dy, statistics, args.width};
  error = AddSums(args.n, args.width, values, parts, args.dgamma, stream);
  if (error != cudaSuccess) return error;
  error = AddSums(args.n, args.width, Matrix{args.dy, args.width}, parts, args.dbeta, stream);
  if (error != cudaSuccess) return error;
  return Launch(LayerNormInputGradientKernel, rows, kThreads, stream, args, statistics);
}

}  // namespace recurve::cuda
