// SPDX-License-Identifier: Apache-2.0
//
// The device that a model computes on: one abstract class with one implementation per device. The same conformance
// suite (tests/executor/backend) runs on each.
//
// Letters used for shapes, in all of executor/:
//   T  steps in a sequence            B  sequences in a batch      V  vocabulary
//   k  steps in a link                H  hidden size               E  embedding size
//   N  links in a sequence            L  layers
// A link is a chunk of consecutive steps, the unit of planning.
//
// Letters of a cell (cell.h): S tensors per state, G gates, A taped activations, W = max(A, G).
// Tensors are dense, row-major, time-major fp32 in device memory; the last letter varies fastest. "+=" in a comment
// means that the result is added to the existing values.
#ifndef RECURVE_EXECUTOR_BACKEND_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_BACKEND_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/arguments.h"
#include "executor/backend/phase.h"
#include "planner_service/model/alignment.h"
#include "planner_service/model/cell.h"

namespace recurve {

// Device memory, or host memory for transfers, freed by the destructor.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  virtual std::byte* data() = 0;  // aligned to kAlignment
  virtual int64_t size() const = 0;
};

// Identifies a copy between device and host. Numbers increase; the default, 0, means no copy.
struct Transfer {
  int64_t number = 0;
  friend auto operator<=>(const Transfer&, const Transfer&) = default;
};

// How a device ran links, for monitoring. High `one_by_one` and `failed_graphs` mean slow execution.
struct LinkRuns {
  int64_t persistent = 0;      // forward and backward passes of links run by persistent kernels
  int64_t graphs = 0;          // graphs captured, each for the steps of a part of a link
  int64_t failed_graphs = 0;   // graphs that could not be captured: their steps are launched one by one
  int64_t graph_launches = 0;  // parts of links run as a graph
  int64_t one_by_one = 0;      // parts of links run step by step, including the first of each kind
  bool any() const { return persistent + graphs + failed_graphs + graph_launches + one_by_one > 0; }
  friend bool operator==(const LinkRuns&, const LinkRuns&) = default;
};

