// SPDX-License-Identifier: Apache-2.0
//
// Products with packed matrices.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LINEAR_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LINEAR_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

inline constexpr int64_t kCacheLineFloats = 16;
inline constexpr int64_t kRowBlock = 48;      // rows multiplied by a tile's strips while these are in the cache
inline constexpr int64_t kDepthBlock = 2048;  // rows of the strips that stay in the cache

inline void PackStrip(const PackArgs& a, int64_t strip, float* to) {
  const float* from = a.w + strip * kLanes * a.width_stride;
  const int64_t lanes = Least(kLanes, a.width - strip * kLanes);
  for (int64_t d = 0; d < a.depth; ++d) {
    for (int64_t j = 0; j < kLanes; ++j) {
      to[d * kLanes + j] = j < lanes ? from[d * a.depth_stride + j * a.width_stride] : 0.0f;
    }
  }
}

inline void Pack(const PackArgs& a, Range strips) {
  for (int64_t s = strips.begin; s < strips.end; ++s) PackStrip(a, s, a.packed + s * kLanes * a.depth);
}

// Memory to prefetch for the work after some products: `count` matrices, `lines` cache lines per row.
struct Wanted {
  struct Matrix {
    const float* at;
    int64_t stride;        // between rows
    const int32_t* index;  // null, or the row number of each row
  };

  void Add(const float* at, int64_t stride, const int32_t* index = nullptr) { matrices[count++] = {at, stride, index}; }

  // Prefetches `row` of the matrices [begin, end), from `column` on.
  RECURVE_INLINE void Fetch(int64_t row, int64_t column, int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < end; ++i) {
      const Matrix& m = matrices[i];
      const float* at = m.at + (m.index != nullptr ? m.index[row] : row) * m.stride + column;
      for (int64_t line = 0; line < lines; ++line) __builtin_prefetch(at + line * kCacheLineFloats, 1);
    }
  }

  int count = 0;
  int64_t lines = 0;
  Matrix matrices[20];
};

// Some strips of a product for some rows, and the memory to prefetch meanwhile.
struct ProductPart {
  const LinearArgs& a;
  Range rows;
  Range strips;
  const Wanted* wanted = nullptr;  // its row r is rows.begin + r
  int64_t column = 0;              // of the wanted matrices
};

// Over depth [d0, d0 + depth): starts from the bias or from y, and continues from y if d0 > 0.
template <int rows, int strips>
__attribute__((noinline)) void ProductTile(const ProductPart& part, int64_t first, int64_t strip, int64_t d0,
                                           int64_t depth) {
  const LinearArgs& a = part.a;
  Vec acc[rows][strips];
  float* y = a.y + first * a.y_stride + strip * kLanes;
  const int64_t last_lanes = Least(kLanes, a.width - (strip + strips - 1) * kLanes);
  const bool add = a.add || d0 > 0;
#pragma GCC unroll 4
  for (int s = 0; s < strips; ++s) {
    const int64_t lanes = s + 1 < strips ? kLanes : last_lanes;
    const Vec bias = a.bias != nullptr ? Load(a.bias + (strip + s) * kLanes, lanes) : Vec{};
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) acc[r][s] = add ? Load(y + r * a.y_stride + s * kLanes, lanes) : bias;
  }
  const int64_t wanted = part.wanted != nullptr && d0 == 0 ? part.wanted->count : 0;
  const int64_t strip_count = part.strips.end - part.strips.begin;
  const int64_t wanted_begin = wanted * (strip - part.strips.begin) / strip_count;
  const int64_t wanted_end = wanted * (strip + strips - part.strips.begin) / strip_count;
  const float* x = a.x + first * a.x_stride + d0;
  const float* w = a.packed + (strip * a.depth + d0) * kLanes;
  if (wanted == 0) {
    Accumulate<rows, strips>(x, a.x_stride, 1, w, a.depth * kLanes, kLanes, depth, acc);
  } else {
    AccumulateAndFetch<rows, strips>(
        x, a.x_stride, 1, w, a.depth * kLanes, kLanes, depth, acc, [&](int r) RECURVE_INLINE_LAMBDA {
          part.wanted->Fetch(first + r - part.rows.begin, part.column, wanted_begin, wanted_end);
        });
  }
