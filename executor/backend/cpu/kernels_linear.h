// SPDX-License-Identifier: Apache-2.0
//
// Products with packed matrices.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LINEAR_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LINEAR_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

constexpr int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }

inline constexpr int64_t kCacheLineFloats = 16;
inline constexpr int64_t kRowBlock = 48;     // rows that pass through a panel while it is in the cache
inline constexpr int64_t kDepthBlock = 512;  // rows of a panel that stay in the cache meanwhile

// The vectors in a panel, and the floats of its last vector.
struct PanelShape {
  explicit PanelShape(int64_t width, int64_t panel)
      : columns(Least(kPanelWidth, width - panel * kPanelWidth)), vectors((columns + kLanes - 1) / kLanes) {}
  int64_t columns;
  int64_t vectors;
};

inline void Pack(const PackArgs& a, Range panels) {
  constexpr int64_t kBlock = 16;  // reads whole cache lines in either direction
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const PanelShape shape(a.width, p);
    const int64_t stride = shape.vectors * kLanes;
    float* panel = a.packed + p * kPanelWidth * a.depth;
    for (int64_t d0 = 0; d0 < a.depth; d0 += kBlock) {
      for (int64_t j0 = 0; j0 < stride; j0 += kBlock) {
        for (int64_t d = d0; d < Least(d0 + kBlock, a.depth); ++d) {
          const float* from = a.w + d * a.depth_stride + p * kPanelWidth * a.width_stride;
          for (int64_t j = j0; j < Least(j0 + kBlock, stride); ++j) {
            panel[d * stride + j] = j < shape.columns ? from[j * a.width_stride] : 0.0f;
          }
        }
      }
    }
  }
}

struct FetchNothing {};

// Rows [first, first + rows) of one panel of y, over depth [d0, d0 + depth): begins with the bias, or with what y
// holds; goes on with y.
template <int rows, int vectors, class Fetch>
RECURVE_INLINE void LinearTile(const LinearArgs& a, int64_t first, int64_t column, int64_t last_lanes,
                               const float* panel, int64_t d0, int64_t depth, const Fetch& fetch) {
  Vec acc[rows][vectors];
  float* y = a.y + first * a.y_stride + column;
  const bool add = a.add || d0 > 0;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const int64_t lanes = v + 1 < vectors ? kLanes : last_lanes;
    const Vec bias = a.bias != nullptr ? Load(a.bias + column + v * kLanes, lanes) : Vec{};
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) acc[r][v] = add ? Load(y + r * a.y_stride + v * kLanes, lanes) : bias;
  }
  const float* x = a.x + first * a.x_stride + d0;
  const float* columns = panel + d0 * vectors * kLanes;
  if constexpr (__is_same(Fetch, FetchNothing)) {
    Accumulate<rows, vectors>(x, a.x_stride, 1, columns, depth, acc);
  } else {
    AccumulateAndFetch<rows, vectors>(x, a.x_stride, 1, columns, depth, acc,
                                      [&](int r) RECURVE_INLINE_LAMBDA { fetch(first + r, d0); });
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const int64_t lanes = v + 1 < vectors ? kLanes : last_lanes;
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) Store(y + r * a.y_stride + v * kLanes, acc[r][v], lanes);
  }
}

// One panel of y for some rows. Calls fetch(row, d0) while it forms the products of that row from depth d0 on.
template <class Fetch>
RECURVE_INLINE void LinearPanel(const LinearArgs& a, int64_t begin, int64_t end, int64_t p, const Fetch& fetch) {
  const PanelShape shape(a.width, p);
  const int64_t last_lanes = shape.columns - (shape.vectors - 1) * kLanes;
  const float* panel = a.packed + p * kPanelWidth * a.depth;
  WithConstant<kPanelVectors>(shape.vectors, [&](auto vectors) {
    int64_t d0 = 0;
    do {  // once even for depth 0
      const int64_t depth = Least(kDepthBlock, a.depth - d0);
      ForEachTile(begin, end, [&](auto rows, int64_t first) {
        LinearTile<decltype(rows)::value, decltype(vectors)::value>(a, first, p * kPanelWidth, last_lanes, panel, d0,
                                                                    depth, fetch);
      });
      d0 += depth;
    } while (d0 < a.depth);
  });
}

inline void Linear(const LinearArgs& a, Range rows, Range panels) {
  for (int64_t begin = rows.begin; begin < rows.end; begin += kRowBlock) {
    for (int64_t p = panels.begin; p < panels.end; ++p) {
      LinearPanel(a, begin, Least(begin + kRowBlock, rows.end), p, FetchNothing());
    }
  }
}

// Columns [begin, begin + count) of rows [r0, r0 + depth) of x, tile by tile of kTileRows columns, each [depth,
// kTileRows]. A few rows at a time, so that a tile's cache lines are filled before those of the next tile take their
// place.
inline void PackInputs(const WeightGradientArgs& a, int64_t r0, int64_t depth, int64_t begin, int64_t count,
                       float* packed) {
  constexpr int64_t kRows = 8;
  for (int64_t d0 = 0; d0 < depth; d0 += kRows) {
    const int64_t d_end = Least(d0 + kRows, depth);
    for (int64_t i = 0; i < count; i += kTileRows) {
      const int64_t columns = Least(kTileRows, count - i);
      for (int64_t d = d0; d < d_end; ++d) {
        const int64_t r = r0 + d;
        const float* x = r < a.first_rows ? a.x_first + r * a.in : a.x_rest + (r - a.first_rows) * a.in;
        float* to = packed + i * depth + d * kTileRows;
        if (columns == kTileRows) {
          memcpy(to, x + begin + i, kTileRows * sizeof(float));
        } else {
          memcpy(to, x + begin + i, columns * sizeof(float));
        }
      }
    }
  }
}

