// SPDX-License-Identifier: Apache-2.0
//
// Vectors of floats for the instruction set this file is compiled for. The including .cc file defines RECURVE_CPU_ISA,
// the name, and RECURVE_CPU_AVX512 or RECURVE_CPU_AVX2 if applicable. Only the kernels include this file. Everything is
// in a namespace of that name and uses no templates of the standard library: the linker must never keep a function
// compiled for AVX-512 for the rest of the program.
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

// Registers hold a tile of products: its sums, one vector per strip and one element of a row.
#if defined(RECURVE_CPU_AVX512)
inline constexpr int kLanes = 16;
inline constexpr int kTileRows = 8;
inline constexpr int kTileSums = 24;  // of 32 registers
#elif defined(RECURVE_CPU_AVX2)
inline constexpr int kLanes = 8;
inline constexpr int kTileRows = 4;
inline constexpr int kTileSums = 12;  // of 16 registers
#elif defined(__aarch64__)
inline constexpr int kLanes = 4;
inline constexpr int kTileRows = 8;
inline constexpr int kTileSums = 24;
#else
inline constexpr int kLanes = 4;
inline constexpr int kTileRows = 2;
inline constexpr int kTileSums = 8;
#endif
inline constexpr int kMostTileStrips = 4;
inline constexpr int kWidestTileRows = kTileSums / kMostTileStrips;

// The number of strips (vectors of columns) of a tile with `rows`.
constexpr int TileStrips(int64_t rows) {
  return rows * kMostTileStrips <= kTileSums ? kMostTileStrips : static_cast<int>(kTileSums / rows);
}

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef float AliasingVec __attribute__((vector_size(kLanes * 4), may_alias));
typedef int32_t IntVec __attribute__((vector_size(kLanes * 4)));
typedef double DoubleVec __attribute__((vector_size(kLanes * 8)));

RECURVE_INLINE Vec Broadcast(float x) { return x - Vec{}; }  // x - 0 is x, even for -0

// `p` must be aligned to the vector size.
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

  static RECURVE_INLINE F Divide(F a, F b) { return a / b; }
  static RECURVE_INLINE F ZeroBelow(F x, F limit, F value) { return x < limit ? F{} : value; }
  static RECURVE_INLINE F Scale(F value, F shifted) {
    return value * reinterpret_cast<F>((reinterpret_cast<IntVec>(shifted) << 23) + ScalarMath::kBitsOfOne);
  }
};

// Several vectors treated as one, so that operations on one vector hide the latency of those on the others. The long
// dependency chain of a cell takes 1.5 times as long with single vectors.
template <int n>
struct Vecs {
  Vec v[n];

#define RECURVE_FOR_EACH_VECTOR _Pragma("GCC unroll 4") for (int i = 0; i < n; ++i)
  friend RECURVE_INLINE Vecs operator-(Vecs a) {
    RECURVE_FOR_EACH_VECTOR a.v[i] = -a.v[i];
    return a;
  }
  friend RECURVE_INLINE Vecs operator+(Vecs a, Vecs b) {
    RECURVE_FOR_EACH_VECTOR a.v[i] += b.v[i];
    return a;
  }
  friend RECURVE_INLINE Vecs operator-(Vecs a, Vecs b) {
    RECURVE_FOR_EACH_VECTOR a.v[i] -= b.v[i];
    return a;
  }
  friend RECURVE_INLINE Vecs operator*(Vecs a, Vecs b) {
    RECURVE_FOR_EACH_VECTOR a.v[i] *= b.v[i];
    return a;
  }
};

// Vector i is at p + i * stride. Only a single vector may be partial: its first `lanes` lanes.
template <int n>
RECURVE_INLINE Vecs<n> LoadVecs(const float* p, int64_t stride, int64_t lanes) {
  Vecs<n> x;
  RECURVE_FOR_EACH_VECTOR x.v[i] = n == 1 ? Load(p, lanes) : Load(p + i * stride);
  return x;
}

template <int n>
RECURVE_INLINE void StoreVecs(float* p, Vecs<n> x, int64_t lanes) {
  RECURVE_FOR_EACH_VECTOR n == 1 ? Store(p, x.v[i], lanes) : Store(p + i * kLanes, x.v[i]);
}

// VectorMath for several vectors.
template <int n>
struct VecsMath {
  using F = Vecs<n>;

