// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_VERIFICATION_RANGE_SET_H_
#define RECURVE_PLANNER_SERVICE_VERIFICATION_RANGE_SET_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

#include "absl/container/btree_map.h"

namespace recurve {

// A set of integers, kept as disjoint, non-adjacent ranges [begin, end). Memory is O(ranges). Not thread-safe.
class RangeSet {
 public:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

  // The first number at or after `from` in the set; kNone if there is none. O(log ranges).
  int64_t FirstIn(int64_t from) const {
    const auto after = ranges_.upper_bound(from);
    if (after != ranges_.begin() && std::prev(after)->second > from) return from;
    return after == ranges_.end() ? kNone : after->first;
  }

  bool Contains(int64_t number) const { return FirstIn(number) == number; }

  // The first number at or after `from` not in the set. O(log ranges).
  int64_t FirstOut(int64_t from) const {
    const auto after = ranges_.upper_bound(from);
    return after == ranges_.begin() ? from : std::max(from, std::prev(after)->second);
  }

  // The first number of the range that contains `number`, which must be in the set. O(log ranges).
  int64_t BeginOfRange(int64_t number) const { return std::prev(ranges_.upper_bound(number))->first; }

  // Adds [begin, end), which must not overlap the set. O(log ranges).
  void Add(int64_t begin, int64_t end) {
    if (begin == end) return;
    size_ += end - begin;
    auto after = ranges_.lower_bound(begin);
    if (after != ranges_.end() && after->first == end) {
      end = after->second;
      after = ranges_.erase(after);
    }
    if (after != ranges_.begin() && std::prev(after)->second == begin) {
      std::prev(after)->second = end;
    } else {
      ranges_.emplace_hint(after, begin, end);
    }
  }

  // Removes the numbers in [begin, end) from the set. O(log ranges) for each range that overlaps.
  void Remove(int64_t begin, int64_t end) {
    for (int64_t from = FirstIn(begin); from < end; from = FirstIn(from)) {
      const auto range = std::prev(ranges_.upper_bound(from));
      const int64_t range_end = range->second;
      const int64_t to = std::min(end, range_end);
      size_ -= to - from;
      if (range->first == from) {
        ranges_.erase(range);
      } else {
        range->second = from;
      }
      if (to < range_end) ranges_.emplace(to, range_end);
    }
  }

  int64_t size() const { return size_; }  // numbers
  int64_t ranges() const { return static_cast<int64_t>(ranges_.size()); }

 private:
  absl::btree_map<int64_t, int64_t> ranges_;  // end by begin
  int64_t size_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_VERIFICATION_RANGE_SET_H_
