// SPDX-License-Identifier: Apache-2.0
//
// The device that a model computes on. One abstract class, one implementation per device; the same conformance suite
// (tests/executor/backend) runs on each.
//
// Letters used for shapes, in all of executor/:
//   T  steps in a sequence            B  sequences in a batch      V  vocabulary
//   k  steps in a link                H  hidden size               E  embedding size
//   N  links in a sequence            L  layers
// Tensors are dense, row-major, time-major fp32 in device memory; the last letter varies fastest. The order of an
// LSTM's gates in [.., 4H] is input, forget, candidate, output. "+=" in a comment means that the result is added to
// what is there.
#ifndef RECURVE_EXECUTOR_BACKEND_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_BACKEND_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// Every tensor that a model lays out begins at a multiple of this.
inline constexpr int64_t kAlignment = 64;  // bytes

constexpr int64_t AlignUp(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Device memory, freed when the object dies.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  virtual std::byte* data() = 0;  // a device address, aligned to kAlignment
  virtual int64_t size() const = 0;
};

// What a weight matrix w [rows, cols] is repacked for, once per optimiser step; weights are reused in every step of a
// sequence, so that repacking them in each product would cost more than the product gains.
enum class Packing : uint8_t {
  kForward,   // y = x w         with x [.., rows]
  kBackward,  // dx = dy w^T     with dy [.., cols]
  kLstm,      // recurrent weights [H, 4H] for LstmForward
};

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

// Computes. Operations are ordered: each sees what those before it wrote. An operation never fails by itself; a device
// that fails says so in the next Synchronize. Results do not depend on the number of threads, and the same operations
// on the same values give the same bits. Nothing is allocated but by Allocate. Not thread-safe: one caller at a time.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string Describe() const = 0;  // "cpu (avx512, 2 threads)"

  // Memory. RESOURCE_EXHAUSTED with the bytes asked for when the device has not so many.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) = 0;
  virtual void Upload(const void* host, int64_t bytes, void* device) = 0;    // `host` is free again when it returns
  virtual void Download(const void* device, int64_t bytes, void* host) = 0;  // waits
  virtual void Copy(const void* from, int64_t bytes, void* to) = 0;          // within the device; no overlap
  virtual void Zero(void* device, int64_t bytes) = 0;
  virtual absl::Status Synchronize() = 0;  // waits; the first failure since the last call, if any

  // Weights.
  virtual int64_t PackedBytes(Packing packing, int64_t rows, int64_t cols) const = 0;
  virtual void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) = 0;

  // Affine layers. x [n, in], y [n, out], w [in, out], bias [out] or null. x and y (dx and dy) must not overlap.
  virtual void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward,
                             const float* bias, float* y) = 0;  // y = x w + bias
  virtual void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, const void* w_backward,
                                   float* dx) = 0;  // dx = dy w^T
  virtual void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, float* dw,
                                    float* dbias) = 0;  // dw += x^T dy; dbias += column sums of dy, unless null

  // table[tokens[i], :] += x[i, :] for i in order. x [n, width], table [V, width].
  virtual void ScatterAddRows(int64_t n, int64_t width, const int32_t* tokens, const float* x, float* table) = 0;

  // Cells.
  virtual void LstmForward(const LstmForwardArgs& args) = 0;
  virtual void LstmBackward(const LstmBackwardArgs& args) = 0;
  virtual void LstmWeightGradient(const LstmWeightGradientArgs& args) = 0;

  // y[i] = kept(i) ? x[i] / (1 - rate) : 0. y may be x. Its own backward.
  virtual void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y) = 0;

  // *loss += sum over rows of -ln softmax(logits[i])[targets[i]], in fp64; logits [n, V] become their gradients times
  // `gradient_scale`. A row whose target is negative is masked: no loss, no gradient.
  virtual void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                                   double* loss) = 0;

  // Optimisers.
  virtual void SumOfSquares(int64_t n, const float* x, double* sum) = 0;  // *sum += x . x, in fp64
  virtual void Sgd(const SgdArgs& args) = 0;      // g' = scale g + decay w; m = rate m + g'; w -= lr m
  virtual void AdamW(const AdamWArgs& args) = 0;  // Loshchilov and Hutter 2019, algorithm 2
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_BACKEND_H_
