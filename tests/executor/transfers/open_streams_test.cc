// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/open_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace recurve {
namespace {

using testing::HasSubstr;

TEST(OpenStreamsTest, OneClientLeavesRoomForOthers) {
  int refusals = 0;
  OpenStreams streams(
      {.name = "transfers", .flag = "--max-transfers", .most = 3, .most_of_one = 2, .on_quota_refusal = [&] {
         ++refusals;
       }});
  EXPECT_TRUE(streams.Open("alice").ok());
  EXPECT_TRUE(streams.Open("alice").ok());
  const absl::Status refused = streams.Open("alice");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("alice has 2 transfers open, the limit (--max-transfers-per-owner)"));
  EXPECT_EQ(refusals, 1);
  EXPECT_TRUE(streams.Open("bob").ok());
  const absl::Status full = streams.Open("carol");
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), HasSubstr("3 transfers are open, the limit (--max-transfers)"));
  EXPECT_EQ(refusals, 1) << "the limit of all is no quota";
  streams.Close("alice");
  EXPECT_TRUE(streams.Open("carol").ok());
}

TEST(OpenStreamsTest, WithoutALimitForOneItMayHaveAll) {
  OpenStreams streams({.name = "transfers", .flag = "--max-transfers", .most = 2});
  EXPECT_TRUE(streams.Open("alice").ok());
  EXPECT_TRUE(streams.Open("alice").ok());
  EXPECT_FALSE(streams.Open("alice").ok());
}

}  // namespace
}  // namespace recurve
