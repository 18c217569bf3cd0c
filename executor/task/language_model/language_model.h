// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"
#include "executor/model/output_head.h"
#include "executor/model/recurrent_stack.h"
#include "executor/model/region.h"
#include "executor/model/token_table.h"
#include "executor/model/trainable_model.h"
#include "executor/task/language_model/token_batch.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

// A language model: embedding, a stack of recurrent layers, output layer, softmax cross-entropy. The loss is in nats.
// In a ragged batch (SequenceShape) a sequence's state is unchanged after its last step; inputs there do not matter,
// but targets must be negative.
class LanguageModel final : public TrainableModel {
 public:
  LanguageModel(const ModelConfig& config, const SequenceShape& shape, Use use, Backend& backend);

  const Regions& needs() const override { return needs_; }
  void Bind(Regions regions) override { Place(regions); }

  const ParameterLayout& layout() const override { return layout_.tensors; }
  Parameters InitialParameters(uint64_t seed) const override;
  float* parameters() override { return parameters_; }
  const float* gradients() const override { return gradients_; }
  const double* loss() const override { return loss_; }
  std::byte* batch() override { return reinterpret_cast<std::byte*>(batch_.inputs); }
  const TokenBatch& tokens() const { return batch_; }  // on the device

  void SetDropoutStream(uint64_t seed, uint64_t step) override { stack_.SetDropoutStream(seed, step); }
  void PrepareWeights() override;
  absl::StatusOr<BatchSize> TakeBatch(const std::byte* host, int64_t links) override;
  void MakeTrialBatch(std::byte* host) const override;
  void BeginBatch(const BatchSize& size) override;
  void EndBatch() override;

  int64_t links() const override { return shape_.links(); }
  int64_t state_bytes(int64_t /*state*/) const override { return stack_.states().bytes(); }
  int64_t tape_bytes(int64_t /*link*/) const override { return stack_.tapes().bytes(); }
  int64_t max_state_bytes() const override { return stack_.states().bytes(); }
  int64_t max_tape_bytes() const override { return stack_.tapes().bytes(); }
  void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape, bool keep_tape) override;
  void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                std::byte* state_gradient) override;

  // Adds the loss of the link's predictions. Call it after Forward of `link` with the same `tape`, kept or not.
  void AddLoss(int64_t link, const std::byte* state_out, std::byte* tape);
  // Logits [B, V] of the tokens after `state`, for B <= 128; in device memory, valid until the next call.
  const float* Logits(const std::byte* state);

 private:
  void Place(Regions& regions);
  // Steps to run in `links` links: those of the batch, but enough that no link is empty.
  int64_t StepsToRun(const TokenBatch& batch, int64_t links) const;
  bool training() const { return use_ == Use::kTraining; }
  const int32_t* TokensOf(const int32_t* tokens, int64_t link) const {
    return tokens + shape_.first_step(link) * shape_.batch;
  }

  const ModelConfig config_;
  const SequenceShape longest_;  // the longest batch
  SequenceShape shape_;          // the current batch
  const Use use_;
  Backend& backend_;
  const LanguageModelLayout layout_;

  TokenTable table_;
  RecurrentStack stack_;
  OutputHead head_;
  Regions needs_;
  float* parameters_ = nullptr;
  float* gradients_ = nullptr;
  TokenBatch batch_{};
  float gradient_scale_ = 1;
  double* loss_ = nullptr;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_H_
