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

constexpr int64_t kTotal = 64 << 20;

// Blocks of kTotal bytes in all, each followed by a small object that stays.
struct Blocks {
  explicit Blocks(int64_t size) {
    for (int64_t i = 0; i < kTotal / size; ++i) {
      large.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));  // zeroed, hence resident
      small.push_back(std::make_unique<char[]>(16));
    }
  }
  std::vector<Block> large;
  std::vector<Block> small;
};

TEST(Heap, ReturnsFreePagesBetweenBlocksInUse) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep memory of their own";
#endif
  Blocks blocks(64 << 10);
  const int64_t held = ResidentBytes();
  blocks.large.clear();
  ReturnFreePages();
  EXPECT_LT(ResidentBytes(), held - kTotal / 4 * 3);
}

TEST(Heap, LargeBlocksGoBackAsTheyAreFreed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep memory of their own";
#endif
  ReturnFreePages();  // of other tests
  GiveLargeBlocksTheirOwnPages();
  Blocks(8 << 20).large.clear();  // after which, by default, blocks of 8 MiB come from the heap
  Blocks blocks(1 << 20);
  const int64_t held = ResidentBytes();
  blocks.large.clear();
  EXPECT_LT(ResidentBytes(), held - kTotal / 4 * 3);
}

}  // namespace
}  // namespace recurve
