// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_REFERENCE_LANGUAGE_MODEL_H_
#define RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_REFERENCE_LANGUAGE_MODEL_H_

#include <cstdint>
#include <vector>

#include "executor/model/model_file.h"
#include "executor/model/parameters.h"
#include "tests/executor/backend/reference.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {

// A plain fp64 implementation of the language model, step by step, without links, tapes or folded weights, as a
// reference for tests. Gradients are central differences of the loss.
class ReferenceLanguageModel {
 public:
  struct Batch {
    int64_t length, size;         // T, B
    std::vector<int32_t> inputs;  // [T, B]
    std::vector<int32_t> targets;
    uint64_t dropout_seed = 0;
    uint64_t dropout_step = 0;
  };
  // The state tensors [B, H] of each layer.
  using State = std::vector<std::vector<reference::Values>>;

  // Applies the dropout rates of `model.config`.
  explicit ReferenceLanguageModel(const Model& model);

  State ZeroState(int64_t batch) const;
  // Mean nats per prediction of the batch. Advances `state` from before the first step to after the last.
  double Loss(const Batch& batch, State* state) const;
  // The gradient of Loss from `start` with respect to each parameter, by tensor.
  std::vector<std::vector<double>> Gradients(const Batch& batch, const State& start);

 private:
  using Values = reference::Values;

  Values Logits(const Batch& batch, int64_t t, State* state) const;  // [B, V]; advances the state by one step
  Values Normalized(const Values& y, const ParameterLayout::LayerIndices& layer) const;
  Values RecurrentMask(const Batch& batch, int64_t layer) const;

  const ModelConfig config_;
  const LanguageModelLayout layout_;
  std::vector<Values> tensors_;  // in layout order
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_REFERENCE_LANGUAGE_MODEL_H_
