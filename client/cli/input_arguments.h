// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_INPUT_ARGUMENTS_H_
#define RECURVE_CLIENT_CLI_INPUT_ARGUMENTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// What is in a file of at most `most_bytes`, or on standard input for "-". Errors as of InputFile, and INVALID_ARGUMENT
// for a larger one; they name the file.
absl::StatusOr<std::string> ReadTextArgument(const std::string& path, int64_t most_bytes);

// --data of a job, which is read at many places: INVALID_ARGUMENT for none, and for "-".
absl::Status CheckDataArgument(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_INPUT_ARGUMENTS_H_
