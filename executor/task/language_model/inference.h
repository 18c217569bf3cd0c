// SPDX-License-Identifier: Apache-2.0
//
// What a trained model is used for without training: sampling and evaluation.
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INFERENCE_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INFERENCE_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/model/parameters.h"
#include "executor/task/language_model/language_model_options.h"
#include "executor/task/language_model/text_corpus.h"
#include "planner_service/model/model_config.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// A trained language model; both must outlive it.
struct TrainedLanguageModel {
  const ModelConfig& config;
  const Parameters& parameters;
};

// Gives each sampled byte to `emit` as it comes; stops early when `emit` returns false. INVALID_ARGUMENT when the
// model's weights are so large that its predictions are not finite.
absl::Status Sample(const TrainedLanguageModel& model, const SampleOptions& options, Backend& backend,
                    const std::function<bool(char)>& emit);

// Bits per byte of `text` under the model.
// kWindows: each byte is predicted from all before it. INVALID_ARGUMENT for a text of fewer than two bytes.
// kLines: each line that is not empty by itself. A newline is read and then the bytes, and the bytes are predicted and
// then a newline. INVALID_ARGUMENT for no lines.
// INVALID_ARGUMENT for a model whose weights are so large that its predictions are not finite; DATA_LOSS when the
// text's file has become shorter.
absl::StatusOr<double> EvaluateText(const TrainedLanguageModel& model, const Text& text, Sequences sequences,
                                    Backend& backend, const CancelCheck& cancelled,
                                    const EvaluationProgress& progress = {});

// Bytes of device memory that an evaluation takes, but for what the backend holds for itself.
int64_t EvaluationBytes(const ModelConfig& config, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INFERENCE_H_
