// SPDX-License-Identifier: Apache-2.0
//
// A GRU layer with the reset gate before the recurrent product, over the steps of a link, for some sequences of the
// batch. The blocks of the gate buffer are reset, update, candidate, and r h for the candidate's product. The weights
// of each gate are a separate packed matrix [H, H].
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_GRU_BEFORE_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_GRU_BEFORE_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"
#include "executor/backend/gru_reset_before_cell.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

using GruBefore = GruResetBeforeCell<VectorMath>;

enum GruBeforeBlock { kReset, kUpdate, kCandidate, kResetH, kGruBeforeBlocks };

inline int64_t GruBeforeMatrixFloats(int64_t H) { return CeilDiv(H, kLanes) * kLanes * H; }

inline void PackGruBefore(Packing packing, const float* w, int64_t H, Range strips, float* packed) {
  const bool forward = packing == Packing::kForward;
  for (int gate = 0; gate < 3; ++gate) {
    Pack({.w = w + gate * H,
          .depth = H,
          .width = H,
          .depth_stride = forward ? 3 * H : 1,
          .width_stride = forward ? 1 : 3 * H,
          .packed = packed + gate * GruBeforeMatrixFloats(H)},
         strips);
  }
}

// y += x w, or y = x w, with the weights of one gate.
inline void GruBeforeProduct(int64_t H, const void* packed, int gate, const float* x, int64_t x_stride, float* y,
                             int64_t y_stride, bool add, Range rows) {
  Linear({.depth = H,
          .width = H,
          .x = x,
          .x_stride = x_stride,
          .packed = static_cast<const float*>(packed) + gate * GruBeforeMatrixFloats(H),
          .bias = nullptr,
          .add = add,
          .y = y,
          .y_stride = y_stride},
         rows, {0, CeilDiv(H, kLanes)});
}

// Calls f(row, unit, lanes) for each vector of units of each row.
template <class Function>
RECURVE_INLINE void ForEachVector(Range rows, int64_t H, const Function& f) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int64_t unit = 0; unit < H; unit += kLanes) f(row, unit, Least(kLanes, H - unit));
  }
}

RECURVE_INLINE bool IsLive(const SequenceLengths& lengths, int64_t t, int64_t row) {
  return lengths.lengths == nullptr || lengths.first_step + t < lengths.lengths[row];
}

// Copies the step's input to the first blocks of `gates`, unless it is already there.
inline void CopyGruBeforeInput(const CellForwardArgs& a, int64_t t, float* gates, Range rows) {
  const int64_t width = kGruBeforeBlocks * a.H;
  const float* projected = a.input.projected + t * a.B * width;
  if (a.input.projected != nullptr && projected == gates) return;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* from = a.input.projected != nullptr ? projected + row * width
                                                     : a.input.table + a.input.tokens[t * a.B + row] * 3 * a.H;
    memcpy(gates + row * width, from, 3 * a.H * sizeof(float));
  }
}

// The step from h_before to h; h_read is the products' input.
inline void ForwardGruBeforeStep(const CellForwardArgs& a, int64_t t, const float* h_read, const float* h_before,
                                 float* h, Range rows) {
  const int64_t H = a.H;
  const int64_t width = kGruBeforeBlocks * H;
  float* gates = a.gates + t * a.B * width;
  CopyGruBeforeInput(a, t, gates, rows);
  for (const int gate : {kReset, kUpdate}) {
    GruBeforeProduct(H, a.recurrent, gate, h_read, H, gates + gate * H, width, /*add=*/true, rows);
  }
  ForEachVector(rows, H, [&](int64_t row, int64_t unit, int64_t lanes) RECURVE_INLINE_LAMBDA {
    float* g = gates + row * width + unit;
    Vec gate[] = {Load(g, lanes), Load(g + kUpdate * H, lanes)};
    Store(g + kResetH * H, GruBefore::ForwardGates(gate, Load(h_read + row * H + unit, lanes)), lanes);
    Store(g, gate[0], lanes);
    Store(g + kUpdate * H, gate[1], lanes);
  });
  GruBeforeProduct(H, a.recurrent, kCandidate, gates + kResetH * H, width, gates + kCandidate * H, width, /*add=*/true,
                   rows);
  ForEachVector(rows, H, [&](int64_t row, int64_t unit, int64_t lanes) RECURVE_INLINE_LAMBDA {
    float* g = gates + row * width + unit;
    const Vec before = Load(h_before + row * H + unit, lanes);
    Vec n = Load(g + kCandidate * H, lanes);
    const Vec after = GruBefore::ForwardState(Load(g + kUpdate * H, lanes), &n, before);
    Store(g + kCandidate * H, n, lanes);
    Store(h + row * H + unit, IsLive(a.lengths, t, row) ? after : before, lanes);
  });
}

