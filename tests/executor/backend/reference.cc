// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/backend/reference.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace recurve::reference {
namespace {

constexpr int kMaxGates = 4;
constexpr int kArguments = 2 * kMaxGates + kMaxCellStates;

// A number and its derivatives by the arguments of a cell's step: x, p and the state before, in this order.
struct Dual {
  Dual(double value = 0) : v(value) {}  // NOLINT(google-explicit-constructor): numbers are constants
  double v;
  std::array<double, kArguments> by{};
};

// f(a), given its value and its derivative.
Dual Chain(const Dual& a, double value, double slope) {
  Dual y(value);
  for (int i = 0; i < kArguments; ++i) y.by[i] = slope * a.by[i];
  return y;
}
// f(a, b), given its value and its partial derivatives.
Dual Chain(const Dual& a, const Dual& b, double value, double slope_a, double slope_b) {
  Dual y(value);
  for (int i = 0; i < kArguments; ++i) y.by[i] = slope_a * a.by[i] + slope_b * b.by[i];
  return y;
}
Dual operator+(const Dual& a, const Dual& b) { return Chain(a, b, a.v + b.v, 1, 1); }
Dual operator-(const Dual& a, const Dual& b) { return Chain(a, b, a.v - b.v, 1, -1); }
Dual operator*(const Dual& a, const Dual& b) { return Chain(a, b, a.v * b.v, b.v, a.v); }
Dual operator/(const Dual& a, const Dual& b) { return Chain(a, b, a.v / b.v, 1 / b.v, -a.v / (b.v * b.v)); }
Dual Exp(const Dual& a) { return Chain(a, std::exp(a.v), std::exp(a.v)); }
Dual Tanh(const Dual& a) { return Chain(a, std::tanh(a.v), 1 - std::tanh(a.v) * std::tanh(a.v)); }
double Sigmoid(double a) { return 1 / (1 + std::exp(-a)); }
Dual Sigmoid(const Dual& a) { return Chain(a, Sigmoid(a.v), Sigmoid(a.v) * Sigmoid(-a.v)); }
Dual LogSigmoid(const Dual& a) {
  return Chain(a, std::min(a.v, 0.0) - std::log1p(std::exp(-std::abs(a.v))), Sigmoid(-a.v));
}

// One unit of one sequence, one step: the inputs x, the recurrent products p, the state before and after.
struct Unit {
  Dual x[kMaxGates], p[kMaxGates], before[kMaxCellStates], after[kMaxCellStates];
};

void StepOfLstm(Unit& u) {
  u.after[1] = Sigmoid(u.x[1] + u.p[1]) * u.before[1] + Sigmoid(u.x[0] + u.p[0]) * Tanh(u.x[2] + u.p[2]);
  u.after[0] = Sigmoid(u.x[3] + u.p[3]) * Tanh(u.after[1]);
}

void StepOfGru(Unit& u) {
  const Dual r = Sigmoid(u.x[1] + u.p[0]);
  const Dual z = Sigmoid(u.x[2] + u.p[1]);
  u.after[0] = (1 - z) * Tanh(u.x[0] + r * u.p[2]) + z * u.before[0];
}

// p[2] is the product of r h: see ProductsOf.
void StepOfGruResetBefore(Unit& u) {
  const Dual z = Sigmoid(u.x[1] + u.p[1]);
  u.after[0] = (1 - z) * Tanh(u.x[2] + u.p[2]) + z * u.before[0];
}

void StepOfSlstm(Unit& u) {
  const Dual input = u.x[0] + u.p[0];
  const Dual past = LogSigmoid(u.x[1] + u.p[1]) + u.before[3].v;  // m is a constant
  const bool empty = u.before[2].v == 0;
  const Dual m = empty ? input.v : std::max(past.v, input.v);
  const Dual f = empty ? 0 : Exp(past - m);
  u.after[1] = f * u.before[1] + Exp(input - m) * Tanh(u.x[2] + u.p[2]);
  u.after[2] = f * u.before[2] + Exp(input - m);
  u.after[3] = m;
  u.after[0] = Sigmoid(u.x[3] + u.p[3]) * u.after[1] / u.after[2];
}

void Step(Cell cell, Unit& u) {
  switch (cell) {
    case Cell::kLstm:
      return StepOfLstm(u);
    case Cell::kGru:
      return StepOfGru(u);
    case Cell::kGruResetBefore:
      return StepOfGruResetBefore(u);
    case Cell::kTanhRnn:
      u.after[0] = Tanh(u.x[0] + u.p[0]);
      return;
    case Cell::kReluRnn:
      u.after[0] = u.x[0].v + u.p[0].v > 0 ? u.x[0] + u.p[0] : 0;
      return;
    case Cell::kSlstm:
      return StepOfSlstm(u);
  }
}

Values Slice(const Values& v, int64_t begin, int64_t count) { return {v.begin() + begin, v.begin() + begin + count}; }

// Columns [first, first + count) of a matrix.
Values Columns(const Values& a, int64_t cols, int64_t first, int64_t count) {
  Values part;
  for (size_t row = 0; row < a.size(); row += cols) {
    part.insert(part.end(), a.begin() + row + first, a.begin() + row + first + count);
  }
  return part;
}

// Of factors as the layer's device rounds them.
Values LayerProduct(const Layer& m, const Values& a, const Values& b, int64_t n, int64_t depth, int64_t width) {
  return Product(Rounded(a, m.factors), Rounded(b, m.factors), n, depth, width);
}

struct Products {
  Values h;   // [B, H], what they read
  Values rh;  // [B, H], r h, where the reset gate comes before the candidate's product
  Values p;   // [B, G H]
};

Products ProductsOf(const Layer& m, int64_t t, const Values& h) {
  const int64_t GH = GeometryOf(m.cell).gates * m.H;
  Products out{.h = h, .rh = {}, .p = {}};
  for (size_t i = 0; i < m.recurrent_mask.size(); ++i) out.h[i] *= m.recurrent_mask[i];
  out.p = LayerProduct(m, out.h, m.recurrent, m.B, m.H, GH);
  for (size_t i = 0; i < out.p.size() && !m.recurrent_bias.empty(); ++i) out.p[i] += m.recurrent_bias[i % GH];
  if (m.cell != Cell::kGruResetBefore) return out;
  for (int64_t i = 0; i < m.B * m.H; ++i) {
    const int64_t at = i / m.H * GH + i % m.H;
    out.rh.push_back(m.Live(t, i / m.H) ? Sigmoid(m.input[t * m.B * GH + at] + out.p[at]) * out.h[i] : 0);
  }
  const Values candidate = LayerProduct(m, out.rh, Columns(m.recurrent, GH, 2 * m.H, m.H), m.B, m.H, m.H);
  for (int64_t i = 0; i < m.B * m.H; ++i) out.p[i / m.H * GH + 2 * m.H + i % m.H] = candidate[i];
  return out;
}

// Where a gate of a unit is in a row [G H].
int64_t GateColumn(const Layer& m, int64_t b, int gate, int64_t unit) {
  return (b * GeometryOf(m.cell).gates + gate) * m.H + unit;
}

Unit StepOf(const Layer& m, const std::vector<Values>& states, const Products& products, int64_t t, int64_t b,
            int64_t unit) {
  const CellGeometry g = GeometryOf(m.cell);
  Unit u;
  int argument = 0;
  const auto set = [&](Dual& to, double value) {
    to = value;
    to.by[argument++] = 1;
  };
  for (int i = 0; i < g.gates; ++i) set(u.x[i], m.input[GateColumn(m, t * m.B + b, i, unit)]);
  for (int i = 0; i < g.gates; ++i) set(u.p[i], products.p[GateColumn(m, b, i, unit)]);
  for (int i = 0; i < g.states; ++i) set(u.before[i], states[i][(t * m.B + b) * m.H + unit]);
  Step(m.cell, u);
  return u;
}

// From the gradient of r h's product to those of the reset gate and, added to dh, of h.
void BackwardThroughReset(const Layer& m, const Products& products, int64_t t, LayerGradients& out, Values& dh) {
  const int64_t GH = 3 * m.H;
  const Values dn = Columns(Slice(out.product, t * m.B * GH, m.B * GH), GH, 2 * m.H, m.H);
  const Values w = Columns(m.recurrent, GH, 2 * m.H, m.H);
  const Values drh = LayerProduct(m, dn, Transposed(w, m.H, m.H), m.B, m.H, m.H);
  for (int64_t i = 0; i < m.B * m.H; ++i) {
    if (!m.Live(t, i / m.H)) continue;
    const int64_t reset = i / m.H * GH + i % m.H;
    const double r = Sigmoid(m.input[t * m.B * GH + reset] + products.p[reset]);
    const double da = drh[i] * products.h[i] * r * (1 - r);
    out.input[t * m.B * GH + reset] = da;
    out.product[t * m.B * GH + reset] = da;
    dh[i] += drh[i] * r;
  }
}

// Adds the step's products to the gradients of the weights; returns the gradient of what the products read.
Values BackwardThroughProducts(const Layer& m, const Products& products, int64_t t, LayerGradients& out) {
  const int64_t GH = GeometryOf(m.cell).gates * m.H;
  Values dh(m.B * m.H);
  const bool reset_before = m.cell == Cell::kGruResetBefore;
  if (reset_before) BackwardThroughReset(m, products, t, out, dh);
  const Values dp = Slice(out.product, t * m.B * GH, m.B * GH);
  const Values dw = LayerProduct(m, Transposed(products.h, m.B, m.H), dp, m.H, m.B, GH);
  const Values dw_candidate =
      reset_before ? LayerProduct(m, Transposed(products.rh, m.B, m.H), dp, m.H, m.B, GH) : Values();
  for (int64_t i = 0; i < m.H * GH; ++i) {
    out.recurrent[i] += reset_before && i % GH >= 2 * m.H ? dw_candidate[i] : dw[i];
  }
  for (int64_t i = 0; i < m.B * GH; ++i) out.recurrent_bias[i % GH] += dp[i];
  const int64_t read = reset_before ? 2 * m.H : GH;  // columns of products of h itself
  const Values through = LayerProduct(m, Columns(dp, GH, 0, read),
                                      Transposed(Columns(m.recurrent, GH, 0, read), m.H, read), m.B, read, m.H);
  for (int64_t i = 0; i < m.B * m.H; ++i) dh[i] += through[i];
  return dh;
}

}  // namespace

