// SPDX-License-Identifier: Apache-2.0
//
// A recurrent layer over the steps of a link, for some sequences of the batch, for cells with one recurrent product per
// step. The kernels compute the products of a group of hidden units and then their cells, so that products stay in the
// L1 cache, and prefetch the cells' data during the products. In the backward pass the gradients of the gates'
// pre-activations replace the activations step by step.
//
// `C` is the cell's struct template (executor/backend/*_cell.h). kernels_body.h registers a cell as kCellKernels<C>.
// Its Math is VecsMath, whose F has the operators + - * and unary -.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_CELL_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

// Products computed before their cells.
inline constexpr int64_t kCellRows = 64;
inline constexpr int64_t kGroupStrips = 12;  // whole tiles of any shape

template <template <class> class C>
struct Geometry {
  static constexpr CellGeometry kGeometry = GeometryOf(C<VectorMath>::kCell);
  static constexpr int S = kGeometry.states;
  static constexpr int G = kGeometry.gates;
  static constexpr int W = kGeometry.row();
  // Vectors of units whose products are computed together: whole tiles of strips.
  static constexpr int kGroup = kGroupStrips / G;
  // Vectors of units whose cells are computed together.
  static constexpr int kWide = kGroup < 4 ? kGroup : 4;
};

// Forward: the strips of all gates for the first kLanes units, then for the next, and so on.
template <template <class> class C>
void PackRecurrent(Packing packing, const float* w, int64_t H, Range parts, float* packed) {
  constexpr int G = Geometry<C>::G;
  if (packing == Packing::kBackward) {
    Pack({.w = w, .depth = G * H, .width = H, .depth_stride = 1, .width_stride = G * H, .packed = packed}, parts);
    return;
  }
  for (int64_t part = parts.begin; part < parts.end; ++part) {
    for (int g = 0; g < G; ++g) {
      PackStrip({.w = w + g * H, .depth = H, .width = H, .depth_stride = G * H, .width_stride = 1}, part,
                packed + (part * G + g) * kLanes * H);
    }
  }
}

// The tensors of a step; [B, H] each, except `gates` and `projected`, which are [B, W H].
template <template <class> class C>
struct ForwardStep {
  ForwardStep(const CellForwardArgs& a, int64_t t) : args(a) {
    const int64_t BH = a.B * a.H;
    for (int s = 0; s < Geometry<C>::S; ++s) {
      before[s] = t == 0 ? a.first[s] : a.inner[s] + (t - 1) * BH;
      after[s] = t == a.k - 1 ? a.last[s] : a.inner[s] + t * BH;
    }
    h_read = a.recurrent_mask != nullptr ? a.masked + t * BH : before[0];
    h_masked = a.recurrent_mask != nullptr && t < a.k - 1 ? a.masked + (t + 1) * BH : nullptr;
    gates = a.gates != nullptr && Geometry<C>::kGeometry.tape > 0 ? a.gates + t * Geometry<C>::W * BH : nullptr;
    projected = a.input.projected != nullptr ? a.input.projected + t * Geometry<C>::W * BH : nullptr;
    tokens = a.input.projected != nullptr ? nullptr : a.input.tokens + t * a.B;
    step = a.lengths.first_step + t;
  }

  RECURVE_INLINE const float* InputOf(int64_t row) const {
    return projected != nullptr ? projected + row * Geometry<C>::W * args.H
                                : args.input.table + tokens[row] * Geometry<C>::G * args.H;
  }
  RECURVE_INLINE bool Live(int64_t row) const {
    return args.lengths.lengths == nullptr || step < args.lengths.lengths[row];
  }

  const CellForwardArgs& args;
  const float* before[Geometry<C>::S];
  float* after[Geometry<C>::S];
  const float* h_read;  // the product's input
  float* h_masked;      // the next product's input if that is not h, else null
  float* gates;         // null: not saved
  const float* projected;
  const int32_t* tokens;
  int64_t step;  // of the sequence
};

