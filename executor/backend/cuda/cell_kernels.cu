// SPDX-License-Identifier: Apache-2.0
//
// The cells over one step: one block per sequence and tile of hidden units. A thread owns one unit of one sequence, so
// that activations may replace inputs, and gradients activations, in place.
#include "executor/backend/cuda/cell_kernels.h"
#include "executor/backend/cuda/cell_step.cuh"
#include "executor/backend/cuda/device_math.cuh"
#include "executor/backend/cuda/launch.h"
#include "executor/backend/cuda/operand.cuh"
#include "executor/backend/gru_cell.h"
#include "executor/backend/gru_reset_before_cell.h"
#include "executor/backend/lstm_cell.h"
#include "executor/backend/pointwise.h"
#include "executor/backend/rnn_cell.h"
#include "executor/backend/slstm_cell.h"

namespace recurve::cuda {
namespace {

constexpr int kUnits = 128;  // per block

// The unit and the sequence (row) of a thread, and their index in tensors [B, H]. Threads with unit >= H are idle.
struct StepElement {
  int64_t H, unit, row, at;
};
template <class Link>
__device__ StepElement ElementOf(const Link* link) {
  const int64_t H = link->args.H;
  const int64_t row = link->first_row + RowOfBlock();
  return {H, ColumnOfThread(), row, row * H + ColumnOfThread()};
}

// The same code with and without a tape, for bit-identical results.
template <class C, class T>
__global__ void ForwardKernel(const ForwardLink* link, int64_t t) {
  constexpr int S = Shape<C>::kGeometry.states;
  constexpr int G = Shape<C>::G;
  constexpr int W = Shape<C>::W;
  const CellForwardArgs& a = link->args;
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  float before[S];
  float after[S];
  for (int s = 0; s < S; ++s) before[s] = Before(a, s, t)[at];
  if (Live(a, row, t)) {
    const int64_t step_row = t * a.B + row;
    const float* const input = InputOf<C>(a, step_row);
    const float* const product = link->product + RowOfBlock() * G * H;
    float x[G];
    float p[G];
    float tape[W];
    for (int g = 0; g < G; ++g) {
      x[g] = input[g * H + unit];
      p[g] = product[g * H + unit];
      if constexpr (Shape<C>::kGeometry.recurrent_bias) p[g] += a.recurrent_bias[g * H + unit];
    }
    C::Forward(x, p, before, after, tape);
    if (Shape<C>::kGeometry.tape > 0 && a.gates != nullptr) {
      float* const to = a.gates + step_row * W * H + unit;
      for (int g = 0; g < W; ++g) to[g * H] = tape[g];
    }
  } else {
    for (int s = 0; s < S; ++s) after[s] = before[s];
  }
  for (int s = 0; s < S; ++s) After(a, s, t)[at] = after[s];
  Put<T>(link->h, RowOfBlock(), unit, Masked(a.recurrent_mask, at, after[0]));
}

// The gradient of h from the later steps: the masked result of the product plus d[0], which the cells computed.
__device__ float GradientOfH(const BackwardLink& link, bool from_product, int64_t at, int64_t scratch_at) {
  const float cells = link.args.d[0][at];
  if (!from_product) return cells;
  const float product = link.product[scratch_at];
  return link.args.recurrent_mask != nullptr ? ScalarMath::Fma(product, link.args.recurrent_mask[at], cells)
                                             : cells + product;
}

template <class C, class T>
__global__ void BackwardKernel(const BackwardLink* link, int64_t t) {
  constexpr int S = Shape<C>::kGeometry.states;
  constexpr int W = Shape<C>::W;
  const CellBackwardArgs& a = link->args;
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  float* const gates = a.gates + (t * a.B + row) * W * H + unit;
  float d[S];
  float dgates[W] = {};
  d[0] = GradientOfH(*link, t < a.k - 1, at, RowOfBlock() * H + unit);
  for (int s = 1; s < S; ++s) d[s] = a.d[s][at];
  if (Live(a, row, t)) {
    float before[S];
    float after[S];
    float tape[W];
    for (int s = 0; s < S; ++s) {
      before[s] = Before(a, s, t)[at];
      after[s] = After(a, s, t)[at];
    }
    for (int g = 0; g < Shape<C>::kGeometry.tape; ++g) tape[g] = gates[g * H];
    if (a.dh_above != nullptr) d[0] += a.dh_above[t * a.B * H + at];
    C::Backward(tape, before, after, d, dgates);
  }
  for (int s = 0; s < S; ++s) a.d[s][at] = d[s];
  for (int g = 0; g < W; ++g) gates[g * H] = dgates[g];
  for (int g = 0; g < Shape<C>::G; ++g) {
    Put<T>(link->gradients, RowOfBlock(), g * H + unit, dgates[Shape<C>::kGeometry.recurrent_block + g]);
  }
}

// The blocks of the gate buffer of a cell with two products per step. kResetH is r h.
enum Block { kReset, kUpdate, kCandidate, kResetH };

template <class C, class T>
__global__ void ForwardGatesKernel(const ForwardLink* link, int64_t t) {
  const CellForwardArgs& a = link->args;
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  if (!Live(a, row, t)) {
    Put<T>(link->h, RowOfBlock(), unit, 0);
    return;
  }
  const int64_t step_row = t * a.B + row;
  const float* const input = InputOf<C>(a, step_row) + unit;
  const float* const product = link->product + RowOfBlock() * Shape<C>::G * H + unit;
  float gates[] = {input[0] + product[0], input[H] + product[H]};
  const float reset_h = C::ForwardGates(gates, Masked(a.recurrent_mask, at, Before(a, 0, t)[at]));
  float* const to = a.gates + step_row * Shape<C>::W * H + unit;
  to[kReset * H] = gates[kReset];
  to[kUpdate * H] = gates[kUpdate];
  to[kResetH * H] = reset_h;
  Put<T>(link->h, RowOfBlock(), unit, reset_h);
}

template <class C, class T>
__global__ void ForwardStateKernel(const ForwardLink* link, int64_t t) {
  const CellForwardArgs& a = link->args;
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  float h = Before(a, 0, t)[at];
  if (Live(a, row, t)) {
    const int64_t step_row = t * a.B + row;
    const float* const product = link->product + RowOfBlock() * Shape<C>::G * H + unit;
    float candidate = (InputOf<C>(a, step_row) + unit)[kCandidate * H] + product[kCandidate * H];
    float* const gates = a.gates + step_row * Shape<C>::W * H + unit;
    h = C::ForwardState(gates[kUpdate * H], &candidate, h);
    gates[kCandidate * H] = candidate;
  }
  After(a, 0, t)[at] = h;
  Put<T>(link->h, RowOfBlock(), unit, Masked(a.recurrent_mask, at, h));
}

template <class C, class T>
__global__ void BackwardStateKernel(const BackwardLink* link, int64_t t) {
  const CellBackwardArgs& a = link->args;
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  float* const gates = a.gates + (t * a.B + row) * Shape<C>::W * H + unit;
  float dh = GradientOfH(*link, t < a.k - 1, at, RowOfBlock() * H + unit);
  if (Live(a, row, t)) {
    if (a.dh_above != nullptr) dh += a.dh_above[t * a.B * H + at];
    C::BackwardState(&gates[kUpdate * H], &gates[kCandidate * H], Before(a, 0, t)[at], &dh);
  } else {
    for (int g = 0; g < Shape<C>::W; ++g) gates[g * H] = 0;
  }
  a.d[0][at] = dh;
  Put<T>(link->gradients, RowOfBlock(), kUpdate * H + unit, gates[kUpdate * H]);
  Put<T>(link->gradients, RowOfBlock(), kCandidate * H + unit, gates[kCandidate * H]);
}

// After the end of a sequence all values are 0, written by BackwardStateKernel.
template <class C, class T>
__global__ void BackwardResetKernel(const BackwardLink* link, int64_t t) {
  const CellBackwardArgs& a = link->args;
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  float* const reset = a.gates + (t * a.B + row) * Shape<C>::W * H + kReset * H + unit;
  float* const product = link->product + RowOfBlock() * H + unit;
  *product = C::BackwardReset(*product, Masked(a.recurrent_mask, at, Before(a, 0, t)[at]), reset);
  Put<T>(link->gradients, RowOfBlock(), kReset * H + unit, *reset);
}

template <class T>
__global__ void BeginForwardKernel(ForwardLink link, ForwardLink* there) {
  const CellForwardArgs& a = link.args;
  const int64_t unit = ColumnOfThread();
  if (RowOfBlock() == 0 && unit == 0) *there = link;
  if (unit >= a.H) return;
  const int64_t at = (link.first_row + RowOfBlock()) * a.H + unit;
  Put<T>(link.h, RowOfBlock(), unit, Masked(a.recurrent_mask, at, a.first[0][at]));
}

__global__ void BeginBackwardKernel(BackwardLink link, BackwardLink* there) { *there = link; }

__global__ void EndBackwardKernel(const BackwardLink* link) {
  const auto [H, unit, row, at] = ElementOf(link);
  if (unit >= H) return;
  link->args.d[0][at] = GradientOfH(*link, true, at, RowOfBlock() * H + unit);
}

template <class Link>
using StepKernel = void (*)(const Link* link, int64_t t);

template <class Link, StepKernel<Link> of_floats, StepKernel<Link> of_bf16>
cudaError_t Start(Element element, int64_t rows, int64_t H, const Link* link, int64_t t, cudaStream_t stream) {
  const StepKernel<Link> kernel = element == Element::kFloat ? of_floats : of_bf16;
  return Launch(kernel, RowGrid(rows, H, kUnits), kUnits, stream, link, t);
}

template <class C>
constexpr CellSteps StepsOfCell() {
  if constexpr (GeometryOf(C::kCell).two_products) {
    return {{Start<ForwardLink, ForwardGatesKernel<C, float>, ForwardGatesKernel<C, __nv_bfloat16>>,
             Start<ForwardLink, ForwardStateKernel<C, float>, ForwardStateKernel<C, __nv_bfloat16>>},
            {Start<BackwardLink, BackwardStateKernel<C, float>, BackwardStateKernel<C, __nv_bfloat16>>,
             Start<BackwardLink, BackwardResetKernel<C, float>, BackwardResetKernel<C, __nv_bfloat16>>}};
  } else {
    return {{Start<ForwardLink, ForwardKernel<C, float>, ForwardKernel<C, __nv_bfloat16>>},
            {Start<BackwardLink, BackwardKernel<C, float>, BackwardKernel<C, __nv_bfloat16>>}};
  }
}

struct StepsOfAll {
  CellSteps cells[sizeof(kCells)] = {};
};

template <class... Cells>
constexpr StepsOfAll Register() {
  static_assert(sizeof...(Cells) == sizeof(kCells), "a cell is missing");
  StepsOfAll all;
  ((all.cells[static_cast<int>(Cells::kCell)] = StepsOfCell<Cells>()), ...);
  return all;
}

constexpr StepsOfAll kSteps = Register<LstmCell<DeviceMath>, GruCell<DeviceMath>, GruResetBeforeCell<DeviceMath>,
                                       TanhRnnCell<DeviceMath>, ReluRnnCell<DeviceMath>, SlstmCell<DeviceMath>>();

}  // namespace

CellSteps StepsOf(Cell cell) { return kSteps.cells[static_cast<int>(cell)]; }

cudaError_t BeginForward(const ForwardLink& link, ForwardLink* there, cudaStream_t stream) {
  const auto kernel = link.h.element == Element::kFloat ? BeginForwardKernel<float> : BeginForwardKernel<__nv_bfloat16>;
  return Launch(kernel, RowGrid(link.rows, link.args.H, kUnits), kUnits, stream, link, there);
}

cudaError_t BeginBackward(const BackwardLink& link, BackwardLink* there, cudaStream_t stream) {
  return Launch(BeginBackwardKernel, 1, 1, stream, link, there);
}

cudaError_t EndBackward(int64_t rows, int64_t H, const BackwardLink* link, cudaStream_t stream) {
  return Launch(EndBackwardKernel, RowGrid(rows, H, kUnits), kUnits, stream, link);
}

}  // namespace recurve::cuda
