// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/solve_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "planner_service/process/mutex.h"
#include "planner_service/status/retry_delay.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Price kSmall{.most_seconds = kSmallSeconds};
constexpr Price kLarge{.most_seconds = 1, .remedy = "ask for less"};

class SolveGateTest : public ::testing::Test {
 protected:
  ~SolveGateTest() override {
    for (std::thread& thread : threads_) thread.join();
  }

  void Open(const SolveLimits& limits) { gate_.emplace(limits, metrics_); }

  // A solve that lasts until End(name), in a thread of its own. Returns when it is being solved, waits or has failed.
  void Start(const std::string& name, const Price& price, const std::string& client = "") {
    const size_t known = Known();
    threads_.emplace_back([this, name, price, client] {
      const CallScope scope({.client = client});
      const absl::Status status = gate_->Run(price, {}, [&](const CancelCheck&) { return Hold(name); }).status();
      if (status.ok()) return;
      const MutexLock lock(mutex_);
      failed_.push_back(name);
      statuses_.push_back(status);
    });
    while (Known() == known) std::this_thread::yield();
  }

  void End(const std::string& name) {
    MutexLock lock(mutex_);
    started_.erase(std::remove(started_.begin(), started_.end(), name), started_.end());
    changed_.notify_all();
  }

  // Waits until these are being solved. Their threads may arrive in any order.
  void Await(const std::vector<std::string>& names) {
    MutexLock lock(mutex_);
    changed_.wait(lock, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::is_permutation(started_.begin(), started_.end(), names.begin(), names.end());
    });
  }

  std::vector<std::string> started() {
    const MutexLock lock(mutex_);
    return started_;
  }
  std::vector<std::string> AwaitFailed(size_t count) {
    while (true) {
      const MutexLock lock(mutex_);
      if (failed_.size() == count) return failed_;
    }
  }
  // The status of a request whose solve ends at once.
  absl::Status Ask(const Price& price) {
    return gate_->Run(price, {}, [](const CancelCheck&) { return absl::StatusOr<bool>(true); }).status();
  }
  double Waiting(Lane lane) const { return metrics_.solves_waiting[static_cast<size_t>(lane)]->Value(); }

  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  std::optional<SolveGate> gate_;
  Mutex mutex_;
  std::vector<absl::Status> statuses_ ABSL_GUARDED_BY(mutex_);

 private:
  absl::StatusOr<bool> Hold(const std::string& name) {
    MutexLock lock(mutex_);
    started_.push_back(name);
    changed_.notify_all();
    changed_.wait(lock, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::find(started_.begin(), started_.end(), name) == started_.end();
    });
    return true;
  }

  size_t Known() {
    const MutexLock lock(mutex_);
    return started_.size() + failed_.size() + static_cast<size_t>(Waiting(Lane::kSmall) + Waiting(Lane::kLarge));
  }

  std::condition_variable_any changed_;
  std::vector<std::string> started_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> failed_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

TEST_F(SolveGateTest, LargeRequestsLeaveASolverForSmallOnes) {
  Open({.max_solves = 3, .max_waiting = 10});
  for (const char* name : {"L1", "L2", "L3", "L4"}) Start(name, kLarge);
  EXPECT_THAT(started(), ElementsAre("L1", "L2"));
  EXPECT_EQ(Waiting(Lane::kLarge), 2);
  Start("s1", kSmall);
  Start("s2", kSmall);
  EXPECT_THAT(started(), ElementsAre("L1", "L2", "s1"));
  End("s1");
  Await({"L1", "L2", "s2"});
  for (const char* name : {"s2", "L1", "L2"}) End(name);
  Await({"L3", "L4"});
  for (const char* name : {"L3", "L4"}) End(name);
}

TEST_F(SolveGateTest, SmallRequestsLeaveASolverForALargeOne) {
  Open({.max_solves = 2, .max_waiting = 10});
  for (const char* name : {"s1", "s2", "s3", "s4"}) Start(name, kSmall);
  EXPECT_THAT(started(), ElementsAre("s1", "s2"));
  Start("L", kLarge);
  End("s1");
  Await({"s2", "L"});
  End("s2");
  Await({"L", "s3"});
  for (const char* name : {"s3", "L"}) End(name);
  Await({"s4"});
  End("s4");
}

