// SPDX-License-Identifier: Apache-2.0
//
// Vectors of floats of the instruction set that this file is compiled for, which the including .cc file names:
// RECURVE_CPU_ISA is the name, RECURVE_CPU_AVX512 or RECURVE_CPU_AVX2 is defined for these two. Only the kernels
// include it. All that it and they define is in a namespace of that name, and none of it uses a template of the
// standard library: a function compiled for AVX-512 must never be the one that the linker keeps for the rest of the
// program.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_SIMD_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_SIMD_H_

#include <cstdint>
#include <cstring>

#include "executor/backend/pointwise.h"

#if defined(RECURVE_CPU_AVX512) || defined(RECURVE_CPU_AVX2)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define RECURVE_INLINE inline __attribute__((always_inline))
#define RECURVE_INLINE_LAMBDA __attribute__((always_inline))

namespace recurve::cpu::RECURVE_CPU_ISA {

#if defined(RECURVE_CPU_AVX512)
inline constexpr int kLanes = 16;
inline constexpr int kTileRows = 6;  // 24 accumulators and 4 columns of 32 registers
#elif defined(RECURVE_CPU_AVX2)
inline constexpr int kLanes = 8;
inline constexpr int kTileRows = 3;  // 12 accumulators of 16 registers
#elif defined(__aarch64__)
inline constexpr int kLanes = 4;
inline constexpr int kTileRows = 6;
#else
inline constexpr int kLanes = 4;
inline constexpr int kTileRows = 2;
#endif
inline constexpr int kPanelVectors = 4;  // as many as an LSTM has gates
inline constexpr int kPanelWidth = kPanelVectors * kLanes;

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef float AliasingVec __attribute__((vector_size(kLanes * 4), may_alias));
typedef int32_t IntVec __attribute__((vector_size(kLanes * 4)));
typedef double DoubleVec __attribute__((vector_size(kLanes * 8)));

RECURVE_INLINE Vec Broadcast(float x) { return x - Vec{}; }  // x - 0 is x, -0 too

// `p` aligned to the vector.
RECURVE_INLINE Vec LoadAligned(const float* p) { return *reinterpret_cast<const AliasingVec*>(p); }

RECURVE_INLINE Vec Load(const float* p) {
  Vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

RECURVE_INLINE void Store(float* p, Vec v) { memcpy(p, &v, sizeof v); }

// The first n lanes, n in [1, kLanes]; the others are 0.
RECURVE_INLINE Vec Load(const float* p, int64_t n) {
  if (n >= kLanes) return Load(p);
  Vec v{};
  memcpy(&v, p, n * sizeof(float));
  return v;
}

RECURVE_INLINE void Store(float* p, Vec v, int64_t n) {
  if (n >= kLanes) {
    Store(p, v);
  } else {
    memcpy(p, &v, n * sizeof(float));
  }
}

// See ScalarMath.
struct VectorMath {
  using F = Vec;

  static RECURVE_INLINE F Set(float x) { return Broadcast(x); }

#if defined(RECURVE_CPU_AVX512)
  static RECURVE_INLINE F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  // Newton's method on an approximate reciprocal, within 2 units in the last place: a third of the time of a division.
  static RECURVE_INLINE F Divide(F a, F b) {
    const F r = _mm512_rcp14_ps(b);
    return a * Fma(r, Fma(-b, r, Set(1.0f)), r);
  }
  static RECURVE_INLINE F Sqrt(F a) { return _mm512_sqrt_ps(a); }
  static RECURVE_INLINE F Max(F bound, F x) { return _mm512_max_ps(bound, x); }
  static RECURVE_INLINE F Min(F bound, F x) { return _mm512_min_ps(bound, x); }
#elif defined(RECURVE_CPU_AVX2)
  static RECURVE_INLINE F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static RECURVE_INLINE F Sqrt(F a) { return _mm256_sqrt_ps(a); }
  static RECURVE_INLINE F Max(F bound, F x) { return _mm256_max_ps(bound, x); }
  static RECURVE_INLINE F Min(F bound, F x) { return _mm256_min_ps(bound, x); }
#else
#if defined(__aarch64__)
  static RECURVE_INLINE F Fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
#else
  static RECURVE_INLINE F Fma(F a, F b, F c) { return a * b + c; }
#endif
  static RECURVE_INLINE F Sqrt(F a) {
    for (int i = 0; i < kLanes; ++i) a[i] = __builtin_sqrtf(a[i]);
    return a;
  }
  static RECURVE_INLINE F Max(F bound, F x) { return bound > x ? bound : x; }
  static RECURVE_INLINE F Min(F bound, F x) { return bound < x ? bound : x; }
#endif

#if !defined(RECURVE_CPU_AVX512)
  static RECURVE_INLINE F Divide(F a, F b) { return a / b; }
#endif
  static RECURVE_INLINE F ZeroBelow(F x, F limit, F value) { return x < limit ? F{} : value; }
  static RECURVE_INLINE F Scale(F value, F shifted) {
    return reinterpret_cast<F>(reinterpret_cast<IntVec>(value) + (reinterpret_cast<IntVec>(shifted) << 23));
  }
};

RECURVE_INLINE float SumOfLanes(Vec v) {
  float sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
}

// The largest lane that is a number; any value where none is.
RECURVE_INLINE float MaxOfLanes(Vec v) {
  float max = v[0];
  for (int i = 1; i < kLanes; ++i) max = max >= v[i] ? max : v[i];
  return max;
}

template <int n>
struct Constant {
  static constexpr int value = n;
};

// Calls f(Constant<n>()) for n in [1, most].
template <int most, class Function>
RECURVE_INLINE void WithConstant(int64_t n, const Function& f) {
  if constexpr (most > 1) {
    if (n < most) return WithConstant<most - 1>(n, f);
  }
  f(Constant<most>());
}

// Cuts [rows.begin, rows.end) into as few tiles of at most kTileRows rows as there can be, as equal as they can be, and
// calls f(Constant<rows of the tile>(), first row).
template <class Function>
RECURVE_INLINE void ForEachTile(int64_t begin, int64_t end, const Function& f) {
  const int64_t tiles = (end - begin + kTileRows - 1) / kTileRows;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t first = begin + (end - begin) * i / tiles;
    const int64_t last = begin + (end - begin) * (i + 1) / tiles;
    WithConstant<kTileRows>(last - first, [&](auto rows) { f(rows, first); });
  }
}

// acc[r][v] += x[r * row_stride] * w[v * kLanes ..]. Holds the columns in registers, and a row at a time.
template <int rows, int vectors>
RECURVE_INLINE void AccumulateStep(const float* x, int64_t row_stride, const float* w, Vec (&acc)[rows][vectors]) {
  Vec columns[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) columns[v] = LoadAligned(w + v * kLanes);
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    const Vec row = Broadcast(x[r * row_stride]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) acc[r][v] = VectorMath::Fma(row, columns[v], acc[r][v]);
  }
}

