// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/footprints.h"

namespace recurve::cuda {
namespace {

constexpr auto kIntBytes = static_cast<int64_t>(sizeof(int32_t));

}  // namespace

Footprint FootprintOf(const CellForwardArgs& a, int64_t weight_bytes) {
  const CellGeometry geometry = GeometryOf(a.cell);
  const int64_t BH = a.B * a.H;
  const int64_t GH = geometry.gates * a.H;
  Footprint footprint;
  footprint.Reads(a.recurrent, weight_bytes)
      .ReadsFloats(a.recurrent_bias, GH)
      .WritesFloats(a.gates, a.k * geometry.row() * BH)
      .ReadsFloats(a.recurrent_mask, BH)
      .Reads(a.lengths.lengths, a.B * kIntBytes);
  if (a.input.projected != nullptr) {
    footprint.ReadsFloats(a.input.projected, SpanOfRows(a.k * a.B, GH, geometry.row() * a.H));
  } else {
    footprint.ReadsFloats(a.input.table, a.input.V * GH).Reads(a.input.tokens, a.k * a.B * kIntBytes);
  }
  for (int s = 0; s < geometry.states; ++s) {
    footprint.ReadsFloats(a.first[s], BH).WritesFloats(a.inner[s], (a.k - 1) * BH).WritesFloats(a.last[s], BH);
  }
  return footprint;
}

Footprint FootprintOf(const CellBackwardArgs& a, int64_t weight_bytes) {
  const CellGeometry geometry = GeometryOf(a.cell);
  const int64_t BH = a.B * a.H;
  Footprint footprint;
  footprint.Reads(a.recurrent, weight_bytes)
      .ReadsFloats(a.dh_above, a.k * BH)
      .WritesFloats(a.gates, a.k * geometry.row() * BH)
      .ReadsFloats(a.recurrent_mask, BH)
      .Reads(a.lengths.lengths, a.B * kIntBytes);
  for (int s = 0; s < geometry.states; ++s) {
    footprint.ReadsFloats(a.first[s], BH)
        .ReadsFloats(a.inner[s], (a.k - 1) * BH)
        .ReadsFloats(a.last[s], BH)
        .WritesFloats(a.d[s], BH);
  }
  return footprint;
}

Footprint FootprintOf(const CellWeightGradientArgs& a) {
  const CellGeometry geometry = GeometryOf(a.cell);
  const int64_t BH = a.B * a.H;
  return Footprint()
      .ReadsFloats(a.h_first, BH)
      .ReadsFloats(a.h, (a.k - 1) * BH)
      .ReadsFloats(a.gates, a.k * geometry.row() * BH)
      .ReadsFloats(a.recurrent_mask, BH)
      .WritesFloats(a.recurrent_mask != nullptr ? a.masked : nullptr, a.k * BH)
      .WritesFloats(a.dw, geometry.gates * a.H * a.H)
      .WritesFloats(a.dbias, geometry.gates * a.H);
}

}  // namespace recurve::cuda