// Operations are ordered: each sees what earlier ones wrote. Operations return no errors; the next Synchronize returns
// the first failure of the device. Results do not depend on the number of threads, and the same operations on the same
// values are bit-identical. Only Allocate and AllocateHost allocate. Not thread-safe: one caller at a time.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string Describe() const = 0;  // "cpu (avx512, 2 threads)"

  // Computes on this many threads from now on, at least 1. No effect on devices without threads. RESOURCE_EXHAUSTED if
  // the system cannot start them; then the number stays as it was.
  virtual absl::Status UseThreads(int /*threads*/) { return absl::OkStatus(); }

  // Whether device memory is host memory, so that the host may access it while no operation is running.
  virtual bool OnHost() const { return false; }

  // Bytes of device memory that the backend itself holds, in addition to those from Allocate. Constant.
  virtual int64_t OwnBytes() const = 0;

  // The number of rows of a link (k B) beyond which operations hardly become faster per row. Longer links are not
  // tried.
  virtual int64_t MostLinkRows() const = 0;
  // The number of rows from which operations run at about full speed: the chunk size for work that can be split.
  virtual int64_t ChunkRows() const = 0;

  // Counts since construction. Zeros if the device has only one way to run links.
  virtual LinkRuns CountLinkRuns() const { return {}; }

  // Announces the purpose of the following operations, for measurements. Computes nothing.
  virtual void BeginPhase(Phase /*phase*/) {}

  // Memory. Allocate returns RESOURCE_EXHAUSTED, with the bytes requested, if the device has insufficient memory.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) = 0;
  virtual void Upload(const void* host, int64_t bytes, void* device) = 0;    // `host` may be reused on return
  virtual void Download(const void* device, int64_t bytes, void* host) = 0;  // waits
  virtual void Copy(const void* from, int64_t bytes, void* to) = 0;          // within the device; no overlap
  virtual void Zero(void* device, int64_t bytes) = 0;
  virtual absl::Status Synchronize() = 0;  // waits, also for transfers; returns the first failure since the last call

  // Allows operations to be abandoned until the next call of StopWhen. Long operations poll `*stop`, which must outlive
  // that period. Once it returns true, results are undefined and Synchronize returns CANCELLED. Null or empty:
  // operations are never abandoned. Backends whose operations are asynchronous need not implement this.
  virtual void StopWhen(const std::function<bool()>* /*stop*/) {}

  // Transfers between the device and memory from AllocateHost (page-locked where that matters), which overlap with
  // computation. A transfer begins after all earlier operations and transfers. Until it is awaited, neither operations
  // nor the host may write what it reads or access what it writes.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) = 0;  // as Allocate
  virtual Transfer StartStore(const void* device, int64_t bytes, void* host) = 0;
  virtual Transfer StartFetch(const void* host, int64_t bytes, void* device) = 0;
  // Later operations begin after `transfer` and all transfers started before it. The caller does not wait.
  virtual void Await(Transfer transfer) = 0;

  // Weights.
  virtual int64_t PackedBytes(Packing packing, int64_t rows, int64_t cols) const = 0;
  virtual void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) = 0;
  // The recurrent weights w [H, G H] of a cell, for CellForward (kForward) and CellBackward (kBackward).
  virtual int64_t PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const = 0;
  virtual void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) = 0;

  // Affine layers. x [n, in], y [n, out], w [in, out], bias [out] or null. Rows of y and dy begin `stride` floats
  // apart; `stride` is at least `out`. Input and output must not overlap.
  virtual void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward,
                             const float* bias, float* y, int64_t stride) = 0;  // y = x w + bias
  virtual void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride,
                                   const void* w_backward, float* dx) = 0;  // dx = dy w^T
  virtual void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, int64_t stride,
                                    float* dw,
                                    float* dbias) = 0;  // dw += x^T dy; dbias += column sums of dy, unless null

  // table[tokens[i], :] += x[i, :] for i in order. x [n, width] in rows `stride` floats apart, table [V, width].
  virtual void ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x,
                              int64_t stride, float* table) = 0;

  // Cells.
  virtual void CellForward(const CellForwardArgs& args) = 0;
  virtual void CellBackward(const CellBackwardArgs& args) = 0;
  virtual void CellWeightGradient(const CellWeightGradientArgs& args) = 0;

  // Layer norm of each row of x [n, width]; gamma, beta [width]. y may be x.
  virtual void LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                                float* y) = 0;
  virtual void LayerNormBackward(const LayerNormBackwardArgs& args) = 0;

  virtual void Add(int64_t n, const float* x, float* y) = 0;  // y += x

  // y[i] = kept(i) ? x[i] / (1 - rate) : 0, or with `add` y[i] += the same. y may be x; a null x means ones.
  // The backward pass is the same operation.
  virtual void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) = 0;

  // *loss += sum over rows of -ln softmax(logits[i])[targets[i]], in fp64; logits [n, V] become their gradients times
  // `gradient_scale`. A row whose target is negative is masked: no loss, no gradient.
  virtual void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                                   double* loss) = 0;

  // Optimizers.
  virtual void SumOfSquares(int64_t n, const float* x, double* sum) = 0;  // *sum += x . x, in fp64
  virtual void Sgd(const SgdArgs& args) = 0;      // g' = scale g + decay w; m = rate m + g'; w -= lr m
  virtual void AdamW(const AdamWArgs& args) = 0;  // Loshchilov and Hutter 2019, algorithm 2
};

// During its lifetime, operations of `backend` may be abandoned once `stop` returns true. `stop` must outlive it.
class StopScope {
 public:
  StopScope(Backend& backend, const std::function<bool()>& stop) : backend_(backend) { backend_.StopWhen(&stop); }
  ~StopScope() { backend_.StopWhen(nullptr); }
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

 private:
  Backend& backend_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_BACKEND_H_
