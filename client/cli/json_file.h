// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JSON_FILE_H_
#define RECURVE_CLIENT_CLI_JSON_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "planner_service/fields/json_fields.h"

namespace recurve {

// The JSON in a file of at most 4 MiB, or on standard input for "-". INVALID_ARGUMENT or NOT_FOUND names the file.
absl::StatusOr<Json> ReadJsonFile(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JSON_FILE_H_
