// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_LINK_SUMS_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_LINK_SUMS_H_

#include <cstdint>
#include <vector>

namespace recurve {

// Prefix sums of the sizes and costs of a chain whose links differ: the sum over any range in O(1). All values are at
// least 0, and the sum over the whole chain must fit in 62 bits. Immutable.
//
//   LinkSums sums({{.state_bytes = 8, .tape_bytes = 32, .forward_cost = 3}, {.state_bytes = 4, .tape_bytes = 4}});
//   sums.StateBytes(0, 2);  // 12
class LinkSums {
 public:
  struct Link {
    int64_t state_bytes = 0;  // of the state that the link reads
    int64_t tape_bytes = 0;
    int64_t forward_cost = 0;  // of one forward without tape
  };

  explicit LinkSums(const std::vector<Link>& links) {
    sums_.reserve(links.size() + 1);
    sums_.emplace_back();
    for (const Link& link : links) {
      const Link& sum = sums_.back();
      sums_.push_back({.state_bytes = sum.state_bytes + link.state_bytes,
                       .tape_bytes = sum.tape_bytes + link.tape_bytes,
                       .forward_cost = sum.forward_cost + link.forward_cost});
    }
  }

  int64_t length() const { return static_cast<int64_t>(sums_.size()) - 1; }
  // Over links [begin, end), or the states that they read.
  int64_t StateBytes(int64_t begin, int64_t end) const { return sums_[end].state_bytes - sums_[begin].state_bytes; }
  int64_t TapeBytes(int64_t begin, int64_t end) const { return sums_[end].tape_bytes - sums_[begin].tape_bytes; }
  int64_t ForwardCost(int64_t begin, int64_t end) const { return sums_[end].forward_cost - sums_[begin].forward_cost; }

 private:
  std::vector<Link> sums_;  // sums_[j]: over the first j links
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_LINK_SUMS_H_