#pragma GCC unroll 4
  for (int s = 0; s < strips; ++s) {
    const int64_t lanes = s + 1 < strips ? kLanes : last_lanes;
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) Store(y + r * a.y_stride + s * kLanes, acc[r][s], lanes);
  }
}

// Uses tiles of kWidestTileRows if the rows are a multiple of that, otherwise as few tiles as possible; as many strips
// per tile as fit in the registers.
inline void Product(const ProductPart& part) {
  const int64_t rows = part.rows.end - part.rows.begin;
  const int64_t most_rows = rows % kWidestTileRows == 0 ? kWidestTileRows : kTileRows;
  const int64_t tallest = CeilDiv(rows, CeilDiv(rows, most_rows));
  int64_t d0 = 0;
  do {  // runs once even for depth 0
    const int64_t depth = Least(kDepthBlock, part.a.depth - d0);
    ForEachPart(part.strips.begin, part.strips.end, TileStrips(tallest), [&](int64_t strip, int64_t strips_end) {
      ForEachPart(part.rows.begin, part.rows.end, most_rows, [&](int64_t first, int64_t rows_end) {
        WithConstant<kTileRows>(rows_end - first, [&](auto tile_rows) {
          constexpr int kRows = decltype(tile_rows)::value;
          WithConstant<TileStrips(kRows)>(strips_end - strip, [&](auto tile_strips) {
            ProductTile<kRows, decltype(tile_strips)::value>(part, first, strip, d0, depth);
          });
        });
      });
    });
    d0 += depth;
  } while (d0 < part.a.depth);
}

inline void Linear(const LinearArgs& a, Range rows, Range strips) {
  ForEachPart(rows.begin, rows.end, kRowBlock, [&](int64_t begin, int64_t end) {
    Product({.a = a, .rows = {begin, end}, .strips = strips});
  });
}

// Packs columns [begin, begin + count) of rows [r0, r0 + depth) of x into tiles [depth, kTileRows] of kTileRows
// columns. Packs a few rows at a time, so that a tile's cache lines are filled before they are evicted.
inline void PackInputs(const WeightGradientArgs& a, int64_t r0, int64_t depth, int64_t begin, int64_t count,
                       float* packed) {
  constexpr int64_t kRows = 8;
  for (int64_t d0 = 0; d0 < depth; d0 += kRows) {
    const int64_t rows = Least(kRows, depth - d0);
    const float* x[kRows];
    for (int64_t d = 0; d < rows; ++d) {
      const int64_t r = r0 + d0 + d;
      x[d] = begin + (r < a.first_rows ? a.x_first + r * a.x_stride : a.x_rest + (r - a.first_rows) * a.x_stride);
    }
    for (int64_t i = 0; i < count; i += kTileRows) {
      float* to = packed + i * depth + d0 * kTileRows;
      if (rows == kRows && count - i >= kTileRows) {
#pragma GCC unroll 8
        for (int64_t d = 0; d < kRows; ++d) memcpy(to + d * kTileRows, x[d] + i, kTileRows * sizeof(float));
      } else {
        for (int64_t d = 0; d < rows; ++d) {
          memcpy(to + d * kTileRows, x[d] + i, Least(kTileRows, count - i) * sizeof(float));
        }
      }
    }
  }
}

// Packs a tile's strips of rows [r0, r0 + depth) of dy, padded with zeros; adds their sums to dbias unless it is null.
template <int strips>
RECURVE_INLINE void PackGradients(const WeightGradientArgs& a, int64_t r0, int64_t depth, int64_t column,
                                  int64_t last_lanes, float* packed, float* dbias) {
  Vec sums[strips] = {};
  for (int64_t d = 0; d < depth; ++d) {
    const float* dy = a.dy + (r0 + d) * a.dy_stride + column;
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) {
      const Vec x = Load(dy + s * kLanes, s + 1 < strips ? kLanes : last_lanes);
      sums[s] += x;
      Store(packed + (s * depth + d) * kLanes, x);
    }
  }
  if (dbias == nullptr) return;
#pragma GCC unroll 4
  for (int s = 0; s < strips; ++s) {
    const int64_t lanes = s + 1 < strips ? kLanes : last_lanes;
    float* to = dbias + column + s * kLanes;
    Store(to, Load(to, lanes) + sums[s], lanes);
  }
}