// The memory that ForwardCells will access for the rows from `first` on.
template <template <class> class C>
Wanted WantedByForward(const ForwardStep<C>& s, int64_t first) {
  using T = Geometry<C>;
  const int64_t H = s.args.H;
  const int64_t at = first * H;
  Wanted wanted;
  for (int g = 0; g < T::G; ++g) {
    if (s.projected == nullptr) {
      wanted.Add(s.args.input.table + g * H, T::G * H, s.tokens + first);
    } else if (s.projected != s.gates) {
      wanted.Add(s.projected + at * T::W + g * H, T::W * H);
    }
  }
  for (int g = 0; g < T::W; ++g) {
    if (s.gates != nullptr) wanted.Add(s.gates + at * T::W + g * H, T::W * H);
  }
  for (int i = 0; i < T::S; ++i) {
    if (i > 0) wanted.Add(s.before[i] + at, H);
    wanted.Add(s.after[i] + at, H);
  }
  return wanted;
}

// The cells of one row for n vectors of units. Only with n = 1 may the vector be partial.
template <template <class> class C, int n>
RECURVE_INLINE void ForwardCells(const ForwardStep<C>& s, int64_t row, int64_t unit, int64_t lanes,
                                 const float* products) {
  using T = Geometry<C>;
  const int64_t H = s.args.H;
  const int64_t at = row * H + unit;
  Vecs<n> before[T::S];
  Vecs<n> after[T::S];
#pragma GCC unroll 4
  for (int i = 0; i < T::S; ++i) after[i] = before[i] = LoadVecs<n>(s.before[i] + at, kLanes, lanes);
  if (s.Live(row)) {
    const float* input = s.InputOf(row) + unit;
    Vecs<n> x[T::G];
    Vecs<n> p[T::G];
    Vecs<n> tape[T::W];
#pragma GCC unroll 4
    for (int g = 0; g < T::G; ++g) {
      x[g] = LoadVecs<n>(input + g * H, kLanes, lanes);
      p[g] = LoadVecs<n>(products + g * kLanes, T::G * kLanes, kLanes);
      if constexpr (T::kGeometry.recurrent_bias) {
        p[g] = p[g] + LoadVecs<n>(s.args.recurrent_bias + g * H + unit, kLanes, lanes);
      }
    }
    C<VecsMath<n>>::Forward(x, p, before, after, tape);
    if (s.gates != nullptr) {
      float* to = s.gates + row * T::W * H + unit;
#pragma GCC unroll 4
      for (int g = 0; g < T::W; ++g) StoreVecs(to + g * H, tape[g], lanes);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < T::S; ++i) StoreVecs(s.after[i] + at, after[i], lanes);
  if (s.h_masked != nullptr) {
    StoreVecs(s.h_masked + at, after[0] * LoadVecs<n>(s.args.recurrent_mask + at, kLanes, lanes), lanes);
  }
}

// Splits the units [begin, end) into groups of `wide` vectors and the rest into single vectors. Calls
// f(Constant<vectors>(), first unit, lanes of the last vector).
template <int wide, class Function>
RECURVE_INLINE void ForEachVecs(int64_t begin, int64_t end, const Function& f) {
  int64_t unit = begin;
  for (; unit + wide * kLanes <= end; unit += wide * kLanes) f(Constant<wide>(), unit, kLanes);
  for (; unit < end; unit += kLanes) f(Constant<1>(), unit, Least(kLanes, end - unit));
}

// The units of a group (blocks, in vectors), for at most kCellRows rows.
template <template <class> class C>
void ForwardGroup(const ForwardStep<C>& s, Range rows, Range blocks, Wanted* wanted) {
  constexpr int G = Geometry<C>::G;
  alignas(kLanes * sizeof(float)) float products[kCellRows * kGroupStrips * kLanes];
  const int64_t H = s.args.H;
  const int64_t strips = (blocks.end - blocks.begin) * G;
  const LinearArgs product{.depth = H,
                           .width = strips * kLanes,
                           .x = s.h_read + rows.begin * H,
                           .x_stride = H,
                           .packed = static_cast<const float*>(s.args.recurrent) + blocks.begin * G * kLanes * H,
                           .bias = nullptr,
                           .add = false,
                           .y = products,
                           .y_stride = strips * kLanes};
  wanted->lines = CeilDiv((blocks.end - blocks.begin) * kLanes, kCacheLineFloats);
  Product({.a = product,
           .rows = {0, rows.end - rows.begin},
           .strips = {0, strips},
           .wanted = wanted,
           .column = blocks.begin * kLanes});
  const int64_t begin = blocks.begin * kLanes;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* of_row = products + (row - rows.begin) * strips * kLanes;
    ForEachVecs<Geometry<C>::kWide>(begin, Least(blocks.end * kLanes, H), [&](auto n, int64_t unit, int64_t lanes) {
      ForwardCells<C, decltype(n)::value>(s, row, unit, lanes, of_row + (unit - begin) * G);
    });
  }
}

