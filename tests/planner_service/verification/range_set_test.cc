// SPDX-License-Identifier: Apache-2.0
#include "planner_service/verification/range_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace recurve {
namespace {

TEST(RangeSetTest, IsASetOfNumbers) {
  std::mt19937 random(1);
  RangeSet ranges;
  std::set<int64_t> numbers;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t begin = random() % 60;
    const int64_t end = begin + random() % 10;
    if (ranges.FirstIn(begin) >= end) {
      ranges.Add(begin, end);
      for (int64_t n = begin; n < end; ++n) numbers.insert(n);
    } else {
      ranges.Remove(begin, end);
      for (int64_t n = begin; n < end; ++n) numbers.erase(n);
    }
    ASSERT_EQ(ranges.size(), static_cast<int64_t>(numbers.size()));
    int64_t count = 0;
    for (int64_t n = 0; n < 80; ++n) {
      ASSERT_EQ(ranges.Contains(n), numbers.count(n) == 1);
      const auto in = numbers.lower_bound(n);
      ASSERT_EQ(ranges.FirstIn(n), in == numbers.end() ? RangeSet::kNone : *in);
      int64_t out = n;
      while (numbers.count(out) == 1) ++out;
      ASSERT_EQ(ranges.FirstOut(n), out);
      const bool begins = numbers.count(n) == 1 && numbers.count(n - 1) == 0;
      count += begins ? 1 : 0;
      for (int64_t m = n; begins && m < out; ++m) ASSERT_EQ(ranges.BeginOfRange(m), n);
    }
    ASSERT_EQ(ranges.ranges(), count);
  }
}

}  // namespace
}  // namespace recurve
