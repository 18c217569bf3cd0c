// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/roofline.h"

#include <cmath>

#include "executor/backend/cpu/cpu_backend.h"
#include "gtest/gtest.h"

namespace recurve {
namespace {

TEST(Roofline, TimeIsBoundByTheNearerRoof) {
  const Roofline roofline{.flops_per_second = 100, .bytes_per_second = 10};
  const OperationCost product{.flops = 1000, .bytes = 50};  // 10 s, 5 s
  const OperationCost copy{.bytes = 50};
  EXPECT_EQ(roofline.Seconds(product), 10);
  EXPECT_EQ(roofline.Seconds(copy), 5);
  EXPECT_EQ(BoundOf(product, 10, roofline), Bound::kCompute);
  EXPECT_EQ(BoundOf(copy, 5, roofline), Bound::kMemory);
  EXPECT_EQ(BoundOf(product, 19.9, roofline), Bound::kCompute);
  EXPECT_EQ(BoundOf(product, 20.1, roofline), Bound::kOverhead);
  EXPECT_EQ(BoundOf(copy, 1, roofline), Bound::kMemory);  // faster than memory: from the caches
}

TEST(Roofline, IsProbed) {
  const auto backend = MakeCpuBackend({.threads = 1}).value();
  const absl::StatusOr<Roofline> roofline = ProbeRoofline(*backend);
  ASSERT_TRUE(roofline.ok()) << roofline.status();
  EXPECT_GT(roofline->flops_per_second, 0);
  EXPECT_GT(roofline->bytes_per_second, 0);
  EXPECT_TRUE(std::isfinite(roofline->flops_per_second));
  EXPECT_TRUE(std::isfinite(roofline->bytes_per_second));
}

}  // namespace
}  // namespace recurve
