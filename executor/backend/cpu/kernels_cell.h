// SPDX-License-Identifier: Apache-2.0
//
// A recurrent layer over the steps of a link, for some of the sequences of the batch, for cells with one recurrent
// product a step. Forward, a register tile holds all gates of a group of hidden units of up to kTileRows sequences: the
// cell is computed on the accumulators, and pre-activations never touch memory. Backward, the gradients of the gates'
// pre-activations replace the activations, step by step.
//
// `C` is the cell's struct (executor/backend/*_cell.h) over VectorMath.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_CELL_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

// How a cell's forward uses registers: the gates of `kUnitVectors` vectors of hidden units stand beside each other.
template <class C>
struct CellTile {
  static constexpr CellGeometry kGeometry = GeometryOf(C::kCell);
  static constexpr int S = kGeometry.states;
  static constexpr int G = kGeometry.gates;
  static constexpr int W = kGeometry.row();
  static constexpr int kUnitVectors = G == 1 ? kPanelVectors : 1;
  static constexpr int kVectors = G * kUnitVectors;
  static constexpr int kUnits = kUnitVectors * kLanes;
};

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <class C>
int64_t RecurrentFloats(Packing packing, int64_t H) {
  using T = CellTile<C>;
  if (packing == Packing::kBackward) return T::G * H * CeilDiv(H, kLanes) * kLanes;
  return CeilDiv(H, T::kUnits) * T::kUnits * T::G * H;
}

// Parts in which PackRecurrent may be shared.
template <class C>
int64_t RecurrentParts(Packing packing, int64_t H) {
  return packing == Packing::kBackward ? CeilDiv(H, kPanelWidth) : CeilDiv(H, CellTile<C>::kUnits);
}

// Forward: for each group of units, row by row of w, gate by gate, the group's columns.
template <class C>
void PackRecurrent(Packing packing, const float* w, int64_t H, Range parts, float* packed) {
  using T = CellTile<C>;
  if (packing == Packing::kBackward) {
    Pack({.w = w, .depth = T::G * H, .width = H, .depth_stride = 1, .width_stride = T::G * H, .packed = packed}, parts);
    return;
  }
  for (int64_t part = parts.begin; part < parts.end; ++part) {
    float* to = packed + part * T::kVectors * kLanes * H;
    for (int64_t j = 0; j < H; ++j) {
      for (int gate = 0; gate < T::G; ++gate) {
        for (int v = 0; v < T::kUnitVectors; ++v, to += kLanes) {
          const int64_t unit = part * T::kUnits + v * kLanes;
          Store(to, unit < H ? Load(w + (j * T::G + gate) * H + unit, Least(kLanes, H - unit)) : Vec{});
        }
      }
    }
  }
}

// Where a step finds what it reads and writes; [B, H] each, `gates` and `projected` [B, W H].
template <class C>
struct ForwardStep {
  ForwardStep(const CellForwardArgs& a, int64_t t) : args(a) {
    const int64_t BH = a.B * a.H;
    for (int s = 0; s < CellTile<C>::S; ++s) {
      before[s] = t == 0 ? a.first[s] : a.inner[s] + (t - 1) * BH;
      after[s] = t == a.k - 1 ? a.last[s] : a.inner[s] + t * BH;
    }
    h_read = a.recurrent_mask != nullptr ? a.masked + t * BH : before[0];
    h_masked = a.recurrent_mask != nullptr && t < a.k - 1 ? a.masked + (t + 1) * BH : nullptr;
    gates = a.gates != nullptr && CellTile<C>::kGeometry.tape > 0 ? a.gates + t * CellTile<C>::W * BH : nullptr;
    projected = a.input.projected != nullptr ? a.input.projected + t * CellTile<C>::W * BH : nullptr;
    tokens = a.input.projected != nullptr ? nullptr : a.input.tokens + t * a.B;
    step = a.lengths.first_step + t;
  }

  RECURVE_INLINE const float* InputOf(int64_t row) const {
    return projected != nullptr ? projected + row * CellTile<C>::W * args.H
                                : args.input.table + tokens[row] * CellTile<C>::G * args.H;
  }
  RECURVE_INLINE bool Live(int64_t row) const {
    return args.lengths.lengths == nullptr || step < args.lengths.lengths[row];
  }

