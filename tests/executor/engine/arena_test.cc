// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/arena.h"

#include <cstring>

#include "executor/backend/cpu/cpu_backend.h"
#include "gtest/gtest.h"

namespace recurve {
namespace {

class ArenaTest : public testing::Test {
 protected:
  std::unique_ptr<Arena> Create(int64_t bytes, int64_t pieces) {
    return Arena::Create(*backend_, bytes, pieces).value();
  }
  std::unique_ptr<Backend> backend_ = MakeCpuBackend({.threads = 1}).value();
};

TEST_F(ArenaTest, HandsOutAlignedPiecesThatDoNotOverlap) {
  const auto arena = Create(4 * kAlignment, 4);
  std::byte* a = arena->Push(MemoryKind::kWeights, 1);
  std::byte* b = arena->Push(MemoryKind::kStates, kAlignment + 1);
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % kAlignment, 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b) % kAlignment, 0);
  EXPECT_GE(b, a + kAlignment);
  std::memset(a, 1, kAlignment);
  std::memset(b, 2, 2 * kAlignment);
  EXPECT_EQ(a[kAlignment - 1], std::byte{1});
}

TEST_F(ArenaTest, CountsWhatIsLiveAndRemembersThePeak) {
  const auto arena = Create(8 * kAlignment, 8);
  arena->Push(MemoryKind::kWeights, kAlignment);
  arena->Push(MemoryKind::kTapes, 3 * kAlignment);
  arena->Pop();
  arena->Push(MemoryKind::kStates, kAlignment);
  EXPECT_EQ(arena->live_bytes(), 2 * kAlignment);
  EXPECT_EQ(arena->live().total(), 2 * kAlignment);
  EXPECT_EQ(arena->live()[MemoryKind::kTapes], 0);
  EXPECT_EQ(arena->peak_bytes(), 4 * kAlignment);
  EXPECT_EQ(arena->peak().total(), 4 * kAlignment);
  EXPECT_EQ(arena->peak()[MemoryKind::kTapes], 3 * kAlignment);
  EXPECT_EQ(arena->peak()[MemoryKind::kStates], 0);
}

TEST_F(ArenaTest, ReusesWhatWasGivenBack) {
  const auto arena = Create(2 * kAlignment, 2);
  arena->Push(MemoryKind::kWeights, kAlignment);
  std::byte* a = arena->Push(MemoryKind::kStates, kAlignment);
  arena->Pop();
  EXPECT_EQ(arena->Push(MemoryKind::kTapes, kAlignment), a);
}

TEST_F(ArenaTest, RefusesMoreThanItHas) {
  const auto arena = Create(2 * kAlignment, 8);
  EXPECT_EQ(arena->Push(MemoryKind::kStates, 2 * kAlignment + 1), nullptr);
  EXPECT_NE(arena->Push(MemoryKind::kStates, 2 * kAlignment), nullptr);
  EXPECT_EQ(arena->Push(MemoryKind::kStates, 1), nullptr);
  EXPECT_EQ(arena->peak_bytes(), 2 * kAlignment);
  EXPECT_EQ(Arena::Create(*backend_, int64_t{1} << 60, 1).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ArenaTest, RefusesMorePiecesThanItWasMadeFor) {
  const auto arena = Create(4 * kAlignment, 2);
  EXPECT_NE(arena->Push(MemoryKind::kStates, 1), nullptr);
  EXPECT_NE(arena->Push(MemoryKind::kStates, 1), nullptr);
  EXPECT_EQ(arena->Push(MemoryKind::kStates, 1), nullptr);
}

TEST(Ledger, NamesItsKinds) {
  EXPECT_EQ(ToString(MemoryKind::kWeights), "weights");
  EXPECT_EQ(ToString(MemoryKind::kWorkspace), "workspace");
  Ledger ledger;
  ledger[MemoryKind::kWeights] = 1;
  ledger[MemoryKind::kStates] = 10;
  ledger[MemoryKind::kTapes] = 100;
  ledger[MemoryKind::kWorkspace] = 1000;
  EXPECT_EQ(ledger.total(), 1111);
  EXPECT_EQ(ledger.activations(), 1110);
}

}  // namespace
}  // namespace recurve
