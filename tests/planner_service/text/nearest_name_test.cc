// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/nearest_name.h"

#include <gtest/gtest.h>

namespace recurve {
namespace {

TEST(NearestName, FindsBeginningsAndSmallMistakes) {
  const std::vector<std::string> names = {"max-jobs", "max-queued", "listen", "metrics-listen"};
  EXPECT_EQ(NearestName("max-job", names), 0);
  EXPECT_EQ(NearestName("max-qeued", names), 1);
  EXPECT_EQ(NearestName("max_queued", names), 1);
  EXPECT_EQ(NearestName("lisetn", names), 2);
  EXPECT_EQ(NearestName("metrics", names), 3);
}

TEST(NearestName, NothingIsClose) {
  EXPECT_EQ(NearestName("threads", {"max-jobs", "listen"}), -1);
  EXPECT_EQ(NearestName("", {"max-jobs", "listen"}), -1);
  EXPECT_EQ(NearestName("listen", {}), -1);
}

}  // namespace
}  // namespace recurve