template <template <class> class C>
void CellForward(const CellForwardArgs& a, Range rows) {
  const int64_t blocks = CeilDiv(a.H, kLanes);
  const int64_t groups = CeilDiv(blocks, Geometry<C>::kGroup);
  if (a.recurrent_mask != nullptr) {
    for (int64_t i = rows.begin * a.H; i < rows.end * a.H; ++i) a.masked[i] = a.first[0][i] * a.recurrent_mask[i];
  }
  for (int64_t t = 0; t < a.k; ++t) {
    const ForwardStep<C> step(a, t);
    ForEachPart(rows.begin, rows.end, kCellRows, [&](int64_t begin, int64_t end) {
      Wanted wanted = WantedByForward<C>(step, begin);
      for (int64_t i = 0; i < groups; ++i) {
        // Alternates direction: if the weights do not all fit in the cache, the last ones used are still there.
        const int64_t first = (t % 2 == 0 ? i : groups - 1 - i) * Geometry<C>::kGroup;
        ForwardGroup<C>(step, {begin, end}, {first, Least(first + Geometry<C>::kGroup, blocks)}, &wanted);
      }
    });
  }
}

// The tensors of a step's backward pass. d[0] holds the gradient of h after the step. With a recurrent mask, d[0] holds
// only the recurrent product's part, and `direct` holds the cell's part.
template <template <class> class C>
struct BackwardStep {
  BackwardStep(const CellBackwardArgs& a, int64_t t) : args(a) {
    const int64_t BH = a.B * a.H;
    for (int s = 0; s < Geometry<C>::S; ++s) {
      before[s] = t == 0 ? a.first[s] : a.inner[s] + (t - 1) * BH;
      after[s] = t == a.k - 1 ? a.last[s] : a.inner[s] + t * BH;
    }
    above = a.dh_above != nullptr ? a.dh_above + t * BH : nullptr;
    gates = a.gates + t * Geometry<C>::W * BH;
    step = a.lengths.first_step + t;
    from_product = t < a.k - 1;
  }
  RECURVE_INLINE bool Live(int64_t row) const {
    return args.lengths.lengths == nullptr || step < args.lengths.lengths[row];
  }

  const CellBackwardArgs& args;
  const float* before[Geometry<C>::S];
  const float* after[Geometry<C>::S];
  const float* above;
  float* gates;
  int64_t step;       // of the sequence
  bool from_product;  // whether d[0] came from a product, to be masked
};

