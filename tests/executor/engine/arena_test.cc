// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/arena.h"

#include <algorithm>
#include <cstring>

#include "executor/backend/cpu/cpu_backend.h"
#include "gtest/gtest.h"
#include "tests/executor/backend/pretending_backend.h"

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

TEST_F(ArenaTest, HoldsTheBackendsOwnBytesFromTheStart) {
  PretendingBackend backend(MakeCpuBackend({.threads = 1}).value(), {.own_bytes = 3 * kAlignment});
  const auto arena = Arena::Create(backend, 4 * kAlignment, 2).value();
  EXPECT_EQ(arena->size(), 4 * kAlignment);
  EXPECT_EQ(arena->live()[MemoryKind::kBackend], 3 * kAlignment);
  EXPECT_EQ(arena->live().activations(), 0);
  EXPECT_EQ(arena->peak_bytes(), 3 * kAlignment);
  EXPECT_NE(arena->Push(MemoryKind::kStates, kAlignment), nullptr);
  EXPECT_EQ(arena->Push(MemoryKind::kStates, 1), nullptr);
  EXPECT_EQ(arena->peak_bytes(), 4 * kAlignment);
  EXPECT_EQ(arena->peak().activations(), kAlignment);
}

TEST_F(ArenaTest, CountsWhatTheProcessHoldsBesideIt) {
  const auto arena = Arena::Create(*backend_, 5 * kAlignment, 2, /*process_bytes=*/3 * kAlignment).value();
  EXPECT_EQ(arena->size(), 5 * kAlignment);
  EXPECT_EQ(arena->live()[MemoryKind::kProcess], 3 * kAlignment);
  EXPECT_EQ(arena->live().activations(), 0);
  EXPECT_EQ(arena->peak_bytes(), 3 * kAlignment);
  EXPECT_NE(arena->Push(MemoryKind::kStates, 2 * kAlignment), nullptr);
  EXPECT_EQ(arena->Push(MemoryKind::kStates, 1), nullptr);
  EXPECT_EQ(arena->peak_bytes(), 5 * kAlignment);
}

TEST_F(ArenaTest, BeginsWithZeros) {
  PretendingBackend backend(MakeCpuBackend({.threads = 1}).value(), {.own_bytes = kAlignment});
  const auto arena = Arena::Create(backend, 5 * kAlignment, 1).value();
  const std::byte* all = arena->Push(MemoryKind::kTapes, 4 * kAlignment);
  EXPECT_EQ(std::count(all, all + 4 * kAlignment, std::byte{0}), 4 * kAlignment);
}

TEST(Ledger, NamesItsKinds) {
  EXPECT_EQ(ToString(MemoryKind::kWeights), "weights");
  EXPECT_EQ(ToString(MemoryKind::kWorkspace), "workspace");
  EXPECT_EQ(ToString(MemoryKind::kBackend), "backend");
  EXPECT_EQ(ToString(MemoryKind::kProcess), "process");
  Ledger ledger;
  ledger[MemoryKind::kWeights] = 1;
  ledger[MemoryKind::kStates] = 10;
  ledger[MemoryKind::kTapes] = 100;
  ledger[MemoryKind::kWorkspace] = 1000;
  ledger[MemoryKind::kBackend] = 10000;
  ledger[MemoryKind::kProcess] = 100000;
  EXPECT_EQ(ledger.total(), 111111);
  EXPECT_EQ(ledger.activations(), 1110);
}

}  // namespace
}  // namespace recurve
