// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace recurve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AdmitTest, TheFirstStartsIfItsBytesAreFree) {
  const Admission admission =
      Admit(100, {{.number = 2, .bytes = 60}, {.number = 1, .bytes = 40}}, {{.number = 3, .promised = 60}});
  EXPECT_EQ(admission.start, 1);
  EXPECT_EQ(admission.promised, 40);
}

TEST(AdmitTest, NoneOvertakesALargeJobThatWaits) {
  const Admission admission =
      Admit(100, {{.number = 4, .bytes = 90}, {.number = 5, .bytes = 1}}, {{.number = 3, .promised = 60}});
  EXPECT_FALSE(admission.start.has_value());
  EXPECT_THAT(admission.preempt, IsEmpty());
}

TEST(AdmitTest, HigherPrioritiesStartFirst) {
  EXPECT_EQ(Admit(100, {{.number = 1, .bytes = 1}, {.number = 2, .priority = 5, .bytes = 1}}, {}).start, 2);
}

TEST(AdmitTest, AJobOfUnknownNeedIsPromisedAllThatIsFree) {
  const Admission admission = Admit(100, {{.number = 1}}, {{.number = 3, .promised = 30}});
  EXPECT_EQ(admission.start, 1);
  EXPECT_EQ(admission.promised, 70);
  EXPECT_FALSE(Admit(100, {{.number = 1, .at_least = 71}}, {{.number = 3, .promised = 30}}).start.has_value());
  EXPECT_FALSE(Admit(100, {{.number = 1}}, {{.number = 3, .promised = 100}}).start.has_value());
}

TEST(AdmitTest, AJobAboveTheQuotaOfItsOwnerIsPassedOver) {
  EXPECT_EQ(Admit(100, {{.number = 1, .bytes = 40, .most = 39}, {.number = 2, .bytes = 50}}, {}).start, 2);
  EXPECT_EQ(Admit(100, {{.number = 1, .bytes = 40, .most = 40}, {.number = 2, .bytes = 50}}, {}).start, 1);
  EXPECT_FALSE(Admit(100, {{.number = 1, .at_least = 11, .most = 10}}, {}).start.has_value());
  const std::vector<RunningJob> running = {{.number = 3, .priority = 0, .promised = 100}};
  EXPECT_THAT(Admit(100, {{.number = 9, .priority = 2, .bytes = 40, .most = 39}}, running).preempt, IsEmpty());
}

TEST(AdmitTest, AJobOfUnknownNeedIsPromisedNoMoreThanItsQuota) {
  EXPECT_EQ(Admit(100, {{.number = 1, .most = 60}}, {}).promised, 60);
  EXPECT_EQ(Admit(100, {{.number = 1, .most = 60}}, {{.number = 3, .promised = 70}}).promised, 30);
}

TEST(AdmitTest, PreemptsTheLowestPriorityAndOfTheseTheNewest) {
  const std::vector<RunningJob> running = {{.number = 1, .priority = 1, .promised = 30},
                                           {.number = 2, .priority = 0, .promised = 30},
                                           {.number = 3, .priority = 0, .promised = 30}};
  EXPECT_THAT(Admit(100, {{.number = 9, .priority = 2, .bytes = 40}}, running).preempt, ElementsAre(3));
  EXPECT_THAT(Admit(100, {{.number = 9, .priority = 2, .bytes = 70}}, running).preempt, ElementsAre(3, 2));
  EXPECT_THAT(Admit(100, {{.number = 9, .priority = 1, .bytes = 100}}, running).preempt, IsEmpty())
      << "equal priorities do not preempt, and the others are not enough";
}

TEST(AdmitTest, WaitsForJobsThatAreStoppingAlready) {
  const std::vector<RunningJob> running = {{.number = 1, .priority = 7, .promised = 50, .stopping = true},
                                           {.number = 2, .priority = 0, .promised = 50}};
  const Admission admission = Admit(100, {{.number = 9, .priority = 2, .bytes = 40}}, running);
  EXPECT_FALSE(admission.start.has_value());
  EXPECT_THAT(admission.preempt, IsEmpty());
}

TEST(AdmitTest, WaitsForAPlanBeforeItPreempts) {
  const WaitingJob first = {.number = 9, .priority = 2, .bytes = 40};
  EXPECT_THAT(Admit(100, {first}, {{.number = 1, .promised = 100, .settling = true}}).preempt, IsEmpty());
  EXPECT_THAT(Admit(100, {first}, {{.number = 1, .promised = 100}}).preempt, ElementsAre(1));
}

TEST(AdmitTest, ASuspectRunsAlone) {
  EXPECT_FALSE(Admit(100, {{.number = 1, .bytes = 1, .alone = true}}, {{.number = 2, .promised = 1}}).start);
  EXPECT_FALSE(Admit(100, {{.number = 1, .bytes = 1}}, {{.number = 2, .promised = 1, .alone = true}}).start);
  EXPECT_EQ(Admit(100, {{.number = 1, .bytes = 1, .alone = true}}, {}).start, 1);
}

// Random queues: promises never exceed the budget, every job runs in the end, and within a priority they start in
// order.
TEST(AdmitTest, EveryJobStartsAndTheBudgetHolds) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const int64_t budget = 100;
    std::vector<WaitingJob> waiting;
    for (int64_t number = 1; number <= 30; ++number) {
      waiting.push_back({.number = number, .bytes = static_cast<int64_t>(random() % 101)});
    }
    std::vector<RunningJob> running;
    int64_t last = 0;
    while (!waiting.empty()) {
      const Admission admission = Admit(budget, waiting, running);
      EXPECT_THAT(admission.preempt, IsEmpty());
      if (!admission.start) {
        ASSERT_FALSE(running.empty()) << "nothing runs and nothing starts";
        running.erase(running.begin() + static_cast<int64_t>(random() % running.size()));
        continue;
      }
      EXPECT_GT(*admission.start, last);
      last = *admission.start;
      running.push_back({.number = last, .promised = admission.promised});
      waiting.erase(std::find_if(waiting.begin(), waiting.end(), [&](const auto& job) { return job.number == last; }));
      int64_t promised = 0;
      for (const RunningJob& job : running) promised += job.promised;
      ASSERT_LE(promised, budget);
    }
  }
}

}  // namespace
}  // namespace recurve