// The gradients of one row of the gate buffer and of the state, for n vectors of units. Only with n = 1 may the vector
// be partial.
template <template <class> class C, int n>
RECURVE_INLINE void BackwardCells(const BackwardStep<C>& s, int64_t row, int64_t unit, int64_t lanes) {
  using T = Geometry<C>;
  const CellBackwardArgs& a = s.args;
  const int64_t at = row * a.H + unit;
  float* g = s.gates + row * T::W * a.H + unit;
  Vecs<n> dgates[T::W] = {};
  Vecs<n> d[T::S];
#pragma GCC unroll 4
  for (int i = 0; i < T::S; ++i) d[i] = LoadVecs<n>(a.d[i] + at, kLanes, lanes);
  if (a.recurrent_mask != nullptr && s.from_product) {
    d[0] = VecsMath<n>::Fma(d[0], LoadVecs<n>(a.recurrent_mask + at, kLanes, lanes),
                            LoadVecs<n>(a.direct + at, kLanes, lanes));
  }
  if (s.Live(row)) {
    Vecs<n> tape[T::W];
    Vecs<n> before[T::S];
    Vecs<n> after[T::S];
#pragma GCC unroll 4
    for (int i = 0; i < T::S; ++i) {
      before[i] = LoadVecs<n>(s.before[i] + at, kLanes, lanes);
      after[i] = LoadVecs<n>(s.after[i] + at, kLanes, lanes);
    }
#pragma GCC unroll 4
    for (int i = 0; i < T::kGeometry.tape; ++i) tape[i] = LoadVecs<n>(g + i * a.H, kLanes, lanes);
    if (s.above != nullptr) d[0] = d[0] + LoadVecs<n>(s.above + at, kLanes, lanes);
    C<VecsMath<n>>::Backward(tape, before, after, d, dgates);
  }
  if (a.recurrent_mask != nullptr) {
    StoreVecs(a.direct + at, d[0], lanes);
    d[0] = VecsMath<n>::Set(0.0f);
  }
#pragma GCC unroll 4
  for (int i = 0; i < T::S; ++i) StoreVecs(a.d[i] + at, d[i], lanes);
#pragma GCC unroll 4
  for (int i = 0; i < T::W; ++i) StoreVecs(g + i * a.H, dgates[i], lanes);
}

template <template <class> class C>
void BackwardCells(const BackwardStep<C>& s, Range rows, Range units) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    ForEachVecs<4>(units.begin, units.end, [&](auto n, int64_t unit, int64_t lanes) {
      BackwardCells<C, decltype(n)::value>(s, row, unit, lanes);
    });
  }
}

// The memory that BackwardCells will access for the rows from `first` on.
template <template <class> class C>
Wanted WantedByBackward(const BackwardStep<C>& s, int64_t first) {
  using T = Geometry<C>;
  const int64_t at = first * s.args.H;
  Wanted wanted;
  for (int g = 0; g < T::W; ++g) wanted.Add(s.gates + at * T::W + g * s.args.H, T::W * s.args.H);
  for (int i = 0; i < T::S; ++i) wanted.Add(s.before[i] + at, s.args.H);
  if (s.above != nullptr) wanted.Add(s.above + at, s.args.H);
  return wanted;
}

template <template <class> class C>
void CellBackward(const CellBackwardArgs& a, Range rows) {
  using T = Geometry<C>;
  const int64_t blocks = CeilDiv(a.H, kLanes);
  const int64_t groups = CeilDiv(blocks, kGroupStrips);
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
    ForEachPart(rows.begin, rows.end, kCellRows, [&](int64_t begin, int64_t end) {
      Wanted wanted = WantedByBackward<C>(before, begin);
      for (int64_t i = 0; i < groups; ++i) {
        const int64_t first = (t % 2 == 0 ? i : groups - 1 - i) * kGroupStrips;
        const Range strips{first, Least(first + kGroupStrips, blocks)};
        wanted.lines = CeilDiv((strips.end - strips.begin) * kLanes, kCacheLineFloats);
        Product({.a = product,
                 .rows = {begin, end},
                 .strips = strips,
                 .wanted = t > 0 ? &wanted : nullptr,
                 .column = first * kLanes});
        if (t > 0) BackwardCells<C>(before, {begin, end}, {first * kLanes, Least(strips.end * kLanes, a.H)});
      }
    });
  }
  if (a.recurrent_mask == nullptr) return;
  for (int64_t i = rows.begin * a.H; i < rows.end * a.H; ++i) {
    a.d[0][i] = a.d[0][i] * a.recurrent_mask[i] + a.direct[i];
  }
}

// The kernel table entry of a cell.
template <template <class> class C>
inline constexpr CellKernels kCellKernels = {.cell = C<VectorMath>::kCell,
                                             .pack_recurrent = PackRecurrent<C>,
                                             .forward = CellForward<C>,
                                             .backward = CellBackward<C>};

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_CELL_H_