Values Product(const Values& a, const Values& b, int64_t n, int64_t depth, int64_t width) {
  Values y(n * width);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t d = 0; d < depth; ++d) {
      for (int64_t j = 0; j < width; ++j) y[i * width + j] += a[i * depth + d] * b[d * width + j];
    }
  }
  return y;
}

Values Rounded(Values values, const FactorRounding& rounding) {
  for (double& v : values) {
    if (rounding.mantissa_bits >= 52 || !std::isfinite(v)) continue;
    int exponent = 0;
    const double mantissa = std::ldexp(std::frexp(v, &exponent), rounding.mantissa_bits + 1);
    v = std::ldexp(rounding.to_zero ? std::trunc(mantissa) : std::nearbyint(mantissa),
                   exponent - rounding.mantissa_bits - 1);
  }
  return values;
}

Values Transposed(const Values& a, int64_t rows, int64_t cols) {
  Values t(rows * cols);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) t[j * rows + i] = a[i * cols + j];
  }
  return t;
}

std::vector<Values> Forward(const Layer& m) {
  const int64_t BH = m.B * m.H;
  std::vector<Values> states = m.first;
  for (int64_t t = 0; t < m.k; ++t) {
    const Products products = ProductsOf(m, t, Slice(states[0], t * BH, BH));
    for (Values& tensor : states) tensor.resize((t + 2) * BH);
    for (int64_t i = 0; i < BH; ++i) {
      const bool live = m.Live(t, i / m.H);
      const Unit u = live ? StepOf(m, states, products, t, i / m.H, i % m.H) : Unit();
      for (size_t s = 0; s < states.size(); ++s) {
        states[s][(t + 1) * BH + i] = live ? u.after[s].v : states[s][t * BH + i];
      }
    }
  }
  return states;
}

