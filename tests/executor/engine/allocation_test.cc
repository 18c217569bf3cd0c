// SPDX-License-Identifier: Apache-2.0
//
// A program of its own, as it replaces the global operator new by one that counts.
#include <atomic>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/model.h"

namespace {

std::atomic<int64_t> allocations{0};

void* Count(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1);
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return Count(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return Count(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace recurve {
namespace {

TEST(Trainer, AllocatesNothingAfterTheFirstStep) {
  const LanguageTrainerOptions options{.model = {.layers = 2, .hidden = 48, .embedding = 16, .dropout = 0.2},
                                       .shape = {.length = 25, .link = 3, .batch = 5},
                                       .steps = 3,
                                       .carry_state = true};
  for (const Strategy strategy : {Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm, Strategy::kAuto}) {
    TrainingRun run(options, InitialModel(options.model, 1), strategy,
                    strategy == Strategy::kStoreAll || strategy == Strategy::kChen
                        ? -1
                        : LinkBytesOf(options.model, options.shape).tape,
                    2);
    ASSERT_NE(run.trainer, nullptr);
    ASSERT_TRUE(run.Step().ok());
    const int64_t before = allocations.load();
    ASSERT_GT(before, 0);
    EXPECT_TRUE(run.Step().ok());
    EXPECT_TRUE(run.Step().ok());
    EXPECT_EQ(allocations.load(), before) << ToString(strategy);
  }
}

}  // namespace
}  // namespace recurve
