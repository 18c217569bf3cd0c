// SPDX-License-Identifier: Apache-2.0
//
// The place of blocks and threads in the layer, and the launch of persistent kernels. Included by .cu files only.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_BLOCK_CUH_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_BLOCK_CUH_

#include <cuda_bf16.h>

#include <cstdint>

#include "executor/backend/cuda/cell_step.cuh"
#include "executor/backend/cuda/device_math.cuh"
#include "executor/backend/cuda/launch.h"
#include "executor/backend/cuda/persistent.h"
#include "executor/backend/cuda/persistent_product.cuh"
#include "executor/backend/gru_cell.h"
#include "executor/backend/lstm_cell.h"
#include "executor/backend/rnn_cell.h"
#include "executor/backend/slstm_cell.h"

namespace recurve::cuda {

// The place of a thread: it computes one unit of plan.items sequences, its *items*, in all steps. Since no other thread
// accesses them, states stay in registers, and the gate buffer can hold inputs, then activations, then gradients in
// place. An item beyond the end of the batch reads another item's data, which saves a branch, and writes nothing.
struct Place {
  __device__ Place(const PersistentPlan& plan, int64_t B, int64_t H)
      : first_unit(static_cast<int>(blockIdx.x) % plan.members * plan.units),
        first_row(static_cast<int64_t>(blockIdx.x) / plan.members * plan.rows),
        rows(static_cast<int>(B - first_row < plan.rows ? B - first_row : plan.rows)),
        unit(static_cast<int>(threadIdx.x) % plan.units),
        row(static_cast<int>(threadIdx.x) / plan.units),
        row_step(static_cast<int>(blockDim.x) / plan.units),
        column(first_unit + unit),
        sequence(first_row + (There(0) ? row : 0)),
        at(sequence * H + column),
        sequence_step(There(1) ? row_step : 0),
        at_step(sequence_step * H) {}

  __device__ int RowOf(int item) const { return row + item * row_step; }
  __device__ bool There(int item) const { return RowOf(item) < rows; }

  // Steps of the launch before the item's sequence ends; negative if it ended earlier.
  template <class Args>
  __device__ int LiveSteps(const Args& a, int item) const {
    if (!There(item)) return 0;
    if (a.lengths.lengths == nullptr) return static_cast<int>(a.k);
    const int64_t left = a.lengths.lengths[sequence + item * sequence_step] - a.lengths.first_step;
    return static_cast<int>(left < a.k ? left : a.k);
  }

  const int first_unit;         // of the block
  const int64_t first_row;      // of the team, in the batch
  const int rows;               // of the team, within the batch
  const int unit;               // of the thread, in the block
  const int row;                // of the thread's first item, in the team
  const int row_step;           // from its first item to its second
  const int64_t column;         // of the thread's unit, in the layer
  const int64_t sequence;       // of the first item, in the batch
  const int64_t at;             // of the first item, in tensors [B, H]
  const int64_t sequence_step;  // from the first item's to the second's, if any
  const int64_t at_step;        // the same, in tensors [B, H]
};
static_assert(PersistentPlan::kMostItems == 2);

// Sums the partial sums of N warps in order. Issues all loads before the first use.
template <int N, int G>
__device__ void SumWarps(const float* first, int warp_step, int output_step, float (&sums)[G]) {
  float parts[N][G];
#pragma unroll
  for (int n = 0; n < N; ++n) {
#pragma unroll
    for (int g = 0; g < G; ++g) parts[n][g] = first[n * warp_step + g * output_step];
  }
#pragma unroll
  for (int g = 0; g < G; ++g) {
    sums[g] = parts[0][g];
#pragma unroll
    for (int n = 1; n < N; ++n) sums[g] += parts[n][g];
  }
}

// Sums over the warps for G outputs, `output_step` apart, the first at `first`.
template <int G>
__device__ void SumPartials(const PersistentPlan& plan, const float* first, int output_step, float (&sums)[G]) {
  const int warp_step = plan.rows * (plan.outputs + kPartialsPad);
  switch (plan.warps_k) {
    case 1:
      return SumWarps<1>(first, warp_step, output_step, sums);
    case 2:
      return SumWarps<2>(first, warp_step, output_step, sums);
    case 4:
      return SumWarps<4>(first, warp_step, output_step, sums);
    case 8:
      return SumWarps<8>(first, warp_step, output_step, sums);
    default:
      SumWarps<1>(first, warp_step, output_step, sums);
      for (int warp = 1; warp < plan.warps_k; ++warp) {
#pragma unroll
        for (int g = 0; g < G; ++g) sums[g] += first[warp * warp_step + g * output_step];
      }
  }
}

template <class Args>
using PersistentKernel = void (*)(const PersistentLaunch<Args>);

template <class Block>
__global__ void __launch_bounds__(32 * PersistentPlan::kMostWarps, 1)
    RunBlock(const __grid_constant__ typename Block::Launch launch) {
  extern __shared__ float shared[];
  Block(launch, shared).Run();
}

// Finds the kernel of a launch among those that HasKernel lists. `Block` computes the steps of a block: of cells C,
// with products of elements T, weights of M tiles and K slices in the registers of a warp, and I items per thread.
template <Direction direction, class Args, template <class C, class T, int M, int K, int I> class Block>
class KernelFinder {
 public:
  using Kernel = PersistentKernel<Args>;

