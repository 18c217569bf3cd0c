// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_MODEL_OUTPUT_H_
#define RECURVE_CLIENT_CLI_MODEL_OUTPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "executor/task/registry.h"

namespace recurve {

// The model in the file at `path`, or on standard input for "-".
absl::StatusOr<TrainedModel> LoadModelArgument(const std::string& path);

// Samples bytes from the model. If `print`, shows the prompt, the bytes as they are sampled and a newline on stdout; a
// terminal gets no control characters. CANCELLED when interrupted.
absl::StatusOr<std::string> SampleModel(const TrainedModel& model, const SampleOptions& options, int threads,
                                        bool print);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_MODEL_OUTPUT_H_
