// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace recurve::cpu {
namespace {

TEST(ThreadPool, EachThreadRunsEachTaskOnce) {
  for (const int threads : {1, 2, 5}) {
    const auto owner = ThreadPool::Create(threads).value();
    ThreadPool& pool = *owner;
    EXPECT_EQ(pool.size(), threads);
    std::vector<int> runs(threads, 0);  // not atomic: Run orders what the threads do
    for (int round = 0; round < 2000; ++round) {
      pool.Run([&](int thread) { ++runs[thread]; });
      for (const int n : runs) ASSERT_EQ(n, round + 1);
    }
  }
}

TEST(ThreadPool, RunsAgainAfterItsThreadsSlept) {
  const auto owner = ThreadPool::Create(3).value();
  ThreadPool& pool = *owner;
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

TEST(ThreadPool, EndsUnused) { EXPECT_TRUE(ThreadPool::Create(4).ok()); }

// Some threads can be had and not as many as are asked for: those end, and whoever asked goes on.
TEST(ThreadPool, SaysWhenTheSystemGivesFewerThreads) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need address space without a limit";
#endif
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{.rlim_cur = rlim_t{1} << 30, .rlim_max = RLIM_INFINITY};  // room for a hundred stacks or so
    setrlimit(RLIMIT_AS, &limit);
    const auto refused = ThreadPool::Create(1024);
    const bool told = absl::IsResourceExhausted(refused.status()) &&
                      std::string(refused.status().message()).find("of 1024)") != std::string::npos;
    _exit(told && ThreadPool::Create(2).ok() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

float HalfOf(float x) {
  volatile float computed_here = x;
  return computed_here * 0.5f;
}

TEST(ThreadPool, FlushesDenormalsInTasksOnly) {
  const float least = std::numeric_limits<float>::min();
  const auto owner = ThreadPool::Create(2).value();
  ThreadPool& pool = *owner;
  std::vector<float> halves(2, 1.0f);
  pool.Run([&](int thread) { halves[thread] = HalfOf(least); });
  EXPECT_EQ(halves, (std::vector<float>{0, 0}));
  pool.RunHere([&](int) { halves[0] = HalfOf(least); });
  EXPECT_EQ(halves[0], 0);
  EXPECT_GT(HalfOf(least), 0);
}

}  // namespace
}  // namespace recurve::cpu
