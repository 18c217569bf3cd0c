// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_LABELS_H_
#define RECURVE_CLIENT_CLI_LABELS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace recurve {

// The labels of a job from the values of --label, each KEY=VALUE; a value may be empty and contain "=".
// INVALID_ARGUMENT names what is wrong, such as a key with two values.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& texts);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_LABELS_H_
