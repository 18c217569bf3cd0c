// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_LANGUAGE_MODEL_H_
#define RECURVE_EXECUTOR_MODEL_LANGUAGE_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"
#include "executor/model/link_model.h"
#include "executor/model/model_file.h"
#include "executor/model/output_head.h"
#include "executor/model/parameters.h"
#include "executor/model/recurrent_stack.h"
#include "executor/model/region.h"
#include "executor/model/token_table.h"

namespace recurve {

// A byte-level language model: embedding, a stack of recurrent layers, output layer, softmax cross-entropy. The loss is
// the mean over the predictions of a batch, in nats. In a ragged batch (SequenceShape) a sequence's state stays as it
// is after its last step; what it reads there does not matter, and its targets must be negative.
//
// The output layer and the loss belong to the backward of a link, so a forward sweep never pays for them. Memory comes
// from the caller: construct, ask for sizes, then Bind. Not thread-safe; the backend must outlive it.
//
//   LanguageModel model(config, shape, LanguageModel::Use::kTraining, backend);
//   model.Bind({.weights = Region(...), ...});
//   model.BeginBatch(T, T * B);  ...Forward and Backward of links...  model.EndBatch();
class LanguageModel final : public LinkModel {
 public:
  enum class Use : uint8_t { kTraining, kForwardOnly };  // forward only: no gradients, no dropout

  // Memory by purpose. Regions without a block measure.
  struct Regions {
    Region weights;    // the parameters' block first, then the forms that the kernels use
    Region gradients;  // their block first; nothing when forward only
    Region batch;      // inputs [T, B], targets [T, B]; lengths [B] where the shape is ragged
    Region workspace;
  };

  LanguageModel(const ModelConfig& config, const SequenceShape& shape, Use use, Backend& backend);

  // The regions that Bind needs, measured.
  const Regions& needs() const { return needs_; }
  void Bind(Regions regions) { Place(regions); }

  const ParameterLayout& layout() const { return layout_; }
  float* parameters() { return parameters_; }            // block of layout()
  const float* gradients() const { return gradients_; }  // block of layout()
  int32_t* inputs() { return inputs_; }                  // [T, B]
  int32_t* targets() { return targets_; }                // [T, B]; a negative one is not counted
  int32_t* lengths() { return lengths_; }                // [B], 0..T; null where the shape is not ragged
  const double* loss() const { return loss_; }           // sum over the predictions since BeginBatch, in nats

  // Names the batch's dropout masks.
  void SetDropoutStream(uint64_t seed, uint64_t step) { stack_.SetDropoutStream(seed, step); }
  // After the parameters changed: derives what the kernels use.
  void PrepareWeights();
  // The batch at hand: how many steps of it are run, 1..T, and how many of its targets count, at least 1. Gradients and
  // loss become zero.
  void BeginBatch(int64_t steps, int64_t predictions);
  // Completes the gradients once all links have been reversed.
  void EndBatch();

  int64_t links() const override { return shape_.links(); }
  int64_t state_bytes(int64_t /*state*/) const override { return max_state_bytes(); }
  int64_t tape_bytes(int64_t /*link*/) const override { return max_tape_bytes(); }
  int64_t max_state_bytes() const override { return stack_.states().bytes(); }
  int64_t max_tape_bytes() const override { return stack_.tapes().bytes(); }
  void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape, bool keep_tape) override;
  void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                std::byte* state_gradient) override;

  // After a Forward of `link` whose tape still lies in `tape`, kept or not: adds its predictions to the loss.
  void AddLoss(int64_t link, const std::byte* state_out, std::byte* tape);
  // Logits [B, V] of what follows `state`, for a small batch (B <= 128); in device memory, valid until the next call.
  const float* Logits(const std::byte* state);

 private:
  void Place(Regions& regions);
  bool training() const { return use_ == Use::kTraining; }
  const int32_t* TokensOf(const int32_t* tokens, int64_t link) const {
    return tokens + shape_.first_step(link) * shape_.batch;
  }

  const ModelConfig config_;
  SequenceShape shape_;  // of the batch at hand
  const Use use_;
  Backend& backend_;
  const ParameterLayout layout_;

  TokenTable table_;
  RecurrentStack stack_;
  OutputHead head_;
  Regions needs_;
  float* parameters_ = nullptr;
  float* gradients_ = nullptr;
  int32_t* inputs_ = nullptr;
  int32_t* targets_ = nullptr;
  int32_t* lengths_ = nullptr;
  float gradient_scale_ = 1;
  double* loss_ = nullptr;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_LANGUAGE_MODEL_H_