void KeepFromKink(Layer& m, double margin) {
  if (m.cell != Cell::kReluRnn) return;
  const int64_t BH = m.B * m.H;
  for (int64_t t = 0; t < m.k; ++t) {
    const Values products = ProductsOf(m, t, Slice(Forward(m)[0], t * BH, BH)).p;
    for (int64_t i = 0; i < BH; ++i) {
      double& x = m.input[t * BH + i];
      const double sum = x + products[i];
      if (std::abs(sum) < margin) x = static_cast<float>(x + std::copysign(margin, sum));
    }
  }
}

LayerGradients Backward(const Layer& m, const Values& dh_above, std::vector<Values> d) {
  const CellGeometry g = GeometryOf(m.cell);
  const int64_t BH = m.B * m.H;
  const std::vector<Values> states = Forward(m);
  LayerGradients out{.input = Values(m.k * BH * g.gates),
                     .product = Values(m.k * BH * g.gates),
                     .recurrent = Values(m.H * g.gates * m.H),
                     .recurrent_bias = Values(g.gates * m.H),
                     .d = {}};
  for (int64_t t = m.k - 1; t >= 0; --t) {
    const Products products = ProductsOf(m, t, Slice(states[0], t * BH, BH));
    for (int64_t i = 0; i < BH; ++i) {
      if (!m.Live(t, i / m.H)) continue;
      const Unit u = StepOf(m, states, products, t, i / m.H, i % m.H);
      if (!dh_above.empty()) d[0][i] += dh_above[t * BH + i];
      std::array<double, kArguments> sums{};
      for (int s = 0; s < g.states; ++s) {
        for (int j = 0; j < kArguments; ++j) sums[j] += d[s][i] * u.after[s].by[j];
      }
      for (int j = 0; j < g.gates; ++j) {
        const int64_t at = GateColumn(m, t * m.B + i / m.H, j, i % m.H);
        out.input[at] = sums[j];
        out.product[at] = sums[g.gates + j];
      }
      for (int s = 0; s < g.states; ++s) d[s][i] = sums[2 * g.gates + s];
    }
    const Values dh = BackwardThroughProducts(m, products, t, out);
    for (int64_t i = 0; i < BH; ++i) {
      d[0][i] += dh[i] * (m.recurrent_mask.empty() ? 1.0 : m.recurrent_mask[i]);
    }
  }
  out.d = d;
  return out;
}

}  // namespace recurve::reference
