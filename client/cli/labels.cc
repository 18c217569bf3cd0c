// SPDX-License-Identifier: Apache-2.0
#include "client/cli/labels.h"

#include "absl/strings/str_cat.h"

namespace recurve {

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("--label: \"", text, "\" is not KEY=VALUE, such as team=speech"));
    }
    const std::string key = text.substr(0, equals);
    const std::string value = text.substr(equals + 1);
    const auto [known, added] = labels.emplace(key, value);
    if (!added && known->second != value) {
      return absl::InvalidArgumentError(
          absl::StrCat("--label: \"", key, "\" has two values, \"", known->second, "\" and \"", value, "\"; give one"));
    }
  }
  return labels;
}

}  // namespace recurve
