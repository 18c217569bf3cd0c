// SPDX-License-Identifier: Apache-2.0
//
// The product of a step in the persistent kernels, and the exchange between the blocks of a team. Included by .cu files
// only.
//
// Exchange. Each step has its own slot of device memory, set to kMissing before the launch. A block stores its results
// there with relaxed 32-bit stores; readers poll until no word is kMissing. Each word is thus its own flag: there is no
// barrier, fence or counter, only the latency of one store and one load through the L2 cache. kMissing is a NaN;
// StoreWord replaces a result that equals it by another NaN.
//
// Fragments. In mma.m16n8k16 (bf16) and mma.m16n8k8 (TF32), lane 4 g + c holds the 32-bit words at depths c and c + 4
// of row g. Both operands may permute the depth alike, so a lane loads 16 contiguous bytes instead: words 4 c .. 4 c +
// 3 of a slice of 16 words, which serve two of these products.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PRODUCT_CUH_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PRODUCT_CUH_

#include <cuda_bf16.h>

#include <cstdint>

#include "executor/backend/cuda/persistent_plan.h"

namespace recurve::cuda {

inline constexpr uint32_t kMissing = 0xFFFFFFFF;

struct Tf32 {
  uint32_t bits;
};

__device__ inline uint32_t RoundToTf32(float x) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
}

// An operand of a product with elements of type T.
template <class T>
struct Operand;

template <>
struct Operand<Tf32> {
  static constexpr Element kElement = Element::kFloat;
  static constexpr int kInWord = 1;  // elements in 32 bits
  static __device__ uint4 FromWeights(uint4 w) {
    return {RoundToTf32(__uint_as_float(w.x)), RoundToTf32(__uint_as_float(w.y)), RoundToTf32(__uint_as_float(w.z)),
            RoundToTf32(__uint_as_float(w.w))};
  }
  static __device__ void Multiply(float (&d)[4], const uint32_t* a, uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
};

template <>
struct Operand<__nv_bfloat16> {
  static constexpr Element kElement = Element::kBf16;
  static constexpr int kInWord = 2;
  static __device__ uint4 FromWeights(uint4 w) { return w; }
  static __device__ void Multiply(float (&d)[4], const uint32_t* a, uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
};

__device__ inline void StoreWord(std::byte* to, uint32_t word) {
  if (word == kMissing) word = 0x7FFFFFFF;  // as bf16: two NaNs
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(to), "r"(word) : "memory");
}

__device__ inline uint4 LoadWords(const std::byte* from) {
  uint4 words;
  asm volatile("ld.relaxed.gpu.global.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w)
               : "l"(from)
               : "memory");
  return words;
}

// Stores x at `to`, where the team reads it. Consecutive lanes of a warp hold consecutive elements. All lanes must call
// this; lanes with `stored` false store nothing.
template <class T>
__device__ void Publish(std::byte* to, float x, bool stored) {
  if constexpr (Operand<T>::kInWord == 1) {
    if (stored) StoreWord(to, RoundToTf32(x));
  } else {
    const float next = __shfl_down_sync(0xFFFFFFFF, x, 1);
    const __nv_bfloat162 both = __floats2bfloat162_rn(x, next);
    if (stored && threadIdx.x % 2 == 0) StoreWord(to, *reinterpret_cast<const uint32_t*>(&both));
  }
}

// Returns x and keeps the compiler from recomputing it at each use, which would save registers but cost instructions in
// the loops.
__device__ inline int64_t Kept(int64_t x) {
  asm volatile("" : "+l"(x));
  return x;
}

// A warp's part of the product, with its part of the weights in registers.
template <class T, int M, int K>
class WarpProduct {
 public:
  // `row_bytes`: of a row of a slot. `rows`: how many of the team's rows are within the batch.
  __device__ WarpProduct(const PersistentPlan& plan, int64_t row_bytes, int rows)
      : tile_bytes_(Kept(PersistentPlan::kTileRows * row_bytes)),
        tiles_(plan.rows / PersistentPlan::kTileRows),
        tiles_there_((rows - Group() + PersistentPlan::kTileRows - 1) / PersistentPlan::kTileRows) {
    const int warp_k = Warp() % plan.warps_k;
    stride_ = plan.outputs + kPartialsPad;
    first_output_ = Warp() / plan.warps_k * M * PersistentPlan::kTileOutputs + Group();
    depth_bytes_ = warp_k * K * PersistentPlan::kSliceBytes + LaneInGroup() * static_cast<int>(sizeof(uint4));
    lane_bytes_ = Kept(Group() * row_bytes + depth_bytes_);
    lane_partials_ = (warp_k * plan.rows + 2 * LaneInGroup()) * stride_ + first_output_;
  }

  // row_of(output) returns the address of an output's weights, which are contiguous along the depth.
  template <class RowOf>
  __device__ void Load(RowOf row_of) {
#pragma unroll
    for (int m = 0; m < M; ++m) {
      const int output = first_output_ + m * PersistentPlan::kTileOutputs;
      const std::byte* const low = row_of(output) + depth_bytes_;
      const std::byte* const high = row_of(output + 8) + depth_bytes_;
#pragma unroll
      for (int k = 0; k < K; ++k) {
        const uint4 a = Operand<T>::FromWeights(*reinterpret_cast<const uint4*>(low + k * PersistentPlan::kSliceBytes));
        const uint4 b =
            Operand<T>::FromWeights(*reinterpret_cast<const uint4*>(high + k * PersistentPlan::kSliceBytes));
        const uint32_t fragments[8] = {a.x, b.x, a.y, b.y, a.z, b.z, a.w, b.w};
#pragma unroll
        for (int i = 0; i < 8; ++i) weights_[m][k][i] = fragments[i];
      }
    }
  }

