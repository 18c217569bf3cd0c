// SPDX-License-Identifier: Apache-2.0
//
// The arguments of a backend's larger operations. Letters, layouts and "+=" as in backend.h. Kept apart from it so that
// files compiled for a device or for an instruction set of their own include nothing of the library but this.
#ifndef RECURVE_EXECUTOR_BACKEND_ARGUMENTS_H_
#define RECURVE_EXECUTOR_BACKEND_ARGUMENTS_H_

#include <cstdint>

namespace recurve {

// Step-by-step inputs of an LSTM layer's gates: either a projected input for each step and sequence, or a row of a
// table chosen by a token (the embedding and the input weights folded into one table; see LanguageModel).
struct GateInput {
  const float* projected = nullptr;  // [k, B, 4H], bias included; may be the same memory as LstmForwardArgs::gates
  const float* table = nullptr;      // [V, 4H], bias included; used when `projected` is null
  const int32_t* tokens = nullptr;   // [k, B], in [0, V)
};

// One layer over the k steps of one link. The states between the steps, and the gates, are the link's tape.
struct LstmForwardArgs {
  int64_t k, B, H;
  GateInput input;
  const void* recurrent;   // [H, 4H], packed with kLstm
  const float* h_first;    // [B, H], state before the link
  const float* c_first;    // [B, H]
  float* gates = nullptr;  // [k, B, 4H] activated gates; null: not kept (a forward without tape)
  float* h;                // [k-1, B, H], states after steps 1..k-1. Written in either case: the next layer reads it
  float* c;                // [k-1, B, H]
  float* h_last;           // [B, H], state after the link; must not overlap h_first
  float* c_last;           // [B, H]; must not overlap c_first
};

// Backward through time of one layer over one link. tanh(c) is recomputed from c.
struct LstmBackwardArgs {
  int64_t k, B, H;
  const void* recurrent;            // [H, 4H], packed with kBackward
  const float* dh_above = nullptr;  // [k, B, H], gradient of each step's output from what reads it; null: zero
  float* gates;                     // [k, B, 4H], in: activated gates; out: gradients of the gates' pre-activations
  const float* c_first;             // [B, H]
  const float* c;                   // [k-1, B, H]
  const float* c_last;              // [B, H]
  float* dh;                        // [B, H], in: gradient of h_last beyond dh_above; out: gradient of h_first
  float* dc;                        // [B, H], in: gradient of c_last; out: gradient of c_first
};

// dw [H, 4H] += sum over steps of h(before the step)^T dgates(step).
struct LstmWeightGradientArgs {
  int64_t k, B, H;
  const float* h_first;  // [B, H]
  const float* h;        // [k-1, B, H]
  const float* dgates;   // [k, B, 4H]
  float* dw;             // [H, 4H]
};

// Names one dropout mask: element i is kept with probability 1 - rate by Philox4x32-10 of (seed, stream, offset + i),
// so that recomputation draws the same mask, whatever the plan, the thread or the order.
struct DropoutMask {
  float rate = 0;  // in [0, 1)
  uint64_t seed = 0;
  uint64_t stream = 0;  // the caller's name of the mask: training step and layer
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
