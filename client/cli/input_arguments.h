// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_INPUT_ARGUMENTS_H_
#define RECURVE_CLIENT_CLI_INPUT_ARGUMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_identity.h"
#include "executor/job/job_spec.h"

namespace recurve {

// The content of a file of at most `most_bytes`, or of standard input for "-". Errors as of InputFile, and
// INVALID_ARGUMENT for a larger one; they name the file.
absl::StatusOr<std::string> ReadTextArgument(const std::string& path, int64_t most_bytes);

// The files that a job reads, with the options that name them.
std::vector<NamedFile> InputArguments(const JobSpec& spec);
// INVALID_ARGUMENT for one that is missing, and for "-": a job needs random access to its data.
absl::Status CheckInputArguments(const JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_INPUT_ARGUMENTS_H_