// A panel's columns of rows [r0, r0 + depth) of dy, filled up with zeros; adds their sums to dbias unless it is null.
template <int vectors>
RECURVE_INLINE void PackGradients(const WeightGradientArgs& a, int64_t r0, int64_t depth, int64_t column,
                                  int64_t last_lanes, float* packed, float* dbias) {
  Vec sums[vectors] = {};
  for (int64_t d = 0; d < depth; ++d) {
    const float* dy = a.dy + (r0 + d) * a.dy_stride + column;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const Vec x = Load(dy + v * kLanes, v + 1 < vectors ? kLanes : last_lanes);
      sums[v] += x;
      Store(packed + (d * vectors + v) * kLanes, x);
    }
  }
  if (dbias == nullptr) return;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const int64_t lanes = v + 1 < vectors ? kLanes : last_lanes;
    float* to = dbias + column + v * kLanes;
    Store(to, Load(to, lanes) + sums[v], lanes);
  }
}

// Meanwhile asks for dw, and for some rows of the next panel of dy, which is at `next`.
template <int rows, int vectors>
RECURVE_INLINE void WeightGradientTile(const float* x, const float* dy, int64_t depth, const WeightGradientArgs& a,
                                       int64_t last_lanes, float* dw, const float* next, Range next_rows) {
  const int64_t out = a.out;
  Vec acc[rows][vectors] = {};
  AccumulateAndFetch<rows, vectors>(x, 1, kTileRows, dy, depth, acc, [&](int r) RECURVE_INLINE_LAMBDA {
    for (int v = 0; v < vectors; ++v) __builtin_prefetch(dw + r * out + v * kLanes, 1);
    const int64_t count = next_rows.end - next_rows.begin;
    for (int64_t d = next_rows.begin + count * r / rows; d < next_rows.begin + count * (r + 1) / rows; ++d) {
      for (int64_t j = 0; j < kPanelWidth; j += kCacheLineFloats) __builtin_prefetch(next + d * a.dy_stride + j, 0, 2);
    }
  });
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const int64_t lanes = v + 1 < vectors ? kLanes : last_lanes;
      float* to = dw + r * out + v * kLanes;
      Store(to, Load(to, lanes) + acc[r][v], lanes);
    }
  }
}

// `x` holds the inputs [begin, begin + count) that PackInputs packed.
inline void WeightGradientPanel(const WeightGradientArgs& a, int64_t r0, int64_t depth, int64_t begin, int64_t count,
                                int64_t p, const float* x, float* dy_packed) {
  const PanelShape shape(a.out, p);
  const int64_t column = p * kPanelWidth;
  const int64_t last_lanes = shape.columns - (shape.vectors - 1) * kLanes;
  WithConstant<kPanelVectors>(shape.vectors, [&](auto vectors) {
    constexpr int kVectors = decltype(vectors)::value;
    PackGradients<kVectors>(a, r0, depth, column, last_lanes, dy_packed, begin == 0 ? a.dbias : nullptr);
    const float* next = a.dy + r0 * a.dy_stride + column + kPanelWidth;
    const int64_t next_depth = column + kPanelWidth < a.out ? depth : 0;
    for (int64_t i = 0; i < count; i += kTileRows) {
      const Range next_rows{next_depth * i / count, Least(next_depth, next_depth * (i + kTileRows) / count)};
      float* dw = a.dw + (begin + i) * a.out + column;
      WithConstant<kTileRows>(Least(kTileRows, count - i), [&](auto rows) {
        WeightGradientTile<decltype(rows)::value, kVectors>(x + i * depth, dy_packed, depth, a, last_lanes, dw, next,
                                                            next_rows);
      });
    }
  });
}

inline void WeightGradient(const WeightGradientArgs& a, Range tiles, Range panels, float* scratch) {
  float* dy_packed = scratch;
  float* x_packed = scratch + kWeightGradientDepth * kMaxPanelWidth;
  const int64_t inputs_end = Least(tiles.end * kTileRows, a.in);
  constexpr int64_t kInputs = kWeightGradientMaxInputs / kTileRows * kTileRows;
  // Parts of equal depth: a short last one would not pay for its packing.
  const int64_t parts = (a.n + kWeightGradientDepth - 1) / kWeightGradientDepth;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t r0 = a.n * part / parts;
    const int64_t depth = a.n * (part + 1) / parts - r0;
    for (int64_t begin = tiles.begin * kTileRows; begin < inputs_end; begin += kInputs) {
      const int64_t count = Least(kInputs, inputs_end - begin);
      PackInputs(a, r0, depth, begin, count, x_packed);
      for (int64_t p = panels.begin; p < panels.end; ++p) {
        WeightGradientPanel(a, r0, depth, begin, count, p, x_packed, dy_packed);
      }
    }
  }
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
