// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace recurve {
namespace {

// Damerau-Levenshtein distance (optimal string alignment).
size_t EditDistance(std::string_view from, std::string_view to) {
  std::vector<size_t> before, last(to.size() + 1), next(to.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (size_t i = 0; i < from.size(); ++i) {
    next[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      next[j + 1] = std::min({last[j + 1] + 1, next[j] + 1, last[j] + (from[i] == to[j] ? 0 : 1)});
      const bool swapped = i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j];
      if (swapped) next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    before = std::exchange(last, next);
  }
  return last.back();
}

}  // namespace

int NearestName(std::string_view typed, const std::vector<std::string>& names) {
  constexpr size_t kShortestBeginning = 3;
  int nearest = -1;
  size_t least = std::max<size_t>(1, typed.size() / 3) + 1;  // more edits make another word
  for (size_t i = 0; i < names.size(); ++i) {
    const bool beginning =
        typed.size() >= kShortestBeginning && typed != "--" && names[i].compare(0, typed.size(), typed) == 0;
    const size_t distance = beginning ? 0 : EditDistance(typed, names[i]);
    if (distance >= least) continue;
    least = distance;
    nearest = static_cast<int>(i);
  }
  return nearest;
}

}  // namespace recurve
