// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace recurve {
namespace {

using ::testing::ElementsAre;

class FairQueueTest : public ::testing::Test {
 protected:
  void Push(const std::string& client, int count) {
    for (int i = 0; i < count; ++i) queue_.Push(client, items_.emplace_back(client + std::to_string(i)));
  }
  std::vector<std::string> PopAll() {
    std::vector<std::string> order;
    while (!queue_.empty()) order.push_back(queue_.Pop());
    return order;
  }

  std::deque<std::string> items_;
  FairQueue<std::string> queue_;
};

TEST_F(FairQueueTest, ClientsTakeTurns) {
  Push("a", 4);
  Push("c", 2);
  Push("b", 1);
  EXPECT_EQ(queue_.size(), 7U);
  EXPECT_THAT(PopAll(), ElementsAre("a0", "b0", "c0", "a1", "c1", "a2", "a3"));
}

TEST_F(FairQueueTest, ANewClientIsServedWithinOneTurn) {
  Push("b", 3);
  EXPECT_EQ(queue_.Pop(), "b0");
  Push("a", 1);
  Push("c", 1);
  EXPECT_EQ(queue_.Next(), "c0");
  EXPECT_THAT(PopAll(), ElementsAre("c0", "a0", "b1", "b2"));
}

TEST_F(FairQueueTest, TheClientWithTheMostMakesRoom) {
  Push("a", 3);
  Push("b", 1);
  EXPECT_EQ(queue_.Excess("b"), "a2");
  Push("c", 3);
  EXPECT_EQ(queue_.Excess("c"), "c2") << "of several that have the most, the one that asks";
  queue_.Remove("a", queue_.Excess("a"));
  EXPECT_THAT(PopAll(), ElementsAre("a0", "b0", "c0", "a1", "c1", "c2"));
}

TEST_F(FairQueueTest, KnowsWhatIsServedBefore) {
  Push("a", 5);
  Push("b", 1);
  const auto before = [&](const std::string& client) {
    int count = 0;
    queue_.VisitBefore(client, [&](const std::string&) { ++count; });
    return count;
  };
  EXPECT_EQ(before("new"), 2) << "one of each";
  EXPECT_EQ(before("b"), 3) << "its own, and two of the other";
  EXPECT_EQ(before("a"), 6);
}

}  // namespace
}  // namespace recurve
