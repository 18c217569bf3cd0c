// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/call_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planner_service/status/retry_delay.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;

class CallMemoryTest : public ::testing::Test {
 protected:
  // The number of reservations of 10 bytes that a client gets on top of those that exist.
  int ReserveAll(const std::string& client) {
    for (int count = 0;; ++count) {
      auto reservation = memory_.Reserve(client, 10);
      if (!reservation.ok()) return count;
      held_.push_back(*std::move(reservation));
    }
  }

  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  CallMemory memory_{1'200, metrics_};
  std::vector<CallMemory::Reservation> held_;
};

TEST_F(CallMemoryTest, AClientGetsHalfAndLeavesRoomForOthers) {
  EXPECT_EQ(ReserveAll("a"), 60);
  EXPECT_EQ(ReserveAll("b"), 30);
  EXPECT_EQ(ReserveAll("c"), 15);
  EXPECT_GE(ReserveAll("d"), 7);
  EXPECT_LE(metrics_.call_bytes.Value(), 1'200);
}

TEST_F(CallMemoryTest, WhatIsFreedCanBeReservedAgain) {
  ReserveAll("a");
  const absl::Status full = memory_.Reserve("a", 10).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryDelayOf(full).has_value());
  EXPECT_THAT(std::string(full.message()), HasSubstr("try again later"));
  EXPECT_EQ(metrics_.shed.Value(), 2);
  held_.clear();
  EXPECT_EQ(metrics_.call_bytes.Value(), 0);
  EXPECT_EQ(ReserveAll("a"), 60);
}

TEST_F(CallMemoryTest, WhatNeverFitsIsNotToBeRetried) {
  const absl::Status refused = memory_.Reserve("a", 601).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(RetryDelayOf(refused).has_value());
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--memory-limit"));
  EXPECT_EQ(metrics_.price_refusals_memory.Value(), 1);
}

}  // namespace
}  // namespace recurve
