// SPDX-License-Identifier: Apache-2.0
//
// The LSTM over the steps of a link, for some of the sequences of the batch. Forward, a register tile holds the four
// gates of kLanes hidden units of up to kTileRows sequences: the cell is computed on the accumulators, and
// pre-activations never touch memory. Backward, the gradients of the gates' pre-activations replace the gates, step by
// step.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LSTM_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LSTM_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

inline void PackLstm(const float* w, int64_t H, Range blocks, float* packed) {
  for (int64_t b = blocks.begin; b < blocks.end; ++b) {
    const int64_t unit = b * kLanes;
    const int64_t lanes = Least(kLanes, H - unit);
    float* to = packed + b * kPanelWidth * H;
    for (int64_t j = 0; j < H; ++j, to += kPanelWidth) {
      for (int gate = 0; gate < 4; ++gate) Store(to + gate * kLanes, Load(w + (j * 4 + gate) * H + unit, lanes));
    }
  }
}

// Where a step finds what it reads and writes; [B, H] or [B, 4H] each.
struct ForwardStep {
  const float* h_before;
  const float* c_before;
  float* h;
  float* c;
  float* gates;  // null: not kept
  const float* projected;
  const int32_t* tokens;
};

inline ForwardStep StepOf(const LstmForwardArgs& a, int64_t t) {
  const int64_t BH = a.B * a.H;
  ForwardStep s;
  s.h_before = t == 0 ? a.h_first : a.h + (t - 1) * BH;
  s.c_before = t == 0 ? a.c_first : a.c + (t - 1) * BH;
  s.h = t == a.k - 1 ? a.h_last : a.h + t * BH;
  s.c = t == a.k - 1 ? a.c_last : a.c + t * BH;
  s.gates = a.gates != nullptr ? a.gates + t * 4 * BH : nullptr;
  s.projected = a.input.projected != nullptr ? a.input.projected + t * 4 * BH : nullptr;
  s.tokens = a.input.projected != nullptr ? nullptr : a.input.tokens + t * a.B;
  return s;
}

// What a row's gates add to their products.
RECURVE_INLINE const float* InputOf(const LstmForwardArgs& a, const ForwardStep& s, int64_t row) {
  return s.projected != nullptr ? s.projected + row * 4 * a.H : a.input.table + s.tokens[row] * int64_t{4} * a.H;
}

// Asks for what ForwardCell will read and write.
RECURVE_INLINE void FetchForwardCell(const LstmForwardArgs& a, const ForwardStep& s, int64_t row, int64_t unit) {
  const float* input = InputOf(a, s, row) + unit;
  for (int gate = 0; gate < 4; ++gate) {
    __builtin_prefetch(input + gate * a.H);
    if (s.gates != nullptr) __builtin_prefetch(s.gates + (row * 4 + gate) * a.H + unit, 1);
  }
  __builtin_prefetch(s.c_before + row * a.H + unit);
  __builtin_prefetch(s.c + row * a.H + unit, 1);
  __builtin_prefetch(s.h + row * a.H + unit, 1);
}

// The products of a tile.
template <int rows>
RECURVE_INLINE void ForwardTile(const LstmForwardArgs& a, const ForwardStep& s, int64_t first, int64_t block,
                                Vec (*sums)[4]) {
  Vec acc[rows][4] = {};
  const float* packed = static_cast<const float*>(a.recurrent) + block * kPanelWidth * a.H;
  AccumulateAndFetch<rows, 4>(s.h_before + first * a.H, a.H, 1, packed, a.H, acc,
                              [&](int r) RECURVE_INLINE_LAMBDA { FetchForwardCell(a, s, first + r, block * kLanes); });
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int gate = 0; gate < 4; ++gate) sums[r][gate] = acc[r][gate];
  }
}

// The cell of one row, on its sums of products.
RECURVE_INLINE void ForwardCell(const LstmForwardArgs& a, const ForwardStep& s, int64_t row, int64_t unit,
                                int64_t lanes, const Vec (&sums)[4]) {
  const int64_t H = a.H;
  const int64_t at = row * H + unit;
  const float* input = InputOf(a, s, row) + unit;
  LstmGates<Vec> gates{sums[0] + Load(input, lanes), sums[1] + Load(input + H, lanes),
                       sums[2] + Load(input + 2 * H, lanes), sums[3] + Load(input + 3 * H, lanes)};
  Vec c;
  Vec h;
  LstmCellForward<VectorMath>(&gates, Load(s.c_before + at, lanes), &c, &h);
  Store(s.c + at, c, lanes);
  Store(s.h + at, h, lanes);
  if (s.gates == nullptr) return;
  float* to = s.gates + row * 4 * H + unit;
  Store(to, gates.i, lanes);
  Store(to + H, gates.f, lanes);
  Store(to + 2 * H, gates.g, lanes);
  Store(to + 3 * H, gates.o, lanes);
}

