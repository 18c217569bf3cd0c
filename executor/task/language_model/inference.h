// SPDX-License-Identifier: Apache-2.0
//
// Inference with a trained model: sampling and evaluation.
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

// A trained language model. The referenced objects must outlive it.
struct TrainedLanguageModel {
  const ModelConfig& config;
  const Parameters& parameters;
};

// Passes each sampled byte to `emit` immediately; stops early if `emit` returns false. INVALID_ARGUMENT if the model's
// weights are so large that its predictions are not finite.
absl::Status Sample(const TrainedLanguageModel& model, const SampleOptions& options, Backend& backend,
                    const std::function<bool(char)>& emit);

// Bits per byte of `text` under the model.
// kWindows: each byte is predicted from all bytes before it. INVALID_ARGUMENT for a text of fewer than two bytes.
// kLines: each non-empty line is predicted separately, including its newline; its first input is a newline.
// INVALID_ARGUMENT if there are no lines.
// INVALID_ARGUMENT for a model whose weights are so large that its predictions are not finite; DATA_LOSS if the text's
// file has been truncated; CANCELLED if `cancelled` returns true.
absl::StatusOr<double> EvaluateText(const TrainedLanguageModel& model, const Text& text, Sequences sequences,
                                    Backend& backend, const CancelCheck& cancelled,
                                    const EvaluationProgress& progress = {});

// Bytes of device memory that an evaluation needs, without the backend's own.
int64_t EvaluationBytes(const ModelConfig& config, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INFERENCE_H_
