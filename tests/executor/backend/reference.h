// SPDX-License-Identifier: Apache-2.0
//
// What a backend's operations mean, in plain loops over doubles. Shapes and letters as in executor/backend/backend.h.
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_REFERENCE_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_REFERENCE_H_

#include <cstdint>
#include <vector>

namespace recurve::reference {

using Values = std::vector<double>;

// [n, depth] times [depth, width].
Values Product(const Values& a, const Values& b, int64_t n, int64_t depth, int64_t width);
// Of a matrix [rows, cols].
Values Transposed(const Values& a, int64_t rows, int64_t cols);

// One LSTM layer over k steps.
struct Lstm {
  int64_t k, B, H;
  Values input;      // [k, B, 4H], projected
  Values recurrent;  // [H, 4H]
  Values h_first;    // [B, H]
  Values c_first;    // [B, H]
};

struct LstmTape {
  Values gates;  // [k, B, 4H], activated
  Values h;      // [k+1, B, H], states before the link and after each step
  Values c;      // [k+1, B, H]
};

LstmTape Forward(const Lstm& lstm);

struct LstmGradients {
  Values gates;  // [k, B, 4H], of the pre-activations
  Values dh;     // [B, H], of h_first
  Values dc;     // [B, H], of c_first
};

// dh_above [k, B, H]; dh, dc [B, H].
LstmGradients Backward(const Lstm& lstm, const LstmTape& tape, const Values& dh_above, Values dh, Values dc);

}  // namespace recurve::reference

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_REFERENCE_H_