  const CellForwardArgs& args;
  const float* before[CellTile<C>::S];
  float* after[CellTile<C>::S];
  const float* h_read;  // what the product reads
  float* h_masked;      // what the next step's product reads, where that is not h; else null
  float* gates;         // null: not kept
  const float* projected;
  const int32_t* tokens;
  int64_t step;  // of the sequence
};

// Asks for what ForwardCell will read and write.
template <class C>
RECURVE_INLINE void FetchForwardCell(const ForwardStep<C>& s, int64_t row, int64_t unit) {
  const int64_t H = s.args.H;
  const float* input = s.InputOf(row) + unit;
  for (int u = 0; u < CellTile<C>::kUnits; u += kCacheLineFloats) {
    for (int g = 0; g < CellTile<C>::G; ++g) __builtin_prefetch(input + g * H + u);
    for (int g = 0; g < CellTile<C>::W; ++g) {
      if (s.gates != nullptr) __builtin_prefetch(s.gates + (row * CellTile<C>::W + g) * H + unit + u, 1);
    }
    for (int i = 0; i < CellTile<C>::S; ++i) {
      if (i > 0) __builtin_prefetch(s.before[i] + row * H + unit + u);
      __builtin_prefetch(s.after[i] + row * H + unit + u, 1);
    }
  }
}

// The products of a tile.
template <class C, int rows>
RECURVE_INLINE void ForwardTile(const ForwardStep<C>& s, int64_t first, int64_t part,
                                Vec (*sums)[CellTile<C>::kVectors]) {
  constexpr int kVectors = CellTile<C>::kVectors;
  const int64_t H = s.args.H;
  Vec acc[rows][kVectors] = {};
  const float* packed = static_cast<const float*>(s.args.recurrent) + part * kVectors * kLanes * H;
  AccumulateAndFetch<rows, kVectors>(s.h_read + first * H, H, 1, packed, H, acc, [&](int r) RECURVE_INLINE_LAMBDA {
    FetchForwardCell<C>(s, first + r, part * CellTile<C>::kUnits);
  });
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = acc[r][v];
  }
}

// The state of a sequence that has ended stays.
template <class C>
RECURVE_INLINE void KeepState(const ForwardStep<C>& s, int64_t at, int64_t lanes) {
  for (int i = 0; i < CellTile<C>::S; ++i) Store(s.after[i] + at, Load(s.before[i] + at, lanes), lanes);
}

// The cell of kLanes units of one row, on its sums of products: gate g's in sums[g * kUnitVectors].
template <class C>
RECURVE_INLINE void ForwardCell(const ForwardStep<C>& s, int64_t row, int64_t unit, int64_t lanes, const Vec* sums) {
  using T = CellTile<C>;
  const int64_t H = s.args.H;
  const int64_t at = row * H + unit;
  if (s.Live(row)) {
    const float* input = s.InputOf(row) + unit;
    Vec x[T::G];
    Vec p[T::G];
    Vec before[T::S];
    Vec after[T::S];
    Vec tape[T::W];
#pragma GCC unroll 4
    for (int g = 0; g < T::G; ++g) {
      x[g] = Load(input + g * H, lanes);
      p[g] = sums[g * T::kUnitVectors];
      if constexpr (T::kGeometry.recurrent_bias) p[g] += Load(s.args.recurrent_bias + g * H + unit, lanes);
    }
#pragma GCC unroll 4
    for (int i = 0; i < T::S; ++i) before[i] = Load(s.before[i] + at, lanes);
    C::Forward(x, p, before, after, tape);
#pragma GCC unroll 4
    for (int i = 0; i < T::S; ++i) Store(s.after[i] + at, after[i], lanes);
    if (s.gates != nullptr) {
      float* to = s.gates + row * T::W * H + unit;
#pragma GCC unroll 4
      for (int g = 0; g < T::W; ++g) Store(to + g * H, tape[g], lanes);
    }
  } else {
    KeepState<C>(s, at, lanes);
  }
  if (s.h_masked != nullptr) {
    Store(s.h_masked + at, Load(s.after[0] + at, lanes) * Load(s.args.recurrent_mask + at, lanes), lanes);
  }
}

