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

// The language model written down plainly in fp64, a step at a time, without links, tapes or folded weights: the
// specification that the real one is tested against. Gradients are central differences of the loss.
class ReferenceLanguageModel {
 public:
  struct Batch {
    int64_t length, size;         // T, B
    std::vector<int32_t> inputs;  // [T, B]
    std::vector<int32_t> targets;
    uint64_t dropout_seed = 0;
    uint64_t dropout_step = 0;
  };
  // The state's tensors [B, H] of each layer.
  using State = std::vector<std::vector<reference::Values>>;

  // Dropout, of either kind, is of `model.config`; pass 0 there to have none.
  explicit ReferenceLanguageModel(const Model& model);

  State ZeroState(int64_t batch) const;
  // Mean nats over the batch; `state` moves from before the first step to after the last.
  double Loss(const Batch& batch, State* state) const;
  // Gradient of Loss from `start` by each parameter, tensor by tensor.
  std::vector<std::vector<double>> Gradients(const Batch& batch, const State& start);

 private:
  using Values = reference::Values;

  Values Logits(const Batch& batch, int64_t t, State* state) const;  // [B, V]; moves the state by one step
  Values Normalized(const Values& y, const ParameterLayout::LayerIndices& layer) const;
  Values RecurrentMask(const Batch& batch, int64_t layer) const;

  const ModelConfig config_;
  const LanguageModelLayout layout_;
  std::vector<Values> tensors_;  // in the layout's order
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_REFERENCE_LANGUAGE_MODEL_H_