// Also prefetches dw, and some rows of the next strips of dy at `next`.
template <int rows, int strips>
__attribute__((noinline)) void WeightGradientTile(const float* x, const float* dy, int64_t depth,
                                                  const WeightGradientArgs& a, int64_t last_lanes, float* dw,
                                                  const float* next, Range next_rows) {
  Vec acc[rows][strips] = {};
  AccumulateAndFetch<rows, strips>(
      x, 1, kTileRows, dy, depth * kLanes, kLanes, depth, acc, [&](int r) RECURVE_INLINE_LAMBDA {
        for (int s = 0; s < strips; ++s) __builtin_prefetch(dw + r * a.dw_stride + s * kLanes, 1);
        const int64_t count = next_rows.end - next_rows.begin;
        for (int64_t d = next_rows.begin + count * r / rows; d < next_rows.begin + count * (r + 1) / rows; ++d) {
          for (int64_t j = 0; j < strips * kLanes; j += kCacheLineFloats) {
            __builtin_prefetch(next + d * a.dy_stride + j, 0, 2);
          }
        }
      });
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int s = 0; s < strips; ++s) {
      const int64_t lanes = s + 1 < strips ? kLanes : last_lanes;
      float* to = dw + r * a.dw_stride + s * kLanes;
      Store(to, Load(to, lanes) + acc[r][s], lanes);
    }
  }
}

// Inputs [begin, begin + count), packed into `x` by PackInputs, times `strips`.
inline void WeightGradientStrips(const WeightGradientArgs& a, int64_t r0, int64_t depth, int64_t begin, int64_t count,
                                 Range strips, const float* x, float* dy_packed) {
  const int64_t column = strips.begin * kLanes;
  const int64_t last_lanes = Least(kLanes, a.out - (strips.end - 1) * kLanes);
  WithConstant<TileStrips(kTileRows)>(strips.end - strips.begin, [&](auto tile_strips) {
    constexpr int kStrips = decltype(tile_strips)::value;
    PackGradients<kStrips>(a, r0, depth, column, last_lanes, dy_packed, begin == 0 ? a.dbias : nullptr);
    const float* next = a.dy + r0 * a.dy_stride + strips.end * kLanes;
    const int64_t next_depth = strips.end * kLanes < a.out ? depth : 0;
    for (int64_t i = 0; i < count; i += kTileRows) {
      const Range next_rows{next_depth * i / count, Least(next_depth, next_depth * (i + kTileRows) / count)};
      float* dw = a.dw + (begin + i) * a.dw_stride + column;
      WithConstant<kTileRows>(Least(kTileRows, count - i), [&](auto rows) {
        WeightGradientTile<decltype(rows)::value, kStrips>(x + i * depth, dy_packed, depth, a, last_lanes, dw, next,
                                                           next_rows);
      });
    }
  });
}

inline void WeightGradient(const WeightGradientArgs& a, Range tiles, Range strips, float* scratch) {
  float* dy_packed = scratch;
  float* x_packed = scratch + kWeightGradientDepth * kMaxTileWidth;
  const int64_t inputs_end = Least(tiles.end * kTileRows, a.in);
  constexpr int64_t kInputs = kWeightGradientMaxInputs / kTileRows * kTileRows;
  // Parts of equal depth, because packing a short last one would not pay off.
  ForEachPart(0, a.n, kWeightGradientDepth, [&](int64_t r0, int64_t r_end) {
    const int64_t depth = r_end - r0;
    for (int64_t begin = tiles.begin * kTileRows; begin < inputs_end; begin += kInputs) {
      const int64_t count = Least(kInputs, inputs_end - begin);
      PackInputs(a, r0, depth, begin, count, x_packed);
      ForEachPart(strips.begin, strips.end, TileStrips(kTileRows), [&](int64_t strip, int64_t end) {
        WeightGradientStrips(a, r0, depth, begin, count, {strip, end}, x_packed, dy_packed);
      });
    }
  });
}

inline void ScatterAddRows(const ScatterAddArgs& a, Range columns) {
  for (int64_t i = 0; i < a.n; ++i) {
    const float* from = a.x + i * a.x_stride;
    float* to = a.table + a.tokens[i] * a.width;
    for (int64_t j = columns.begin; j < columns.end; ++j) to[j] += from[j];
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LINEAR_H_
