// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/finding.h"

#include <string_view>

namespace recurve {

Finding FindingOf(Severity severity, const absl::Status& error, const std::string& remedy) {
  constexpr std::string_view kBorder = "; ";
  const std::string message(error.message());
  const size_t border = message.find(kBorder);
  if (border == std::string::npos) return {severity, message, remedy};
  return {severity, message.substr(0, border), message.substr(border + kBorder.size())};
}

}  // namespace recurve