// kLanes hidden units of at most kRowBlock rows.
inline void ForwardBlock(const LstmForwardArgs& a, const ForwardStep& s, Range rows, int64_t block) {
  Vec sums[kRowBlock][4];
  ForEachTile(rows.begin, rows.end, [&](auto tile_rows, int64_t first) {
    ForwardTile<decltype(tile_rows)::value>(a, s, first, block, sums + (first - rows.begin));
  });
  const int64_t unit = block * kLanes;
  const int64_t lanes = Least(kLanes, a.H - unit);
  for (int64_t row = rows.begin; row < rows.end; ++row) ForwardCell(a, s, row, unit, lanes, sums[row - rows.begin]);
}

inline void LstmForward(const LstmForwardArgs& a, Range rows) {
  const int64_t blocks = (a.H + kLanes - 1) / kLanes;
  for (int64_t t = 0; t < a.k; ++t) {
    const ForwardStep step = StepOf(a, t);
    for (int64_t i = 0; i < blocks; ++i) {
      // There and back: the weights used last are still in the cache when they do not all fit.
      const int64_t block = t % 2 == 0 ? i : blocks - 1 - i;
      for (int64_t begin = rows.begin; begin < rows.end; begin += kRowBlock) {
        ForwardBlock(a, step, {begin, Least(begin + kRowBlock, rows.end)}, block);
      }
    }
  }
}

// Gradients of the pre-activations of step t for some units, and of the cell state before it. `a.dh` holds what comes
// from the step after.
inline void BackwardCells(const LstmBackwardArgs& a, int64_t t, Range rows, Range units) {
  const int64_t H = a.H;
  const int64_t BH = a.B * H;
  const float* c_before = t == 0 ? a.c_first : a.c + (t - 1) * BH;
  const float* c = t == a.k - 1 ? a.c_last : a.c + t * BH;
  const float* above = a.dh_above != nullptr ? a.dh_above + t * BH : nullptr;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    float* gates_row = a.gates + (t * a.B + row) * 4 * H;
    for (int64_t unit = units.begin; unit < units.end; unit += kLanes) {
      const int64_t lanes = Least(kLanes, units.end - unit);
      const int64_t at = row * H + unit;
      float* g = gates_row + unit;
      LstmGates<Vec> gates{Load(g, lanes), Load(g + H, lanes), Load(g + 2 * H, lanes), Load(g + 3 * H, lanes)};
      Vec dh = Load(a.dh + at, lanes);
      if (above != nullptr) dh += Load(above + at, lanes);
      Vec dc = Load(a.dc + at, lanes);
      LstmCellBackward<VectorMath>(&gates, Load(c_before + at, lanes), Load(c + at, lanes), dh, &dc);
      Store(a.dc + at, dc, lanes);
      Store(g, gates.i, lanes);
      Store(g + H, gates.f, lanes);
      Store(g + 2 * H, gates.g, lanes);
      Store(g + 3 * H, gates.o, lanes);
    }
  }
}

// Asks for what BackwardCells will read of a row of the tape.
RECURVE_INLINE void FetchBackwardCells(const LstmBackwardArgs& a, int64_t t, int64_t row, Range units) {
  const float* c_before = (t == 0 ? a.c_first : a.c + (t - 1) * a.B * a.H) + row * a.H;
  const float* above = a.dh_above != nullptr ? a.dh_above + (t * a.B + row) * a.H : nullptr;
  const float* gates = a.gates + (t * a.B + row) * 4 * a.H;
  for (int64_t unit = units.begin; unit < units.end; unit += kCacheLineFloats) {
    for (int gate = 0; gate < 4; ++gate) __builtin_prefetch(gates + gate * a.H + unit, 1);
    __builtin_prefetch(c_before + unit);
    if (above != nullptr) __builtin_prefetch(above + unit);
  }
}

inline void LstmBackward(const LstmBackwardArgs& a, Range rows) {
  const int64_t panels = (a.H + kPanelWidth - 1) / kPanelWidth;
  BackwardCells(a, a.k - 1, rows, {0, a.H});
  for (int64_t t = a.k - 1; t >= 0; --t) {
    const LinearArgs product{.depth = 4 * a.H,
                             .width = a.H,
                             .x = a.gates + t * a.B * 4 * a.H,
                             .packed = static_cast<const float*>(a.recurrent),
                             .bias = nullptr,
                             .y = a.dh};
    for (int64_t i = 0; i < panels; ++i) {
      const int64_t p = t % 2 == 0 ? i : panels - 1 - i;
      for (int64_t begin = rows.begin; begin < rows.end; begin += kRowBlock) {
        const int64_t end = Least(begin + kRowBlock, rows.end);
        const Range units{p * kPanelWidth, Least((p + 1) * kPanelWidth, a.H)};
        LinearPanel(product, begin, end, p, [&](int64_t row, int64_t d0) RECURVE_INLINE_LAMBDA {
          if (t > 0 && d0 == 0) FetchBackwardCells(a, t - 1, row, units);
        });
        if (t > 0) BackwardCells(a, t - 1, {begin, end}, units);
      }
    }
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LSTM_H_
