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

// How much of a batch there is.
struct BatchSize {
  int64_t steps = 1;        // that are run of each sequence
  int64_t predictions = 1;  // that count, at least 1
};

// A model that can be trained: a chain of links with parameters, a batch and a loss. What the trainer, the calibration
// and the jobs know of a task. The loss is a sum over the predictions of a batch; gradients are those of its mean.
//
// Memory comes from the caller: construct, ask for sizes, then Bind. What belongs to the loss alone is the business of
// a link's backward, so that a forward sweep never pays for it. Not thread-safe; the backend must outlive it.
//
//   model.Bind({.weights = Region(...), ...});
//   Upload(initial, model.layout(), backend, model.parameters());
//   model.PrepareWeights();
//   model.BeginBatch(*model.TakeBatch(host, links));  ...Forward and Backward of links...  model.EndBatch();
class TrainableModel : public LinkModel {
 public:
  enum class Use : uint8_t { kTraining, kForwardOnly };  // forward only: no gradients, no dropout

  // Memory by purpose. Regions without a block measure.
  struct Regions {
    Region weights;    // the parameters' block first, then the forms that the kernels use
    Region gradients;  // their block first; nothing when forward only
    Region batch;
    Region workspace;
  };

  // The regions that Bind needs, measured.
  virtual const Regions& needs() const = 0;
  virtual void Bind(Regions regions) = 0;

  virtual const ParameterLayout& layout() const = 0;
  virtual Parameters InitialParameters(uint64_t seed) const = 0;
  virtual float* parameters() = 0;             // block of layout(), on the device
  virtual const float* gradients() const = 0;  // block of layout(), on the device
  virtual const double* loss() const = 0;      // since BeginBatch, on the device
  virtual std::byte* batch() = 0;              // block of needs().batch, on the device

  // Names the batch's dropout masks.
  virtual void SetDropoutStream(uint64_t seed, uint64_t step) = 0;
  // After the parameters changed: derives what the kernels use.
  virtual void PrepareWeights() = 0;
  // Reads a batch from the host, laid out as the region of the batch, to be run in `links` links; `host` may be
  // batch() itself. INVALID_ARGUMENT when it has no predictions or does not fit the links.
  virtual absl::StatusOr<BatchSize> TakeBatch(const std::byte* host, int64_t links) = 0;
  // Writes a batch of made-up data, whose costs are those of any other.
  virtual void MakeTrialBatch(std::byte* host) const = 0;
  // Gradients and loss become zero.
  virtual void BeginBatch(const BatchSize& size) = 0;
  // Completes the gradients once all links have been reversed.
  virtual void EndBatch() = 0;
};

// Makes a model of one task for sequences of one shape.
using ModelFactory =
    std::function<std::unique_ptr<TrainableModel>(const SequenceShape&, TrainableModel::Use, Backend&)>;

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_TRAINABLE_MODEL_H_
