// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_MODEL_REFERENCE_LANGUAGE_MODEL_H_
#define RECURVE_TESTS_EXECUTOR_MODEL_REFERENCE_LANGUAGE_MODEL_H_

#include <cstdint>
#include <vector>

#include "executor/model/model_file.h"

namespace recurve {

// The language model written down plainly in fp64, without links, tapes or folded weights: the specification that the
// real one is tested against. Gradients are central differences of the loss.
class ReferenceLanguageModel {
 public:
  struct Batch {
    int64_t length, size;         // T, B
    std::vector<int32_t> inputs;  // [T, B]
    std::vector<int32_t> targets;
    uint64_t dropout_seed = 0;
    uint64_t dropout_step = 0;
  };
  // h and c of each layer, [L][B * H].
  struct State {
    std::vector<std::vector<double>> h, c;
  };

  // Dropout is of `model.config`; pass 0 there to have none.
  explicit ReferenceLanguageModel(const Model& model);

  State ZeroState(int64_t batch) const;
  // Mean nats over the batch; `state` moves from before the first step to after the last.
  double Loss(const Batch& batch, State* state) const;
  // Gradient of Loss from `start` by each parameter, tensor by tensor.
  std::vector<std::vector<double>> Gradients(const Batch& batch, const State& start);

 private:
  struct Tensor {
    int64_t columns;
    std::vector<double> values;
    double at(int64_t row, int64_t column) const { return values[row * columns + column]; }
  };

  std::vector<double> Step(const Batch& batch, int64_t t, int64_t b, State* state) const;  // logits
  double Kept(const Batch& batch, int64_t layer, int64_t t, int64_t b, int64_t unit) const;

  const ModelConfig config_;
  std::vector<Tensor> tensors_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_MODEL_REFERENCE_LANGUAGE_MODEL_H_