inline void ForwardGruBefore(const CellForwardArgs& a, Range rows) {
  const int64_t BH = a.B * a.H;
  for (int64_t t = 0; t < a.k; ++t) {
    const float* before = t == 0 ? a.first[0] : a.inner[0] + (t - 1) * BH;
    const float* h_read = before;
    if (a.recurrent_mask != nullptr) {
      h_read = a.masked + t * BH;
      for (int64_t i = rows.begin * a.H; i < rows.end * a.H; ++i)
        a.masked[t * BH + i] = before[i] * a.recurrent_mask[i];
    }
    ForwardGruBeforeStep(a, t, h_read, before, t == a.k - 1 ? a.last[0] : a.inner[0] + t * BH, rows);
  }
}

// From the gradient of h to those of update and candidate. With a recurrent mask, d[0] is the gradient of the input of
// the next step's products, and `direct` is the rest; the last step has no next step.
inline void BackwardGruBeforeState(const CellBackwardArgs& a, int64_t t, const float* h_before, float* gates,
                                   Range rows) {
  const int64_t H = a.H;
  const float* above = a.dh_above != nullptr ? a.dh_above + t * a.B * H : nullptr;
  ForEachVector(rows, H, [&](int64_t row, int64_t unit, int64_t lanes) RECURVE_INLINE_LAMBDA {
    const int64_t at = row * H + unit;
    float* g = gates + row * kGruBeforeBlocks * H + unit;
    Vec dh = Load(a.d[0] + at, lanes);
    if (a.recurrent_mask != nullptr && t < a.k - 1) {
      dh = VectorMath::Fma(dh, Load(a.recurrent_mask + at, lanes), Load(a.direct + at, lanes));
    }
    Vec z{};
    Vec n{};
    if (IsLive(a.lengths, t, row)) {
      z = Load(g + kUpdate * H, lanes);
      n = Load(g + kCandidate * H, lanes);
      if (above != nullptr) dh += Load(above + at, lanes);
      GruBefore::BackwardState(&z, &n, Load(h_before + at, lanes), &dh);
    } else {
      Store(g, z, lanes);  // makes r h, an input of the weight gradient, 0 as well
    }
    Store(g + kUpdate * H, z, lanes);
    Store(g + kCandidate * H, n, lanes);
    Store((a.recurrent_mask != nullptr ? a.direct : a.d[0]) + at, dh, lanes);
  });
}

// From the gradient of r h, in its block, to that of the reset gate. Restores r h.
inline void BackwardGruBeforeReset(const CellBackwardArgs& a, const float* h_before, float* gates, Range rows) {
  const int64_t H = a.H;
  ForEachVector(rows, H, [&](int64_t row, int64_t unit, int64_t lanes) RECURVE_INLINE_LAMBDA {
    const int64_t at = row * H + unit;
    float* g = gates + row * kGruBeforeBlocks * H + unit;
    const bool masked = a.recurrent_mask != nullptr;
    Vec h_read = Load(h_before + at, lanes);
    if (masked) h_read *= Load(a.recurrent_mask + at, lanes);
    Vec r = Load(g, lanes);
    const Vec rh = r * h_read;
    const Vec dh = GruBefore::BackwardReset(Load(g + kResetH * H, lanes), h_read, &r);
    Store(g, r, lanes);
    Store(g + kResetH * H, rh, lanes);
    Store(a.d[0] + at, masked ? dh : dh + Load(a.d[0] + at, lanes), lanes);
  });
}

inline void BackwardGruBefore(const CellBackwardArgs& a, Range rows) {
  const int64_t H = a.H;
  const int64_t width = kGruBeforeBlocks * H;
  for (int64_t t = a.k - 1; t >= 0; --t) {
    const float* before = t == 0 ? a.first[0] : a.inner[0] + (t - 1) * a.B * H;
    float* gates = a.gates + t * a.B * width;
    BackwardGruBeforeState(a, t, before, gates, rows);
    GruBeforeProduct(H, a.recurrent, kCandidate, gates + kCandidate * H, width, gates + kResetH * H, width,
                     /*add=*/false, rows);
    BackwardGruBeforeReset(a, before, gates, rows);
    for (const int gate : {kReset, kUpdate}) {
      GruBeforeProduct(H, a.recurrent, gate, gates + gate * H, width, a.d[0], H, /*add=*/true, rows);
    }
  }
  if (a.recurrent_mask == nullptr) return;
  for (int64_t i = rows.begin * H; i < rows.end * H; ++i) a.d[0][i] = a.d[0][i] * a.recurrent_mask[i] + a.direct[i];
}

inline constexpr CellKernels kGruBeforeKernels = {.cell = GruBefore::kCell,
                                                  .pack_recurrent = PackGruBefore,
                                                  .forward = ForwardGruBefore,
                                                  .backward = BackwardGruBefore};

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_GRU_BEFORE_H_
