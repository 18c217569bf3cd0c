// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <thread>
#include <vector>

namespace recurve::cpu {
namespace {

TEST(ThreadPool, EachThreadRunsEachTaskOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    std::vector<int> runs(threads, 0);  // not atomic: Run orders what the threads do
    for (int round = 0; round < 2000; ++round) {
      pool.Run([&](int thread) { ++runs[thread]; });
      for (const int n : runs) ASSERT_EQ(n, round + 1);
    }
  }
}

TEST(ThreadPool, RunsAgainAfterItsThreadsSlept) {
  ThreadPool pool(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<int> runs(3, 0);
    pool.Run([&](int thread) {
      if (thread != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++runs[thread];
    });
    EXPECT_EQ(runs, (std::vector<int>{1, 1, 1}));
  }
}

TEST(ThreadPool, EndsUnused) { ThreadPool pool(4); }

float HalfOf(float x) {
  volatile float computed_here = x;
  return computed_here * 0.5f;
}

TEST(ThreadPool, FlushesDenormalsInTasksOnly) {
  const float least = std::numeric_limits<float>::min();
  ThreadPool pool(2);
  std::vector<float> halves(2, 1.0f);
  pool.Run([&](int thread) { halves[thread] = HalfOf(least); });
  EXPECT_EQ(halves, (std::vector<float>{0, 0}));
  pool.RunHere([&](int) { halves[0] = HalfOf(least); });
  EXPECT_EQ(halves[0], 0);
  EXPECT_GT(HalfOf(least), 0);
}

}  // namespace
}  // namespace recurve::cpu
