// SPDX-License-Identifier: Apache-2.0
//
// The arguments of a backend's larger operations. Letters, layouts and "+=" are as in backend.h. This is a separate
// header so that files compiled for a device or a specific instruction set include nothing else of the library.
#ifndef RECURVE_EXECUTOR_BACKEND_ARGUMENTS_H_
#define RECURVE_EXECUTOR_BACKEND_ARGUMENTS_H_

#include <cstdint>

#include "planner_service/model/cell.h"

namespace recurve {

// The purpose for which a weight matrix w [rows, cols] is repacked. Weights are packed once per optimizer step, because
// all steps of a sequence reuse them.
enum class Packing : uint8_t {
  kForward,   // y = x w         with x [.., rows]
  kBackward,  // dx = dy w^T     with dy [.., cols]
};

// Inputs of a layer's cells: either a projected input for each step and sequence, or a table row selected by a token
// (the embedding and the input weights folded into one table; see LanguageModel).
struct CellInput {
  const float* projected = nullptr;  // [k, B, G H], rows W H apart, bias included; may be CellForwardArgs::gates
  const float* table = nullptr;      // [V, G H], bias included; used when `projected` is null
  const int32_t* tokens = nullptr;   // [k, B], in [0, V)
  int64_t V = 0;                     // rows of the table
};

// Sequences of different lengths in one batch. A step at or beyond its sequence's length leaves the state unchanged;
// its activations are undefined, its gradients are zero, and gradients of the state pass through.
struct SequenceLengths {
  const int32_t* lengths = nullptr;  // [B], steps from the start of the sequence, in any order; null: no sequence ends
  int64_t first_step = 0;            // of this link, from the start of the sequence
};

// One layer over the k steps of one link. The states between the steps and the gates are the link's tape: the
// activations saved for the backward pass. `gates` [k, B, W H] is the gate buffer; letters are as in GeometryOf.
struct CellForwardArgs {
  Cell cell;
  int64_t k, B, H;
  CellInput input;
  const void* recurrent;                    // [H, G H], packed by PackRecurrent for kForward
  const float* recurrent_bias = nullptr;    // [G H], if the cell has one
  const float* first[kMaxCellStates] = {};  // [B, H] each, state before the link
  // Out: activations. Null: not saved (a forward without tape, or A = 0). Never null if the cell has two products.
  float* gates = nullptr;
  float* inner[kMaxCellStates] = {};      // [k-1, B, H] each, after steps 1..k-1. Written even without a tape
  float* last[kMaxCellStates] = {};       // [B, H] each, state after the link; must not overlap `first`
  const float* recurrent_mask = nullptr;  // [B, H], multiplies the product's input h (Gal and Ghahramani 2016)
  float* masked = nullptr;                // [k, B, H] scratch, required with recurrent_mask
  SequenceLengths lengths;
};

// Backward through time of one layer over one link.
struct CellBackwardArgs {
  Cell cell;
  int64_t k, B, H;
  const void* recurrent;                    // [H, G H], packed by PackRecurrent for kBackward
  const float* dh_above = nullptr;          // [k, B, H], gradient of each step's output from its consumers; null: zero
  float* gates;                             // in: activations, if A > 0; out: gradients (CellGeometry::recurrent_block)
  const float* first[kMaxCellStates] = {};  // [B, H] each
  const float* inner[kMaxCellStates] = {};  // [k-1, B, H] each
  const float* last[kMaxCellStates] = {};   // [B, H] each
  float* d[kMaxCellStates] = {};  // [B, H] each, in: gradient of `last` beyond dh_above; out: gradient of `first`
  const float* recurrent_mask = nullptr;  // [B, H], as in the forward
  float* direct = nullptr;                // [B, H] scratch, required with recurrent_mask
  SequenceLengths lengths;
};

// dw [H, G H] += sum over steps of x(step)^T dproduct(step), where x is the product's input: h before the step, times
// the recurrent mask if there is one, or the input of the second product for its columns. dbias [G H] += sum over steps
// and sequences of dproduct(step).
struct CellWeightGradientArgs {
  Cell cell;
  int64_t k, B, H;
  const float* h_first;                   // [B, H]
  const float* h;                         // [k-1, B, H]
  const float* gates;                     // [k, B, W H], as written by CellBackward
  float* dw;                              // [H, G H]
  float* dbias = nullptr;                 // [G H], if the cell has a recurrent bias
  const float* recurrent_mask = nullptr;  // [B, H]
  float* masked = nullptr;                // [k, B, H] scratch, required with recurrent_mask
};

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta over each row (Ba, Kiros and Hinton 2016).
inline constexpr float kLayerNormEpsilon = 1e-5f;

struct LayerNormBackwardArgs {
  int64_t n, width;
  const float* x;      // [n, width], as in the forward
  const float* gamma;  // [width]
  const float* dy;     // [n, width]
  float* dx;           // [n, width], out; may be dy
  float* dgamma;       // [width], +=
  float* dbeta;        // [width], +=
};

// Identifies a dropout mask. Element i is kept with probability 1 - rate, according to Philox4x32-10 of (seed, stream,
// offset + i), so that recomputation draws the same mask regardless of plan, thread and order.
struct DropoutMask {
  float rate = 0;  // in [0, 1)
  uint64_t seed = 0;
  uint64_t stream = 0;  // identifies the mask within the seed: training step and layer
  uint64_t offset = 0;  // index of the first element; a multiple of 4
};

struct SgdArgs {
  int64_t n;
  float* w;         // [n]
  const float* g;   // [n]
  float* momentum;  // [n]
  float gradient_scale, learning_rate, momentum_rate, weight_decay;
};

struct AdamWArgs {
  int64_t n;
  float* w;        // [n]
  const float* g;  // [n]
  float* m;        // [n], first moment
  float* v;        // [n], second moment
  float gradient_scale, learning_rate, beta1, beta2, epsilon, weight_decay;
  int64_t step;  // counts from 1; for bias correction
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_ARGUMENTS_H_
