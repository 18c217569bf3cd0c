// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_MODEL_H_
#define RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_MODEL_H_

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "executor/data/atomic_file.h"
#include "executor/data/input_file.h"
#include "executor/engine/trainer.h"
#include "executor/model/model_file.h"
#include "executor/task/language_model/inference.h"
#include "executor/task/language_model/initial_parameters.h"
#include "executor/task/language_model/language_model_options.h"
#include "executor/task/language_model/token_batch.h"
#include "executor/task/registry.h"

namespace recurve {

// A trained language model that owns its data.
struct Model {
  ModelConfig config;
  Parameters parameters;
};

inline TrainedLanguageModel View(const Model& model) { return {model.config, model.parameters}; }

inline Model InitialModel(const ModelConfig& config, uint64_t seed) {
  return {config, InitialParameters(config, seed)};
}

inline LanguageModelOptions OptionsOf(const ModelConfig& config) { return LanguageModelOptions({.model = config}); }

inline absl::Status SaveModel(const std::string& path, const Model& model) {
  return SaveModel(path, OptionsOf(model.config).Describe(), model.parameters);
}
inline absl::Status CheckModelCanBeSaved(const std::string& path, const ModelConfig& config) {
  return CheckModelCanBeSaved(path, OptionsOf(config).Layout().count());
}
inline absl::StatusOr<Model> LoadModel(const std::string& path) {
  const auto file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<TrainedModel> model = LoadModel(**file);
  if (!model.ok()) return model.status();
  return Model{model->task.As<LanguageModelOptions>().model, std::move(model->parameters)};
}

// TrainerOptions for a language model, with its configuration instead of a factory.
struct LanguageTrainerOptions {
  ModelConfig model;
  SequenceShape shape;
  OptimizerSpec optimizer;
  int64_t steps = 1;
  bool carry_state = false;
  bool host_states = false;
  uint64_t dropout_seed = 1;
  int64_t process_bytes = 0;

  operator TrainerOptions() const {  // NOLINT: the same options
    return {.model = LanguageModelFactory(model),
            .shape = shape,
            .optimizer = optimizer,
            .steps = steps,
            .carry_state = carry_state,
            .host_states = host_states,
            .dropout_seed = dropout_seed,
            .process_bytes = process_bytes};
  }
};

// The batch that a trainer will take next.
struct TokenSpans {
  std::span<int32_t> inputs, targets, lengths;
};
inline TokenSpans TokensOf(Trainer& trainer, const SequenceShape& shape) {
  Region block(trainer.batch());
  const TokenBatch batch = LayOutBatch(shape, block);
  const auto tokens = static_cast<size_t>(shape.length * shape.batch);
  return {{batch.inputs, tokens},
          {batch.targets, tokens},
          {batch.lengths, static_cast<size_t>(shape.ragged ? shape.batch : 0)}};
}

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_MODEL_H_
