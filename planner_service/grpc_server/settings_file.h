// SPDX-License-Identifier: Apache-2.0
//
// Files of settings, in TOML.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SETTINGS_FILE_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SETTINGS_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace recurve {

struct FileSetting {
  std::string key;
  std::vector<std::string> values;  // as on a command line: numbers and booleans as text
  bool is_array = false;            // otherwise there is one value
  int line = 0;
};

// Reads a file of at most 64 KiB with `key = value` lines, where a value is a string, a whole number, true or false, or
// an array of these. NOT_FOUND if it cannot be read; INVALID_ARGUMENT, naming the file and the line, if it is something
// else.
absl::StatusOr<std::vector<FileSetting>> ReadSettingsFile(const std::string& path);

// `text` as a value in TOML, from which ReadSettingsFile reads `text`: a number or boolean as it is, else in quotes.
// `text` must be UTF-8.
std::string TomlValue(std::string_view text);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SETTINGS_FILE_H_