  // Waits for the team's rows of a slot and stores their products in `partials`. Keeps two chunks in flight.
  __device__ void Run(const std::byte* slot, float* partials) const {
    const std::byte* row = slot + lane_bytes_;
    float* to = partials + lane_partials_;
    if constexpr (kChunks == 1) {
      Words even;
      Words odd;
      Request(row, 0 < tiles_there_, even);
      for (int tile = 0; tile < tiles_; tile += 2) {
        if (tile + 1 < tiles_) Request(row + tile_bytes_, tile + 1 < tiles_there_, odd);
        MultiplyTile(row, even, &to);
        if (tile + 1 == tiles_) break;
        row += tile_bytes_;
        if (tile + 2 < tiles_) Request(row + tile_bytes_, tile + 2 < tiles_there_, even);
        MultiplyTile(row, odd, &to);
        row += tile_bytes_;
      }
    } else {
      static_assert(kChunks == 2);
      Words low;
      Words high;
      Request(row, 0 < tiles_there_, low);
      for (int tile = 0; tile < tiles_; ++tile) {
        Request(row + kChunkBytes, tile < tiles_there_, high);
        Sums sums = {};
        Multiply(row, low, 0, sums);
        if (tile + 1 < tiles_) Request(row + tile_bytes_, tile + 1 < tiles_there_, low);
        Multiply(row + kChunkBytes, high, kSlices, sums);
        Store(sums, &to);
        row += tile_bytes_;
      }
    }
  }

 private:
  static constexpr int kSlices = K < 8 ? K : K / 2;  // per chunk: registers must hold two chunks
  static constexpr int kChunks = K / kSlices;        // per tile
  static constexpr int kChunkBytes = kSlices * PersistentPlan::kSliceBytes;
  static constexpr int kChains = M >= 3 ? 1 : 2;  // independent sums, so that products need not wait for each other
  static constexpr int kMostPolls = 1 << 24;      // many seconds

  struct Words {
    uint4 slice[kSlices];
  };
  struct Sums {
    float of[M][kChains][4];
  };

  static __device__ int Warp() { return threadIdx.x / 32; }
  static __device__ int Group() { return threadIdx.x % 32 / 4; }
  static __device__ int LaneInGroup() { return threadIdx.x % 4; }

  static __device__ uint32_t Greatest(const uint4& w) { return max(max(w.x, w.y), max(w.z, w.w)); }

  // Rows beyond the batch are zeros.
  static __device__ void Request(const std::byte* row, bool there, Words& words) {
#pragma unroll
    for (int k = 0; k < kSlices; ++k) {
      words.slice[k] = there ? LoadWords(row + k * PersistentPlan::kSliceBytes) : uint4{0, 0, 0, 0};
    }
  }

  static __device__ void Await(const std::byte* row, Words& words) {
    for (int polls = 0;; ++polls) {
      uint32_t greatest = 0;
#pragma unroll
      for (int k = 0; k < kSlices; ++k) greatest = max(greatest, Greatest(words.slice[k]));
      if (!__any_sync(0xFFFFFFFF, greatest == kMissing)) return;
      if (polls == kMostPolls) __trap();  // a block of the team is lost: an error is better than a hang
#pragma unroll
      for (int k = 0; k < kSlices; ++k) {
        if (Greatest(words.slice[k]) == kMissing) words.slice[k] = LoadWords(row + k * PersistentPlan::kSliceBytes);
      }
    }
  }

  // Multiplies slices [first, first + kSlices) of the warp's depth.
  __device__ void Multiply(const std::byte* row, Words& words, int first, Sums& sums) const {
    Await(row, words);
#pragma unroll
    for (int k = 0; k < kSlices; ++k) {
      const uint4& x = words.slice[k];
#pragma unroll
      for (int m = 0; m < M; ++m) {
        Operand<T>::Multiply(sums.of[m][2 * k % kChains], weights_[m][first + k], x.x, x.y);
        Operand<T>::Multiply(sums.of[m][(2 * k + 1) % kChains], weights_[m][first + k] + 4, x.z, x.w);
      }
    }
  }

  // Stores at *to and advances it to the next tile.
  __device__ void Store(Sums& sums, float** to) const {
#pragma unroll
    for (int m = 0; m < M; ++m) {
#pragma unroll
      for (int chain = 1; chain < kChains; ++chain) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums.of[m][0][i] += sums.of[m][chain][i];
      }
      float* const at = *to + m * PersistentPlan::kTileOutputs;
      at[0] = sums.of[m][0][0];
      at[stride_] = sums.of[m][0][1];
      at[8] = sums.of[m][0][2];
      at[stride_ + 8] = sums.of[m][0][3];
    }
    *to += PersistentPlan::kTileRows * stride_;
  }

  __device__ void MultiplyTile(const std::byte* row, Words& words, float** to) const {
    Sums sums = {};
    Multiply(row, words, 0, sums);
    Store(sums, to);
  }

  const int64_t tile_bytes_;
  const int tiles_;
  const int tiles_there_;  // whose row of this lane is within the batch
  int stride_;             // of partials, from row to row
  int first_output_;       // of this lane
  int depth_bytes_;        // from the start of a row to this lane's words
  int64_t lane_bytes_;     // from the start of a slot to them
  int lane_partials_;      // from the start of partials to this lane's
  uint32_t weights_[M][K][8];
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PRODUCT_CUH_
