// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/link_choice.h"

#include <algorithm>

namespace recurve {
namespace {

constexpr int64_t kRowsPerLink = 128;  // k B at which the matrix products run at about full speed

}  // namespace

std::vector<int64_t> CandidateLinks(int64_t link, int64_t length, int64_t batch) {
  if (link > 0) return {std::min(link, length)};
  std::vector<int64_t> links;
  for (int64_t next = std::clamp<int64_t>((kRowsPerLink + batch - 1) / batch, 1, length); next >= 1; next /= 2) {
    links.push_back(next);
  }
  return links;
}

}  // namespace recurve
