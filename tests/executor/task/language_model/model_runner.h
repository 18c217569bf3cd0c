// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_MODEL_RUNNER_H_
#define RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_MODEL_RUNNER_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/task/language_model/language_model.h"
#include "tests/executor/task/language_model/reference_language_model.h"

namespace recurve {

// Runs a LanguageModel on the CPU with separate memory for each state and tape, without arena or schedule.
class ModelRunner {
 public:
  ModelRunner(const Model& initial, const SequenceShape& shape, LanguageModel::Use use, int threads = 1)
      : backend_(MakeCpuBackend({.threads = threads}).value()), model_(initial.config, shape, use, *backend_) {
    const LanguageModel::Regions& needs = model_.needs();
    model_.Bind({.weights = Region(Allocate(needs.weights.used())),
                 .gradients = Region(Allocate(needs.gradients.used())),
                 .batch = Region(Allocate(needs.batch.used())),
                 .workspace = Region(Allocate(needs.workspace.used()))});
    Upload(initial.parameters, model_.layout(), *backend_, model_.parameters());
    for (int64_t link = 0; link <= model_.links(); ++link) states.push_back(Allocate(model_.max_state_bytes()));
    for (int64_t link = 0; link < model_.links(); ++link) tapes.push_back(Allocate(model_.max_tape_bytes()));
    gradient = Allocate(model_.max_state_bytes());
  }

  LanguageModel& model() { return model_; }

  void SetBatch(const ReferenceLanguageModel::Batch& batch) {
    std::memcpy(model_.tokens().inputs, batch.inputs.data(), batch.inputs.size() * sizeof(int32_t));
    std::memcpy(model_.tokens().targets, batch.targets.data(), batch.targets.size() * sizeof(int32_t));
    steps_ = batch.length;
    predictions_ = std::count_if(batch.targets.begin(), batch.targets.end(), [](int32_t t) { return t >= 0; });
    model_.SetDropoutStream(batch.dropout_seed, batch.dropout_step);
  }
  // A forward pass that keeps every tape, and a backward pass.
  void Sweep() {
    model_.PrepareWeights();
    model_.BeginBatch({.steps = steps_, .predictions = predictions_});
    for (int64_t link = 0; link < model_.links(); ++link) {
      model_.Forward(link, states[link], states[link + 1], tapes[link], /*keep_tape=*/true);
    }
    for (int64_t link = model_.links() - 1; link >= 0; --link) {
      model_.Backward(link, states[link], states[link + 1], tapes[link], gradient);
    }
    model_.EndBatch();
  }

  // Returns zeroed memory.
  std::byte* Allocate(int64_t bytes) {
    if (bytes == 0) return nullptr;
    memory_.push_back(backend_->Allocate(bytes).value());
    std::memset(memory_.back()->data(), 0, bytes);
    return memory_.back()->data();
  }

  std::vector<std::byte*> states;  // links + 1
  std::vector<std::byte*> tapes;   // links
  std::byte* gradient;

 private:
  std::unique_ptr<Backend> backend_;
  std::vector<std::unique_ptr<DeviceMemory>> memory_;
  LanguageModel model_;
  int64_t steps_ = 1;
  int64_t predictions_ = 1;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_MODEL_RUNNER_H_