// The same. Holds the rows in registers, and a column at a time: fewer, where a tile has fewer rows than columns.
template <int rows, int vectors>
RECURVE_INLINE void AccumulateStepInFewRegisters(const float* x, int64_t row_stride, const float* w,
                                                 Vec (&acc)[rows][vectors]) {
  Vec row[rows];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) row[r] = Broadcast(x[r * row_stride]);
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const Vec column = LoadAligned(w + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) acc[r][v] = VectorMath::Fma(row[r], column, acc[r][v]);
  }
}

// acc[r][v] += sum over d < depth of x[r * row_stride + d * depth_stride] * w[d * vectors * kLanes + v * kLanes ..],
// for d in order: an element's sum does not depend on the tile that it falls in.
template <int rows, int vectors>
RECURVE_INLINE void Accumulate(const float* x, int64_t row_stride, int64_t depth_stride, const float* w, int64_t depth,
                               Vec (&acc)[rows][vectors]) {
#pragma GCC unroll 2
  for (int64_t d = 0; d < depth; ++d) {
    const float* column = w + d * vectors * kLanes;
    if constexpr (kTileRows >= kPanelVectors) {
      AccumulateStep(x + d * depth_stride, row_stride, column, acc);
    } else {
      AccumulateStepInFewRegisters(x + d * depth_stride, row_stride, column, acc);
    }
  }
}

// The same, in as many parts of the depth as there are rows; calls fetch(r) before each. What a tile's epilogue will
// touch is asked for bit by bit: asked for at once, it would keep the products' own loads waiting.
template <int rows, int vectors, class Fetch>
RECURVE_INLINE void AccumulateAndFetch(const float* x, int64_t row_stride, int64_t depth_stride, const float* w,
                                       int64_t depth, Vec (&acc)[rows][vectors], const Fetch& fetch) {
#pragma GCC unroll 1
  for (int r = 0; r < rows; ++r) {
    fetch(r);
    const int64_t begin = depth * r / rows;
    const int64_t end = depth * (r + 1) / rows;
    Accumulate<rows, vectors>(x + begin * depth_stride, row_stride, depth_stride, w + begin * vectors * kLanes,
                              end - begin, acc);
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_SIMD_H_
