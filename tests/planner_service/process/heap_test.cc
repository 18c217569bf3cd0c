// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/heap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "planner_service/process/granted.h"

namespace recurve {
namespace {

using Block = std::unique_ptr<char[]>;

constexpr int64_t kMebibyte = 1 << 20;

// Blocks, each followed by a small object that stays.
struct Blocks {
  Blocks(int count, int64_t size) {
    for (int i = 0; i < count; ++i) {
      large.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));  // zeroed, hence resident
      small.push_back(std::make_unique<char[]>(8 << 10));
    }
  }
  std::vector<Block> large;
  std::vector<Block> small;
};

TEST(Heap, ReturnsFreePagesBetweenBlocksInUse) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep memory of their own";
#endif
  Blocks blocks(256, kMebibyte / 16);
  const int64_t held = ResidentBytes();
  blocks.large.clear();
  ReturnFreePages();
  EXPECT_LT(ResidentBytes(), held - 12 * kMebibyte);
}

TEST(Heap, LargeBlocksGoBackAsTheyAreFreed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep memory of their own";
#endif
  GiveLargeBlocksTheirOwnPages();
  // By default, once a larger block was freed, blocks of this size come from the heap.
  constexpr int64_t kSize = 20 * kMebibyte;
  Blocks(1, kSize + kMebibyte).large.clear();
  Blocks blocks(2, kSize);
  const int64_t held = ResidentBytes();
  blocks.large.clear();
  EXPECT_LT(ResidentBytes(), held - kSize / 2 * 3);
}

}  // namespace
}  // namespace recurve
