// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/wrapped.h"

#include <vector>

#include "absl/strings/str_split.h"

namespace recurve {

std::string Wrapped(const std::string& text, size_t width) {
  std::string wrapped;
  size_t column = 0;
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ' '))) {
    const bool fits = column + 1 + word.size() <= width;
    if (column > 0) wrapped += fits ? ' ' : '\n';
    column = (column > 0 && fits ? column + 1 : 0) + word.size();
    wrapped += word;
  }
  return wrapped;
}

}  // namespace recurve