  static RECURVE_INLINE F Set(float x) {
    F y;
    RECURVE_FOR_EACH_VECTOR y.v[i] = Broadcast(x);
    return y;
  }
  static RECURVE_INLINE F Fma(F a, F b, F c) {
    RECURVE_FOR_EACH_VECTOR a.v[i] = VectorMath::Fma(a.v[i], b.v[i], c.v[i]);
    return a;
  }
  static RECURVE_INLINE F Divide(F a, F b) {
    RECURVE_FOR_EACH_VECTOR a.v[i] = VectorMath::Divide(a.v[i], b.v[i]);
    return a;
  }
  static RECURVE_INLINE F Sqrt(F a) {
    RECURVE_FOR_EACH_VECTOR a.v[i] = VectorMath::Sqrt(a.v[i]);
    return a;
  }
  static RECURVE_INLINE F Max(F bound, F x) {
    RECURVE_FOR_EACH_VECTOR x.v[i] = VectorMath::Max(bound.v[i], x.v[i]);
    return x;
  }
  static RECURVE_INLINE F Min(F bound, F x) {
    RECURVE_FOR_EACH_VECTOR x.v[i] = VectorMath::Min(bound.v[i], x.v[i]);
    return x;
  }
  static RECURVE_INLINE F ZeroBelow(F x, F limit, F value) {
    RECURVE_FOR_EACH_VECTOR x.v[i] = VectorMath::ZeroBelow(x.v[i], limit.v[i], value.v[i]);
    return x;
  }
  static RECURVE_INLINE F Scale(F value, F shifted) {
    RECURVE_FOR_EACH_VECTOR value.v[i] = VectorMath::Scale(value.v[i], shifted.v[i]);
    return value;
  }
};
#undef RECURVE_FOR_EACH_VECTOR

RECURVE_INLINE float SumOfLanes(Vec v) {
  float sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
}

// The largest lane that is not NaN; any value if all are NaN.
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

constexpr int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Splits [begin, end) into as few, nearly equal parts of at most `most` as possible, and calls f(begin, end) for each.
template <class Function>
RECURVE_INLINE void ForEachPart(int64_t begin, int64_t end, int64_t most, const Function& f) {
  const int64_t parts = CeilDiv(end - begin, most);
  for (int64_t i = 0; i < parts; ++i) f(begin + (end - begin) * i / parts, begin + (end - begin) * (i + 1) / parts);
}

// acc[r][s] += x[r * row_stride] * w[s * strip_stride ..]. Keeps either all columns and one row in registers, or all
// rows and one column, whichever is fewer.
template <int rows, int strips>
RECURVE_INLINE void AccumulateStep(const float* x, int64_t row_stride, const float* w, int64_t strip_stride,
                                   Vec (&acc)[rows][strips]) {
  if constexpr (rows >= strips) {
    Vec column[strips];
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) column[s] = LoadAligned(w + s * strip_stride);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const Vec row = Broadcast(x[r * row_stride]);
#pragma GCC unroll 4
      for (int s = 0; s < strips; ++s) acc[r][s] = VectorMath::Fma(row, column[s], acc[r][s]);
    }
  } else {
    Vec row[rows];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) row[r] = Broadcast(x[r * row_stride]);
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) {
      const Vec column = LoadAligned(w + s * strip_stride);
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) acc[r][s] = VectorMath::Fma(row[r], column, acc[r][s]);
    }
  }
}

// acc[r][s] += sum over d < depth of x[r * row_stride + d * depth_stride] * w[s * strip_stride + d * step ..], for d in
// order, so that an element's sum does not depend on its tile.
template <int rows, int strips>
RECURVE_INLINE void Accumulate(const float* x, int64_t row_stride, int64_t depth_stride, const float* w,
                               int64_t strip_stride, int64_t step, int64_t depth, Vec (&acc)[rows][strips]) {
#pragma GCC unroll 2
  for (int64_t d = 0; d < depth; ++d) {
    AccumulateStep(x + d * depth_stride, row_stride, w + d * step, strip_stride, acc);
  }
}

// The same, with the depth split into `rows` parts and a call of fetch(r) before each. Spreads out prefetching, which
// would otherwise delay the product's own loads.
template <int rows, int strips, class Fetch>
RECURVE_INLINE void AccumulateAndFetch(const float* x, int64_t row_stride, int64_t depth_stride, const float* w,
                                       int64_t strip_stride, int64_t step, int64_t depth, Vec (&acc)[rows][strips],
                                       const Fetch& fetch) {
#pragma GCC unroll 1
  for (int r = 0; r < rows; ++r) {
    fetch(r);
    const int64_t begin = depth * r / rows;
    const int64_t end = depth * (r + 1) / rows;
    Accumulate<rows, strips>(x + begin * depth_stride, row_stride, depth_stride, w + begin * step, strip_stride, step,
                             end - begin, acc);
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_SIMD_H_
