// SPDX-License-Identifier: Apache-2.0
//
// The device that a model computes on. One abstract class, one implementation per device; the same conformance suite
// (tests/executor/backend) runs on each.
//
// Letters used for shapes, in all of executor/:
//   T  steps in a sequence            B  sequences in a batch      V  vocabulary
//   k  steps in a link                H  hidden size               E  embedding size
//   N  links in a sequence            L  layers
// and, of a cell (cell.h): S tensors of a state, G gates, A taped activations, W = max(A, G).
// Tensors are dense, row-major, time-major fp32 in device memory; the last letter varies fastest. "+=" in a comment
// means that the result is added to what is there.
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

// Memory of the device, or of the host for transfers, freed when the object dies.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  virtual std::byte* data() = 0;  // aligned to kAlignment
  virtual int64_t size() const = 0;
};

// Names a copy between device and host that was started: they count up. The default names none.
struct Transfer {
  int64_t number = 0;
  friend auto operator<=>(const Transfer&, const Transfer&) = default;
};

// How a device ran links, for monitoring: `one_by_one` and `failed_graphs` are the slow ways.
struct LinkRuns {
  int64_t persistent = 0;      // forwards and backwards of links, run by kernels for many steps
  int64_t graphs = 0;          // made of the steps of parts of links, to be launched at once
  int64_t failed_graphs = 0;   // that could not be made: the steps are launched one by one
  int64_t graph_launches = 0;  // parts of links run by a graph
  int64_t one_by_one = 0;      // parts of links whose steps were launched one by one, the first of each kind among them
  bool any() const { return persistent + graphs + failed_graphs + graph_launches + one_by_one > 0; }
  friend bool operator==(const LinkRuns&, const LinkRuns&) = default;
};

// Computes. Operations are ordered: each sees what those before it wrote. An operation never fails by itself; a device
// that fails says so in the next Synchronize. Results do not depend on the number of threads, and the same operations
// on the same values give the same bits. Nothing is allocated but by Allocate and AllocateHost. Not thread-safe: one
// caller at a time.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string Describe() const = 0;  // "cpu (avx512, 2 threads)"

  // Whether the device's memory is the host's, so that the host may read and write it while no operation is under way.
  virtual bool OnHost() const { return false; }

  // Device memory that the backend holds for itself from its making on, beside what Allocate gives.
  virtual int64_t OwnBytes() const = 0;

  // Rows of a link (k B) beyond which its operations hardly become faster per row: longer links are not worth trying.
  virtual int64_t MostLinkRows() const = 0;
  // Rows from which on operations run at about full speed: work that can be split goes in chunks of so many.
  virtual int64_t ChunkRows() const = 0;

  // Since the backend's making. Zeros where the device makes no difference.
  virtual LinkRuns CountLinkRuns() const { return {}; }

  // Says what the operations that follow are for. Computes nothing; who measures, listens.
  virtual void BeginPhase(Phase /*phase*/) {}

  // Memory. RESOURCE_EXHAUSTED with the bytes asked for when the device has not so many.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) = 0;
  virtual void Upload(const void* host, int64_t bytes, void* device) = 0;    // `host` is free again when it returns
  virtual void Download(const void* device, int64_t bytes, void* host) = 0;  // waits
  virtual void Copy(const void* from, int64_t bytes, void* to) = 0;          // within the device; no overlap
  virtual void Zero(void* device, int64_t bytes) = 0;
  virtual absl::Status Synchronize() = 0;  // waits, for transfers too; the first failure since the last call, if any

  // Until the next call, operations may be left undone once `*stop`, which is asked now and then during long ones and
  // must live as long, says true: what they write is then not defined, and Synchronize says CANCELLED. Null or empty:
  // nothing is left undone. A device whose caller does not wait for operations need not listen.
  virtual void StopWhen(const std::function<bool()>* /*stop*/) {}

  // Transfers between the device and memory of AllocateHost (page-locked where that matters), beside the computation. A
  // transfer begins once the operations called before it, and the transfers started before it, are done. Until it is
  // awaited, no operation may write what it reads, or touch what it writes; the host must not either.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) = 0;  // as Allocate
  virtual Transfer StartStore(const void* device, int64_t bytes, void* host) = 0;
  virtual Transfer StartFetch(const void* host, int64_t bytes, void* device) = 0;
  // Operations called afterwards begin after `transfer` and those started before it. The caller does not wait.
  virtual void Await(Transfer transfer) = 0;

  // Weights.
  virtual int64_t PackedBytes(Packing packing, int64_t rows, int64_t cols) const = 0;
  virtual void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) = 0;
  // The recurrent weights w [H, G H] of a cell, for CellForward (kForward) and CellBackward (kBackward).
  virtual int64_t PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const = 0;
  virtual void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) = 0;

  // Affine layers. x [n, in], y [n, out], w [in, out], bias [out] or null; rows of y (of dy) begin `stride` floats
  // apart, which is at least `out`. x and y (dx and dy) must not overlap.
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

  // y[i] = kept(i) ? x[i] / (1 - rate) : 0, or with `add` y[i] += the same. y may be x; where x is null, it is ones.
  // Its own backward.
  virtual void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) = 0;

  // *loss += sum over rows of -ln softmax(logits[i])[targets[i]], in fp64; logits [n, V] become their gradients times
  // `gradient_scale`. A row whose target is negative is masked: no loss, no gradient.
  virtual void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                                   double* loss) = 0;

  // Optimisers.
  virtual void SumOfSquares(int64_t n, const float* x, double* sum) = 0;  // *sum += x . x, in fp64
  virtual void Sgd(const SgdArgs& args) = 0;      // g' = scale g + decay w; m = rate m + g'; w -= lr m
  virtual void AdamW(const AdamWArgs& args) = 0;  // Loshchilov and Hutter 2019, algorithm 2
};

// While it lives, operations of `backend` may be left undone when `stop`, which must live as long, says so.
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
