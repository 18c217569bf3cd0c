// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/pictures/axis.h"
#include "client/pictures/markup.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

PlanFigures MustDraw(const PlanRequest& request) {
  const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<PlanFigures> figures = FiguresOf(request, *plan);
  EXPECT_TRUE(figures.ok()) << figures.status();
  return *std::move(figures);
}

TEST(PlanFigures, SayInPlainWordsWhatIsTraded) {
  const PlanFigures figures = MustDraw({.length = 1000, .budget = ByteBudget{512 << 10, 1 << 20, 75 << 20}});
  EXPECT_EQ(figures.Headline(), "1,000 links in 75MiB: 5.0 % of store-all's memory, 1.32x its time");
  EXPECT_EQ(figures.Subtitle(), "strategy auto; per link: state 512KiB, tape 1MiB");
  // Of 1000 links: 1,956 forwards and, as in the paper, backwards of two forwards each.
  EXPECT_DOUBLE_EQ(figures.Slowdown(), (1956 + 2000) / 3000.0);

  const PlanFigures all = MustDraw({.length = 10, .strategy = Strategy::kStoreAll, .budget = ByteBudget{1, 2, 26}});
  EXPECT_EQ(all.Headline(), "10 links with every tape stored: 26B, nothing recomputed");
}

TEST(PlanFigures, MeasuredCostsMakeTheTimeSeconds) {
  const PlanRequest request = {
      .length = 10,
      .budget = ByteBudget{1, 2, 0},
      .costs = LinkCosts{.forward_seconds = 0.5, .taped_forward_seconds = 1, .backward_seconds = 1}};
  const PlanFigures figures = MustDraw(request);
  EXPECT_DOUBLE_EQ(figures.timeline.duration, 45 * 0.5 + 10 * 2);
  EXPECT_DOUBLE_EQ(figures.Slowdown(), 42.5 / 20);
  EXPECT_THAT(PlanSvg(figures), HasSubstr("predicted time"));
}

TEST(PlanFigures, PaperUnitsAreStatesAndTheDifferenceIsSaid) {
  const PlanFigures figures =
      MustDraw({.length = 40, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = 10, .alpha = 3}});
  EXPECT_EQ(figures.budget, 9);
  EXPECT_THAT(figures.Headline(), HasSubstr("40 links in 9 states"));
  EXPECT_GT(figures.peak, figures.budget);
  EXPECT_THAT(figures.Explanation().back(), HasSubstr("the paper's slots"));
}

TEST(PlanSvg, SmallOnesNameEachStepAndLongOnesDoNot) {
  const std::string small = PlanSvg(MustDraw({.length = 10, .budget = ByteBudget{1, 2, 8}}));
  EXPECT_THAT(small, HasSubstr("<title>forward of link 3</title>"));
  EXPECT_THAT(small, HasSubstr("<title>backward of link 9</title>"));
  EXPECT_THAT(small, HasSubstr(">state 4</text>"));
  EXPECT_THAT(small, HasSubstr(">tape 7</text>"));
  const std::string large = PlanSvg(MustDraw({.length = 100'000, .budget = ByteBudget{1, 2, 10'000}}));
  EXPECT_THAT(large, Not(HasSubstr("<title>forward")));
}

TEST(PlanSvg, StaysSmallForAMillionLinks) {
  constexpr size_t kMost = 2'000'000;
  for (const auto& [strategy, budget] :
       std::vector<std::pair<Strategy, ByteBudget>>{{Strategy::kHsm, {524288, 1048576, 78643200}},
                                                    {Strategy::kHsm, {1, 1, 3}},
                                                    {Strategy::kChen, {1, 1, 100'000}},
                                                    {Strategy::kStoreAll, {1, 2, 10'000'000}},
                                                    {Strategy::kAuto, {1, 1, 999'999}}}) {
    EXPECT_LE(PlanSvg(MustDraw({.length = 1'000'000, .strategy = strategy, .budget = budget})).size(), kMost);
  }
}

TEST(Markup, EscapesWhatMeansSomething) {
  EXPECT_EQ(Escaped("a<b>&\"c'\x01\n"), "a&lt;b&gt;&amp;&quot;c&#39;  ");
  EXPECT_EQ(Coordinate(-0.04), "0");
  EXPECT_EQ(Coordinate(12.25), "12.2");
  EXPECT_THAT(Wrapped("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrapped("incomprehensibilities then", 8), ElementsAre("incomprehensibilities", "then"));
}

TEST(RoundTicks, AreRoundAndFew) {
  EXPECT_THAT(RoundTicks(10, 5), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(RoundTicks(3, 10, 1, 1), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(RoundTicks(3 * 1024.0, 3, BinaryUnit(3 * 1024.0)), ElementsAre(0, 1024, 2048, 3072));
  EXPECT_THAT(RoundTicks(0, 5), ElementsAre(0));
}

}  // namespace
}  // namespace recurve
