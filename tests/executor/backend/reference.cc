// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/backend/reference.h"

#include <cmath>

namespace recurve::reference {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Values Slice(const Values& v, int64_t begin, int64_t count) { return {v.begin() + begin, v.begin() + begin + count}; }

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

Values Transposed(const Values& a, int64_t rows, int64_t cols) {
  Values t(rows * cols);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) t[j * rows + i] = a[i * cols + j];
  }
  return t;
}

LstmTape Forward(const Lstm& m) {
  const int64_t BH = m.B * m.H;
  LstmTape tape{m.input, m.h_first, m.c_first};
  tape.h.resize((m.k + 1) * BH);
  tape.c.resize((m.k + 1) * BH);
  for (int64_t t = 0; t < m.k; ++t) {
    const Values recurrent = Product(Slice(tape.h, t * BH, BH), m.recurrent, m.B, m.H, 4 * m.H);
    for (int64_t b = 0; b < m.B; ++b) {
      double* gates = &tape.gates[(t * m.B + b) * 4 * m.H];
      for (int64_t u = 0; u < m.H; ++u) {
        double* gate[4];
        for (int64_t g = 0; g < 4; ++g) {
          gate[g] = gates + g * m.H + u;
          *gate[g] += recurrent[b * 4 * m.H + g * m.H + u];
          *gate[g] = g == 2 ? std::tanh(*gate[g]) : Sigmoid(*gate[g]);
        }
        const int64_t at = t * BH + b * m.H + u;
        tape.c[at + BH] = *gate[1] * tape.c[at] + *gate[0] * *gate[2];
        tape.h[at + BH] = *gate[3] * std::tanh(tape.c[at + BH]);
      }
    }
  }
  return tape;
}

LstmGradients Backward(const Lstm& m, const LstmTape& tape, const Values& dh_above, Values dh, Values dc) {
  const int64_t BH = m.B * m.H;
  const Values transposed = Transposed(m.recurrent, m.H, 4 * m.H);
  LstmGradients out;
  out.gates.resize(m.k * BH * 4);
  for (int64_t t = m.k - 1; t >= 0; --t) {
    for (int64_t b = 0; b < m.B; ++b) {
      for (int64_t u = 0; u < m.H; ++u) {
        const int64_t at = (t * m.B + b) * 4 * m.H + u;
        const double i = tape.gates[at];
        const double f = tape.gates[at + m.H];
        const double g = tape.gates[at + 2 * m.H];
        const double o = tape.gates[at + 3 * m.H];
        const int64_t state = b * m.H + u;
        const double tanh_c = std::tanh(tape.c[(t + 1) * BH + state]);
        const double gradient_h = dh[state] + dh_above[t * BH + state];
        const double gradient_c = dc[state] + gradient_h * o * (1 - tanh_c * tanh_c);
        out.gates[at] = gradient_c * g * i * (1 - i);
        out.gates[at + m.H] = gradient_c * tape.c[t * BH + state] * f * (1 - f);
        out.gates[at + 2 * m.H] = gradient_c * i * (1 - g * g);
        out.gates[at + 3 * m.H] = gradient_h * tanh_c * o * (1 - o);
        dc[state] = gradient_c * f;
      }
    }
    dh = Product(Slice(out.gates, t * BH * 4, BH * 4), transposed, m.B, 4 * m.H, m.H);
  }
  out.dh = dh;
  out.dc = dc;
  return out;
}

}  // namespace recurve::reference