// A group of hidden units of at most kRowBlock rows.
template <class C>
void ForwardBlock(const ForwardStep<C>& s, Range rows, int64_t part) {
  using T = CellTile<C>;
  Vec sums[kRowBlock][T::kVectors];
  ForEachTile(rows.begin, rows.end, [&](auto tile_rows, int64_t first) {
    ForwardTile<C, decltype(tile_rows)::value>(s, first, part, sums + (first - rows.begin));
  });
  for (int v = 0; v < T::kUnitVectors; ++v) {
    const int64_t unit = part * T::kUnits + v * kLanes;
    if (unit >= s.args.H) break;
    const int64_t lanes = Least(kLanes, s.args.H - unit);
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      ForwardCell<C>(s, row, unit, lanes, sums[row - rows.begin] + v);
    }
  }
}

template <class C>
void CellForward(const CellForwardArgs& a, Range rows) {
  const int64_t parts = CeilDiv(a.H, CellTile<C>::kUnits);
  if (a.recurrent_mask != nullptr) {
    for (int64_t i = rows.begin * a.H; i < rows.end * a.H; ++i) a.masked[i] = a.first[0][i] * a.recurrent_mask[i];
  }
  for (int64_t t = 0; t < a.k; ++t) {
    const ForwardStep<C> step(a, t);
    for (int64_t i = 0; i < parts; ++i) {
      // There and back: the weights used last are still in the cache when they do not all fit.
      const int64_t part = t % 2 == 0 ? i : parts - 1 - i;
      for (int64_t begin = rows.begin; begin < rows.end; begin += kRowBlock) {
        ForwardBlock<C>(step, {begin, Least(begin + kRowBlock, rows.end)}, part);
      }
    }
  }
}

// Where a step's backward finds what it reads and writes. d[0] holds the recurrent product's part of the gradient of h
// after the step, and the cell's own part besides, unless there is a recurrent mask: then that is in `direct`.
template <class C>
struct BackwardStep {
  BackwardStep(const CellBackwardArgs& a, int64_t t) : args(a) {
    const int64_t BH = a.B * a.H;
    for (int s = 0; s < CellTile<C>::S; ++s) {
      before[s] = t == 0 ? a.first[s] : a.inner[s] + (t - 1) * BH;
      after[s] = t == a.k - 1 ? a.last[s] : a.inner[s] + t * BH;
    }
    above = a.dh_above != nullptr ? a.dh_above + t * BH : nullptr;
    gates = a.gates + t * CellTile<C>::W * BH;
    step = a.lengths.first_step + t;
    from_product = t < a.k - 1;
  }
  RECURVE_INLINE bool Live(int64_t row) const {
    return args.lengths.lengths == nullptr || step < args.lengths.lengths[row];
  }

  const CellBackwardArgs& args;
  const float* before[CellTile<C>::S];
  const float* after[CellTile<C>::S];
  const float* above;
  float* gates;
  int64_t step;       // of the sequence
  bool from_product;  // whether d[0] came from a product, to be masked
};

// The gradient of h that has come so far from the steps after.
RECURVE_INLINE Vec GradientOfH(const CellBackwardArgs& a, bool from_product, int64_t at, int64_t lanes) {
  const Vec dh = Load(a.d[0] + at, lanes);
  if (a.recurrent_mask == nullptr || !from_product) return dh;
  return VectorMath::Fma(dh, Load(a.recurrent_mask + at, lanes), Load(a.direct + at, lanes));
}