  static Kernel Find(const PersistentLaunch<Args>& launch) {
    switch (launch.args.cell) {
      case Cell::kLstm:
        return OfCell<LstmCell<DeviceMath>>(launch);
      case Cell::kGru:
        return OfCell<GruCell<DeviceMath>>(launch);
      case Cell::kTanhRnn:
        return OfCell<TanhRnnCell<DeviceMath>>(launch);
      case Cell::kReluRnn:
        return OfCell<ReluRnnCell<DeviceMath>>(launch);
      case Cell::kSlstm:
        return OfCell<SlstmCell<DeviceMath>>(launch);
      case Cell::kGruResetBefore:
        break;
    }
    return nullptr;
  }

 private:
  template <class C>
  static Kernel OfCell(const PersistentLaunch<Args>& launch) {
    const WarpTiles tiles{launch.plan.tiles_m, launch.plan.slices_k};
    const bool bf16 = launch.weights.element == Element::kBf16;
    if (launch.plan.items == 1) return bf16 ? OfTiles<C, __nv_bfloat16, 1>(tiles) : OfTiles<C, Tf32, 1>(tiles);
    return bf16 ? OfTiles<C, __nv_bfloat16, 2>(tiles) : OfTiles<C, Tf32, 2>(tiles);
  }

  template <class C, class T, int I, int n = 0>
  static Kernel OfTiles(WarpTiles tiles) {
    if constexpr (n == sizeof(kWarpTiles) / sizeof(kWarpTiles[0])) {
      return nullptr;
    } else {
      constexpr WarpTiles kTiles = kWarpTiles[n];
      if constexpr (HasKernel(direction, C::kCell, Operand<T>::kElement, kTiles)) {
        if (tiles == kTiles) return RunBlock<Block<C, T, kTiles.m, kTiles.k, I>>;
      }
      return OfTiles<C, T, I, n + 1>(tiles);
    }
  }
};

template <Direction direction, template <class C, class T, int M, int K, int I> class Block, class Args>
cudaError_t StartPersistentKernel(const PersistentLaunch<Args>& launch, cudaStream_t stream) {
  const PersistentKernel<Args> kernel = KernelFinder<direction, Args, Block>::Find(launch);
  const PersistentPlan& plan = launch.plan;
  if (kernel == nullptr) return cudaErrorInvalidValue;
  cudaError_t error = cudaMemsetAsync(launch.exchange, 0xFF, launch.args.k * plan.slot_bytes, stream);
  if (error != cudaSuccess) return error;
  error =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(plan.shared_bytes));
  if (error != cudaSuccess) return error;
  cudaLaunchAttribute cooperative{};
  cooperative.id = cudaLaunchAttributeCooperative;
  cooperative.val.cooperative = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(plan.members * plan.teams));
  config.blockDim = dim3(static_cast<unsigned>(plan.threads()));
  config.dynamicSmemBytes = static_cast<size_t>(plan.shared_bytes);
  config.stream = stream;
  config.attrs = &cooperative;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, kernel, launch);
}

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_BLOCK_CUH_
