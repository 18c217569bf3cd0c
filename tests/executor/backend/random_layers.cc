// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/backend/random_layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace recurve {
namespace {

using reference::Layer;
using reference::Values;

constexpr struct {
  int64_t k, B, H;
} kShapes[] = {{1, 1, 1},   {3, 2, 5},  {4, 7, 16},   {2, 13, 33}, {3, 5, 64},  {2, 50, 17},
               {2, 3, 130}, {1, 4, 48}, {2, 100, 66}, {3, 9, 128}, {2, 17, 256}};

// States of an sLSTM are such as it may come to: n at least 1, or empty.
void MakeReachable(Layer& m) {
  if (m.cell != Cell::kSlstm) return;
  for (int64_t i = 0; i < m.B * m.H; ++i) {
    const bool empty = i / m.H % 3 == 1;
    m.first[2][i] = empty ? 0 : 2 + m.first[2][i];
    if (empty) m.first[1][i] = m.first[3][i] = 0;
  }
}

}  // namespace

std::string Describe(const Layer& m) {
  std::string text(ToString(m.cell));
  text += ", k " + std::to_string(m.k) + ", B " + std::to_string(m.B) + ", H " + std::to_string(m.H);
  return text + (m.recurrent_mask.empty() ? "" : ", masked") + (m.lengths.empty() ? "" : ", with ends");
}

Layer RandomLayer(Cell cell, int64_t k, int64_t B, int64_t H, const Extras& extras,
                  const std::function<std::vector<float>(int64_t)>& random) {
  const CellGeometry g = GeometryOf(cell);
  const auto doubles = [&](int64_t n) {
    const std::vector<float> v = random(n);
    return Values(v.begin(), v.end());
  };
  Layer m{.cell = cell, .k = k, .B = B, .H = H, .input = doubles(k * B * g.gates * H)};
  const double scale = 1 / std::sqrt(static_cast<double>(H));
  m.recurrent = doubles(H * g.gates * H);
  for (double& w : m.recurrent) w = static_cast<float>(w * scale);
  if (g.recurrent_bias) m.recurrent_bias = doubles(g.gates * H);
  for (int s = 0; s < g.states; ++s) m.first.push_back(doubles(B * H));
  MakeReachable(m);
  if (extras.masked) {
    m.recurrent_mask = doubles(B * H);
    for (double& kept : m.recurrent_mask) kept = kept < 0 ? 0 : 1.25;
  }
  for (int64_t b = 0; b < B && extras.ends; ++b) m.lengths.push_back(static_cast<int32_t>((b + 1) % (k + 2)));
  for (int64_t i = 0; i < static_cast<int64_t>(m.input.size()); ++i) {
    const int64_t row = i / (g.gates * H);
    if (!m.Live(row / B, row % B)) m.input[i] = std::nan("");
  }
  return m;
}

void ForEachLayerCase(const std::function<void(LayerCase&)>& f) {
  std::mt19937 engine(20260101);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto random = [&](int64_t n) {
    std::vector<float> values(n);
    for (float& v : values) v = uniform(engine);
    return values;
  };
  bool has_above = false;
  for (const Cell cell : kCells) {
    const CellGeometry g = GeometryOf(cell);
    for (const auto& [k, B, H] : kShapes) {
      for (const Extras& extras : kAllExtras) {
        has_above = !has_above;
        LayerCase it{.layer = RandomLayer(cell, k, B, H, extras, random)};
        if (has_above) it.above = random(k * B * H);
        for (int s = 0; s < g.states; ++s) it.d.push_back(random(B * H));
        it.dw = random(H * g.gates * H);
        it.dbias = random(g.gates * H);
        SCOPED_TRACE(Describe(it.layer));
        f(it);
      }
    }
  }
}

}  // namespace recurve