// One row of the gate buffer and of the state's gradients, kLanes units.
template <class C>
RECURVE_INLINE void BackwardCell(const BackwardStep<C>& s, int64_t row, int64_t unit, int64_t lanes) {
  using T = CellTile<C>;
  const CellBackwardArgs& a = s.args;
  const int64_t H = a.H;
  const int64_t at = row * H + unit;
  float* g = s.gates + row * T::W * H + unit;
  Vec tape[T::W];
  Vec dgates[T::W] = {};
  Vec d[T::S];
  d[0] = GradientOfH(a, s.from_product, at, lanes);
#pragma GCC unroll 4
  for (int i = 1; i < T::S; ++i) d[i] = Load(a.d[i] + at, lanes);
  if (s.Live(row)) {
    Vec before[T::S];
    Vec after[T::S];
#pragma GCC unroll 4
    for (int i = 0; i < T::S; ++i) {
      before[i] = Load(s.before[i] + at, lanes);
      after[i] = Load(s.after[i] + at, lanes);
    }
#pragma GCC unroll 4
    for (int i = 0; i < T::kGeometry.tape; ++i) tape[i] = Load(g + i * H, lanes);
    if (s.above != nullptr) d[0] += Load(s.above + at, lanes);
    C::Backward(tape, before, after, d, dgates);
  }
  if (a.recurrent_mask != nullptr) {
    Store(a.direct + at, d[0], lanes);
    d[0] = Vec{};
  }
#pragma GCC unroll 4
  for (int i = 0; i < T::S; ++i) Store(a.d[i] + at, d[i], lanes);
#pragma GCC unroll 4
  for (int i = 0; i < T::W; ++i) Store(g + i * H, dgates[i], lanes);
}

template <class C>
void BackwardCells(const BackwardStep<C>& s, Range rows, Range units) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int64_t unit = units.begin; unit < units.end; unit += kLanes) {
      BackwardCell<C>(s, row, unit, Least(kLanes, units.end - unit));
    }
  }
}

// Asks for what BackwardCells will read of a row of the tape.
template <class C>
RECURVE_INLINE void FetchBackwardCells(const BackwardStep<C>& s, int64_t row, Range units) {
  const int64_t H = s.args.H;
  for (int64_t unit = units.begin; unit < units.end; unit += kCacheLineFloats) {
    for (int g = 0; g < CellTile<C>::W; ++g) {
      __builtin_prefetch(s.gates + (row * CellTile<C>::W + g) * H + unit, 1);
    }
    for (int i = 0; i < CellTile<C>::S; ++i) __builtin_prefetch(s.before[i] + row * H + unit);
    if (s.above != nullptr) __builtin_prefetch(s.above + row * H + unit);
  }
}

template <class C>
void CellBackward(const CellBackwardArgs& a, Range rows) {
  using T = CellTile<C>;
  const int64_t panels = CeilDiv(a.H, kPanelWidth);
  BackwardCells<C>({a, a.k - 1}, rows, {0, a.H});
  for (int64_t t = a.k - 1; t >= 0; --t) {
    const BackwardStep<C> before(a, t > 0 ? t - 1 : 0);
    const LinearArgs product{.depth = T::G * a.H,
                             .width = a.H,
                             .x = a.gates + t * a.B * T::W * a.H + T::kGeometry.recurrent_block * a.H,
                             .x_stride = T::W * a.H,
                             .packed = static_cast<const float*>(a.recurrent),
                             .bias = nullptr,
                             .add = true,
                             .y = a.d[0],
                             .y_stride = a.H};
    for (int64_t i = 0; i < panels; ++i) {
      const int64_t p = t % 2 == 0 ? i : panels - 1 - i;
      const Range units{p * kPanelWidth, Least((p + 1) * kPanelWidth, a.H)};
      for (int64_t begin = rows.begin; begin < rows.end; begin += kRowBlock) {
        const int64_t end = Least(begin + kRowBlock, rows.end);
        LinearPanel(product, begin, end, p, [&](int64_t row, int64_t d0) RECURVE_INLINE_LAMBDA {
          if (t > 0 && d0 == 0) FetchBackwardCells<C>(before, row, units);
        });
        if (t > 0) BackwardCells<C>(before, {begin, end}, units);
      }
    }
  }
  if (a.recurrent_mask == nullptr) return;
  for (int64_t i = rows.begin * a.H; i < rows.end * a.H; ++i) {
    a.d[0][i] = a.d[0][i] * a.recurrent_mask[i] + a.direct[i];
  }
}

// The row of the table of kernels of a cell.
template <class C>
inline constexpr CellKernels kCellKernels = {.recurrent_floats = RecurrentFloats<C>,
                                             .recurrent_parts = RecurrentParts<C>,
                                             .pack_recurrent = PackRecurrent<C>,
                                             .forward = CellForward<C>,
                                             .backward = CellBackward<C>};

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_CELL_H_
