// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/side_work.h"

#include <gtest/gtest.h>

namespace recurve::cuda {
namespace {

TEST(Footprint, ConflictsWhereOneWritesWhatTheOtherTouches) {
  const float memory[100] = {};
  const auto reads = Footprint().ReadsFloats(memory, 10);
  const auto reads_next = Footprint().ReadsFloats(memory + 10, 10);
  const auto writes = Footprint().WritesFloats(memory + 9, 2);  // the last of `reads`, the first of `reads_next`
  const auto writes_beyond = Footprint().WritesFloats(memory + 20, 5);
  EXPECT_FALSE(reads.Conflicts(reads));
  EXPECT_FALSE(reads.Conflicts(reads_next));
  EXPECT_TRUE(reads.Conflicts(writes));
  EXPECT_TRUE(writes.Conflicts(reads));
  EXPECT_TRUE(writes.Conflicts(reads_next));
  EXPECT_TRUE(writes.Conflicts(writes));
  EXPECT_FALSE(writes_beyond.Conflicts(reads));
  EXPECT_FALSE(writes_beyond.Conflicts(reads_next));
  EXPECT_FALSE(writes_beyond.Conflicts(writes));
}

TEST(Footprint, NothingIsWhereNothingIsTouched) {
  const float memory[10] = {};
  const auto all = Footprint().WritesFloats(memory, 10);
  EXPECT_FALSE(all.Conflicts(Footprint().WritesFloats(nullptr, 10).WritesFloats(memory + 3, 0)));
}

TEST(Footprint, AddsUpAndClears) {
  const float memory[20] = {};
  Footprint both = Footprint().ReadsFloats(memory, 5);
  both.Add(Footprint().WritesFloats(memory + 10, 5));
  EXPECT_TRUE(both.Conflicts(Footprint().WritesFloats(memory, 1)));
  EXPECT_TRUE(both.Conflicts(Footprint().ReadsFloats(memory + 14, 1)));
  EXPECT_FALSE(both.Conflicts(Footprint().ReadsFloats(memory, 1)));
  both.Clear();
  EXPECT_FALSE(both.Conflicts(Footprint().WritesFloats(memory, 20)));
}

}  // namespace
}  // namespace recurve::cuda
