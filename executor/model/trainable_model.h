// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_TRAINABLE_MODEL_H_
#define RECURVE_EXECUTOR_MODEL_TRAINABLE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/model/link_model.h"
#include "executor/model/parameters.h"
#include "executor/model/region.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

// The size of a batch.
struct BatchSize {
  int64_t steps = 1;        // to run of each sequence
  int64_t predictions = 1;  // that count toward the loss, at least 1
};

// A trainable model: a chain of links with parameters, a batch and a loss. It is the interface of a task to trainer,
// calibration and jobs. The loss is a sum over the predictions of a batch; gradients are those of its mean.
//
// The caller provides memory: construct the model, query sizes, then Bind. The backward pass of a link computes its
// part of the loss, so that forward sweeps need not. Not thread-safe. The backend must outlive it.
//
//   model.Bind({.weights = Region(...), ...});
//   Upload(initial, model.layout(), backend, model.parameters());
//   model.PrepareWeights();
//   model.BeginBatch(*model.TakeBatch(host, links));  ...Forward and Backward of links...  model.EndBatch();
class TrainableModel : public LinkModel {
 public:
  enum class Use : uint8_t { kTraining, kForwardOnly };  // forward only: no gradients, no dropout

  // Memory by purpose. Regions without a block only measure.
  struct Regions {
    Region weights;    // the parameter block, followed by packed weights
    Region gradients;  // the gradient block first; empty if forward only
    Region batch;
    Region workspace;
  };

  // The sizes of the regions that Bind requires.
  virtual const Regions& needs() const = 0;
  virtual void Bind(Regions regions) = 0;

  virtual const ParameterLayout& layout() const = 0;
  virtual Parameters InitialParameters(uint64_t seed) const = 0;
  virtual float* parameters() = 0;             // block of layout(), on the device
  virtual const float* gradients() const = 0;  // block of layout(), on the device
  virtual const double* loss() const = 0;      // since BeginBatch, on the device
  virtual std::byte* batch() = 0;              // block of needs().batch, on the device

  // Selects the batch's dropout masks.
  virtual void SetDropoutStream(uint64_t seed, uint64_t step) = 0;
  // Called after the parameters change: packs weights for the kernels.
  virtual void PrepareWeights() = 0;
  // Uploads a batch from the host, in the layout of the batch region, to be run in `links` links. `host` may be batch()
  // itself. INVALID_ARGUMENT if it has no predictions or does not fit the links.
  virtual absl::StatusOr<BatchSize> TakeBatch(const std::byte* host, int64_t links) = 0;
  // Writes a batch of synthetic data with typical costs.
  virtual void MakeTrialBatch(std::byte* host) const = 0;
  // Zeroes gradients and loss.
  virtual void BeginBatch(const BatchSize& size) = 0;
  // Completes the gradients once all links have been reversed.
  virtual void EndBatch() = 0;
};

// Creates a task's model for sequences of the given shape.
using ModelFactory =
    std::function<std::unique_ptr<TrainableModel>(const SequenceShape&, TrainableModel::Use, Backend&)>;

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_TRAINABLE_MODEL_H_