TEST_F(SolveGateTest, WithOneSolverSmallRequestsGetASecond) {
  Open({.max_solves = 1, .max_waiting = 10});
  Start("L1", kLarge);
  Start("L2", kLarge);
  Start("s1", kSmall);
  EXPECT_THAT(started(), ElementsAre("L1", "s1"));
  for (const char* name : {"s1", "L1"}) End(name);
  Await({"L2"});
  End("L2");
}

TEST_F(SolveGateTest, ClientsTakeTurns) {
  Open({.max_solves = 2, .max_waiting = 10});
  Start("running", kLarge, "a");
  for (const char* name : {"a1", "a2", "a3"}) Start(name, kLarge, "a");
  Start("b1", kLarge, "b");
  End("running");
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    while (started().empty()) std::this_thread::yield();
    order.push_back(started().front());
    End(order.back());
  }
  EXPECT_THAT(order, ElementsAre("b1", "a1", "a2", "a3"));
}

TEST_F(SolveGateTest, TheClientThatHasTheMostMakesRoom) {
  Open({.max_solves = 2, .max_waiting = 3});
  Start("running", kLarge, "a");
  for (const char* name : {"a1", "a2", "a3"}) Start(name, kLarge, "a");
  Start("a4", kLarge, "a");
  EXPECT_THAT(AwaitFailed(1), ElementsAre("a4"));
  Start("b1", kLarge, "b");
  EXPECT_THAT(AwaitFailed(2), ElementsAre("a4", "a3"));
  {
    const MutexLock lock(mutex_);
    for (const absl::Status& status : statuses_) {
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
      EXPECT_TRUE(RetryDelayOf(status).has_value());
    }
  }
  EXPECT_EQ(metrics_.shed.Value(), 2);
  End("running");
  for (const char* name : {"b1", "a1", "a2"}) {
    Await({name});
    End(name);
  }
}

TEST_F(SolveGateTest, LargeRequestsWaitForMemory) {
  Open({.max_solves = 3, .max_waiting = 10, .max_bytes = 100});
  const Price half{.most_seconds = 1, .bytes = 50};
  const Price most{.most_seconds = 1, .bytes = 60};
  Start("half", half);
  Start("most", most);
  EXPECT_THAT(started(), ElementsAre("half"));
  End("half");
  Await({"most"});
  End("most");
  const absl::Status refused = Ask({.bytes = 101, .remedy = "ask for less"});
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--memory-limit"));
}

TEST_F(SolveGateTest, ARequestAboveTheLimitIsNotSolved) {
  Open({.longest_solve = milliseconds(500)});
  bool solved = false;
  const auto run = [&](double least) {
    return gate_
        ->Run(Price{.least_seconds = least, .remedy = "ask for less"}, {},
              [&](const CancelCheck&) {
                solved = true;
                return absl::StatusOr<bool>(true);
              })
        .status();
  };
  const absl::Status refused = run(0.6);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("about 600ms"), HasSubstr("500ms (--max-solve-time): ask for less")));
  EXPECT_FALSE(RetryDelayOf(refused).has_value());
  EXPECT_FALSE(solved);
  EXPECT_EQ(metrics_.price_refusals_time.Value(), 1);

  const CallScope scope({.deadline = std::chrono::system_clock::now() + milliseconds(100)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(run(0.4)));
  EXPECT_FALSE(solved);
  EXPECT_TRUE(run(0).ok());
}

TEST_F(SolveGateTest, ARequestThatCannotBeSolvedInTimeDoesNotWait) {
  Open({.max_solves = 2, .max_waiting = 10, .longest_solve = std::chrono::hours(1)});
  const Price hour{.least_seconds = 3'000, .most_seconds = 3'600};
  Start("running", hour, "a");
  Start("waiting", hour, "a");
  const CallScope scope({.client = "b", .deadline = std::chrono::system_clock::now() + std::chrono::minutes(30)});
  const absl::Status refused = Ask(kLarge);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("beyond its deadline"));
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  EXPECT_TRUE(Ask(kSmall).ok());
  End("running");
  Await({"waiting"});
  End("waiting");
}

}  // namespace
}  // namespace recurve
