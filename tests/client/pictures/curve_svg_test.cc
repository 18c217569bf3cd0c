// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/curve_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<Curve> MustAnswer(const Workload& workload, const std::vector<Strategy>& strategies, int64_t points) {
  absl::StatusOr<std::vector<Curve>> curves = EmbeddedAdvisor().MakeCurves(workload, strategies, points, {});
  EXPECT_TRUE(curves.ok()) << curves.status();
  return *std::move(curves);
}

TEST(CurveSvg, MarksThePapersFivePercent) {
  const std::vector<Strategy> strategies = {Strategy::kAuto, Strategy::kHsm, Strategy::kChen, Strategy::kStoreAll};
  const std::string svg = CurveSvg(
      "1,000 links", MustAnswer(ChainWorkload{.length = 1000, .state_bytes = 1, .tape_bytes = 2}, strategies, 400));
  // 1,956 forwards of 1,000 links and backwards of two forwards each.
  EXPECT_THAT(svg, HasSubstr("5 % of store-all&#39;s memory: 1.32x its time"));
  EXPECT_THAT(svg, HasSubstr("auto: 1.32x<"));
  for (const char* style : {"curve-auto", "curve-hsm", "curve-chen", "curve-all"}) {
    EXPECT_THAT(svg, HasSubstr(std::string("<path class=\"curve ") + style));
  }
  EXPECT_THAT(svg, Not(HasSubstr("<path class=\"curve curve-ism")));
  EXPECT_LT(svg.size(), 100'000u);
}

TEST(CurveSvg, DrawsWhatThereIs) {
  EXPECT_THAT(CurveSvg("nothing <&>", {}), HasSubstr("nothing &lt;&amp;&gt;"));
  const std::string one = CurveSvg("", MustAnswer(ChainWorkload{.length = 1}, {Strategy::kAuto}, 10));
  EXPECT_THAT(one, Not(HasSubstr("nan")));
  EXPECT_THAT(one, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace recurve
