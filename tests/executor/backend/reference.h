// SPDX-License-Identifier: Apache-2.0
//
// What a backend's operations mean, in plain loops over doubles. Shapes and letters as in executor/backend/backend.h.
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_REFERENCE_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_REFERENCE_H_

#include <cstdint>
#include <vector>

#include "planner_service/model/cell.h"

namespace recurve::reference {

using Values = std::vector<double>;

// [n, depth] times [depth, width].
Values Product(const Values& a, const Values& b, int64_t n, int64_t depth, int64_t width);
// Of a matrix [rows, cols].
Values Transposed(const Values& a, int64_t rows, int64_t cols);

// How a device rounds the factors of a product before it multiplies them. The default rounds nothing.
struct FactorRounding {
  int mantissa_bits = 52;  // after the leading one
  bool to_zero = false;    // else to nearest, ties to even
};
Values Rounded(Values values, const FactorRounding& rounding);

// A layer of cells over k steps.
struct Layer {
  Cell cell;
  int64_t k, B, H;
  Values input;                  // [k, B, G H], projected
  Values recurrent;              // [H, G H]
  Values recurrent_bias;         // [G H]; empty where the cell has none
  std::vector<Values> first;     // S times [B, H]
  Values recurrent_mask;         // [B, H]; empty: ones
  std::vector<int32_t> lengths;  // [B]; empty: all sequences go on
  FactorRounding factors = {};   // of the recurrent products, and of those of their gradients

  bool Live(int64_t t, int64_t b) const { return lengths.empty() || t < lengths[b]; }
};

// S times [k+1, B, H]: the states before the link and after each step.
std::vector<Values> Forward(const Layer& layer);

// Moves the inputs of a layer whose activation has a kink at 0, so that no pre-activation of a step is nearer to it
// than `margin`, but for the rounding of an input to fp32. Other layers stay as they are.
void KeepFromKink(Layer& layer, double margin);

struct LayerGradients {
  Values input;           // [k, B, G H]
  Values product;         // [k, B, G H]
  Values recurrent;       // [H, G H]
  Values recurrent_bias;  // [G H]
  std::vector<Values> d;  // S times [B, H], of the states before the link
};

// Of sum(dh_above h) + sum(d last), over all steps and all tensors of the last state: dh_above [k, B, H] or empty for
// zeros, d S times [B, H]. The stabiliser m of the sLSTM counts as a constant: see slstm_cell.h.
LayerGradients Backward(const Layer& layer, const Values& dh_above, std::vector<Values> d);

}  // namespace recurve::reference

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_REFERENCE_H_
