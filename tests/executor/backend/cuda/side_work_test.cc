// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/side_work.h"

#include <gtest/gtest.h>

#include <vector>

#include "executor/backend/cuda/footprints.h"

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

TEST(Footprint, CountsRanges) {
  const float memory[20] = {};
  EXPECT_EQ(Footprint().ranges(), 0u);
  EXPECT_EQ(Footprint().ReadsFloats(memory, 5).WritesFloats(memory + 10, 5).WritesFloats(nullptr, 5).ranges(), 2u);
}

// Rows end where the last one does, not where the next would begin.
TEST(Footprint, SpanOfRows) {
  EXPECT_EQ(SpanOfRows(0, 3, 5), 0);
  EXPECT_EQ(SpanOfRows(1, 3, 5), 3);
  EXPECT_EQ(SpanOfRows(4, 3, 5), 18);
}

class ForwardFootprint : public ::testing::Test {
 protected:
  static constexpr int64_t k = 3, B = 2, H = 4, V = 5;
  static constexpr int64_t kBH = B * H;
  static constexpr int64_t kGH = 4 * H;
  static constexpr int64_t kWeights = 100;  // bytes

  // A link of an LSTM with tensors one behind the other, in this order.
  CellForwardArgs Args() {
    float* at = memory_.data();
    const auto take = [&](int64_t floats) {
      float* const begin = at;
      at += floats;
      return begin;
    };
    CellForwardArgs args{.cell = Cell::kLstm, .k = k, .B = B, .H = H};
    args.input = {.table = take(V * kGH), .tokens = reinterpret_cast<const int32_t*>(take(k * B)), .V = V};
    args.recurrent = take(kWeights / 4);
    args.first[0] = take(kBH);
    args.first[1] = take(kBH);
    args.recurrent_mask = take(kBH);
    args.lengths.lengths = reinterpret_cast<const int32_t*>(take(B));
    reads_ = at - memory_.data();
    args.gates = take(k * B * kGH);
    args.inner[0] = take((k - 1) * kBH);
    args.inner[1] = take((k - 1) * kBH);
    args.last[0] = take(kBH);
    args.last[1] = take(kBH);
    end_ = at - memory_.data();
    return args;
  }

  std::vector<float> memory_ = std::vector<float>(1000);
  int64_t reads_ = 0, end_ = 0;  // floats that are read, and then written, up to here
};

TEST_F(ForwardFootprint, HoldsEveryFloatThatIsReadOrWritten) {
  const Footprint footprint = FootprintOf(Args(), kWeights);
  for (int64_t i = 0; i < 1000; ++i) {
    const auto conflicts = [&](const Footprint& other) { return footprint.Conflicts(other); };
    EXPECT_EQ(conflicts(Footprint().WritesFloats(&memory_[i], 1)), i < end_) << i;
    EXPECT_EQ(conflicts(Footprint().ReadsFloats(&memory_[i], 1)), i >= reads_ && i < end_) << i;
  }
}

// Rows of G H, W H apart.
TEST_F(ForwardFootprint, HoldsAProjectedInput) {
  CellForwardArgs args = Args();
  std::vector<float> projected(k * B * kGH + 1);
  args.input = {.projected = projected.data()};
  const Footprint footprint = FootprintOf(args, kWeights);
  EXPECT_TRUE(footprint.Conflicts(Footprint().WritesFloats(projected.data(), 1)));
  EXPECT_TRUE(footprint.Conflicts(Footprint().WritesFloats(&projected[k * B * kGH - 1], 1)));
  EXPECT_FALSE(footprint.Conflicts(Footprint().WritesFloats(&projected[k * B * kGH], 1)));
  EXPECT_FALSE(footprint.Conflicts(Footprint().WritesFloats(memory_.data(), V * kGH)));  // the table
}

TEST_F(ForwardFootprint, LeavesOutWhatIsNotThere) {
  CellForwardArgs args = Args();
  float* const gates = args.gates;
  args.gates = nullptr;
  std::vector<float> masked(k * kBH);  // which the CPU alone writes
  args.masked = masked.data();
  const Footprint footprint = FootprintOf(args, kWeights);
  EXPECT_FALSE(footprint.Conflicts(Footprint().WritesFloats(gates, k * B * kGH)));
  EXPECT_FALSE(footprint.Conflicts(Footprint().ReadsFloats(masked.data(), k * kBH)));
}

}  // namespace
}  // namespace recurve::cuda
