// SPDX-License-Identifier: Apache-2.0
//
// What a trained model is used for without training: sampling and evaluation.
#ifndef RECURVE_EXECUTOR_ENGINE_INFERENCE_H_
#define RECURVE_EXECUTOR_ENGINE_INFERENCE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/data/text_corpus.h"
#include "executor/model/model_file.h"
#include "planner_service/planning/planner.h"

namespace recurve {

struct SampleOptions {
  std::string prompt;        // bytes read before sampling; may be empty
  int64_t bytes = 200;       // to sample
  double temperature = 1.0;  // > 0; 0 takes the likeliest byte
  uint64_t seed = 1;
};

// Gives each sampled byte to `emit` as it comes; stops early when `emit` returns false. INVALID_ARGUMENT when the
// model's weights are so large that its predictions are not finite.
absl::Status Sample(const Model& model, const SampleOptions& options, Backend& backend,
                    const std::function<bool(char)>& emit);

// Told now and then how many bytes have been evaluated so far.
using EvaluationProgress = std::function<void(int64_t done)>;

// Bits per byte of `text` under the model, each byte predicted from all before it. INVALID_ARGUMENT for a text of fewer
// than two bytes or a model whose weights are so large that its predictions are not finite; DATA_LOSS when the text's
// file has become shorter.
absl::StatusOr<double> EvaluateBitsPerByte(const Model& model, const Text& text, Backend& backend,
                                           const CancelCheck& cancelled, const EvaluationProgress& progress = {});

// The same of its lines that are not empty, each by itself: a newline is read and then the bytes, and the bytes are
// predicted and then a newline. INVALID_ARGUMENT for no lines.
absl::StatusOr<double> EvaluateLinesBitsPerByte(const Model& model, const Text& text, Backend& backend,
                                                const CancelCheck& cancelled, const EvaluationProgress& progress = {});

// Bytes of device memory that either evaluation takes, but for what the backend holds for itself.
int64_t EvaluationBytes(const ModelConfig& config, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_INFERENCE_H_
