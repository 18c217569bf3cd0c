// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "executor/daemon/runner.h"

namespace recurve {
namespace {

TEST(ThreadShareTest, OwnersShareEvenlyAndSoDoTheJobsOfEach) {
  EXPECT_EQ(ThreadShare(/*threads=*/16, /*owners=*/1, /*per_owner=*/0, /*jobs=*/1, /*most=*/64), 16);
  EXPECT_EQ(ThreadShare(16, 1, 0, 4, 64), 4);
  EXPECT_EQ(ThreadShare(16, 2, 0, 1, 64), 8) << "however many jobs the other one has";
  EXPECT_EQ(ThreadShare(16, 2, 0, 4, 64), 2);
  EXPECT_EQ(ThreadShare(16, 2, 0, 1, 3), 3) << "no more than the job can use";
}

TEST(ThreadShareTest, AQuotaBoundsAllJobsOfAnOwnerButEachHasAThread) {
  EXPECT_EQ(ThreadShare(16, 1, 4, 1, 64), 4);
  EXPECT_EQ(ThreadShare(16, 1, 4, 2, 64), 2);
  EXPECT_EQ(ThreadShare(16, 1, 4, 8, 64), 1);
  EXPECT_EQ(ThreadShare(16, 8, 4, 1, 64), 2);
}

}  // namespace
}  // namespace recurve
