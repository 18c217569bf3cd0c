// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/mixed_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "planner_service/planning/chain.h"
#include "planner_service/planning/pareto_frontier.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "tests/planner_service/planning/reference_chains.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Random = std::mt19937_64;

int64_t Below(Random& random, int64_t limit) { return static_cast<int64_t>(random() % limit); }

ChainSegment RandomSegment(Random& random, int64_t links, int64_t largest) {
  return {.links = links,
          .state_bytes = Below(random, largest),
          .tape_bytes = Below(random, 2 * largest),
          .forward_cost = Below(random, largest),
          .taped_forward_cost = Below(random, largest),
          .backward_cost = Below(random, largest)};
}

ChainPlan PlanOf(const ChainRequest& request, int64_t max_points = 4'096) {
  EmbeddedChainPlanner planner(max_points);
  absl::StatusOr<ChainPlan> plan = planner.PlanChain(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok()) return {};
  EXPECT_LE(plan->peak_bytes, request.budget_bytes);
  EXPECT_LE(plan->cost_lower_bound, plan->cost);
  EXPECT_GE(plan->cost_lower_bound, plan->store_all_cost);
  const LinkSums sums = SumLinks(request.segments);
  const absl::StatusOr<ReplayResult> replay =
      Replay(plan->schedule, {.links = &sums}, kMaxActionsPerLink * sums.length());
  EXPECT_TRUE(replay.ok()) << replay.status();
  if (replay.ok()) {
    EXPECT_EQ(replay->peak_bytes, plan->peak_bytes);
    EXPECT_EQ(replay->forward_cost + plan->store_all_cost, plan->cost);
    EXPECT_EQ(replay->taped_count, sums.length());
  }
  return *std::move(plan);
}

bool Uses(const Schedule& schedule, Run::Kind kind) {
  return std::any_of(schedule.runs.begin(), schedule.runs.end(), [kind](const auto& run) { return run.kind == kind; });
}

TEST(MixedChain, CostsWhatTheBestOfAllPersistentSchedulesDoes) {
  Random random(1);
  int taped_first = 0;
  for (int round = 0; round < 400; ++round) {
    const int64_t largest = round % 2 == 0 ? 4 : 20;
    ChainRequest request;
    int64_t links = 0;
    while (links < 1 + round % 6) {
      const int64_t more = 1 + Below(random, 6 - links);
      request.segments.push_back(RandomSegment(random, more, largest));
      links += more;
    }
    request.budget_bytes = Below(random, links * largest + 1);
    const ChainPlan plan = PlanOf(request);
    EXPECT_EQ(plan.cost, BruteForceCost(request)) << "round " << round;
    EXPECT_EQ(plan.cost_lower_bound, plan.cost);
    if (Uses(plan.schedule, Run::Kind::kSplitTape)) ++taped_first;
  }
  EXPECT_GT(taped_first, 10);
}

TEST(MixedChain, AUniformChainCostsWhatAutoSays) {
  EmbeddedPlanner uniform;
  Random random(2);
  for (int round = 0; round < 150; ++round) {
    const int64_t length = 1 + Below(random, 40);
    const ByteBudget bytes = {1 + Below(random, 6), Below(random, 12), Below(random, 12 * length)};
    const absl::StatusOr<Plan> plan = uniform.MakePlan({.length = length, .budget = bytes}, {});
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ(plan->forward_count, plan->forward_count_lower_bound);
    const ChainPlan mixed = PlanOf({.segments = {{.links = length,
                                                  .state_bytes = bytes.state_bytes,
                                                  .tape_bytes = bytes.tape_bytes,
                                                  .forward_cost = 1,
                                                  .taped_forward_cost = 1}},
                                    .budget_bytes = bytes.budget_bytes});
    EXPECT_EQ(mixed.cost, plan->forward_count)
        << length << " links, " << bytes.state_bytes << " " << bytes.tape_bytes << " " << bytes.budget_bytes;
  }
}

TEST(MixedChain, HowTheLinksAreWrittenDownDoesNotMatter) {
  const ChainSegment encoder = {.links = 12, .state_bytes = 8, .tape_bytes = 40, .forward_cost = 3};
  const ChainSegment decoder = {.links = 9, .state_bytes = 16, .tape_bytes = 100, .forward_cost = 7};
  const auto part = [](ChainSegment segment, int64_t links) {
    segment.links = links;
    return segment;
  };
  const ChainRequest two = {.segments = {encoder, decoder}, .budget_bytes = 200, .max_corners = 100};
  const ChainRequest many = {.segments = {part(encoder, 1), part(encoder, 11), part(decoder, 4), part(decoder, 5)},
                             .budget_bytes = 200,
                             .max_corners = 100};
  const ChainPlan a = PlanOf(two);
  const ChainPlan b = PlanOf(many);
  EXPECT_EQ(a.schedule, b.schedule);
  EXPECT_EQ(a.curve, b.curve);
  EXPECT_EQ(CountSplits(two.segments), CountSplits(many.segments));
}

// An LSTM encoder of 512 units and a decoder of 1024 with attention, 8 steps per link, batch 16, in bytes.
ChainRequest EncoderDecoder(int64_t links, int64_t budget) {
  constexpr int64_t kStep = 16 * 4;
  return {.segments = {{.links = links,
                        .state_bytes = 2 * 512 * kStep,
                        .tape_bytes = 8 * 6 * 512 * kStep,
                        .forward_cost = 100,
                        .taped_forward_cost = 110,
                        .backward_cost = 220},
                       {.links = links,
                        .state_bytes = 3 * 1024 * kStep,
                        .tape_bytes = 8 * 8 * 1024 * kStep,
                        .forward_cost = 450,
                        .taped_forward_cost = 480,
                        .backward_cost = 950}},
          .final_state_bytes = 3 * 1024 * kStep,
          .budget_bytes = budget};
}

TEST(MixedChain, TheCurveOfAnEncoderAndADecoderIsMadeOfPlans) {
  ChainRequest request = EncoderDecoder(20, 0);
  request.max_corners = kMaxCorners;
  const ChainPlan whole = PlanOf(request);
  ASSERT_GT(whole.curve.size(), 20u);
  EXPECT_EQ(whole.curve.front().bytes, 0);
  EXPECT_EQ(whole.curve.back(), (ChainCorner{whole.store_all_bytes, whole.store_all_cost}));
  for (size_t i = 0; i < whole.curve.size(); i += 7) {
    const ChainCorner& corner = whole.curve[i];
    request.max_corners = 0;
    request.budget_bytes = corner.bytes;
    EXPECT_EQ(PlanOf(request).cost, corner.cost);
    if (i == 0) continue;
    request.budget_bytes = corner.bytes - 1;
    EXPECT_EQ(PlanOf(request).cost, whole.curve[i - 1].cost);
  }
  request.max_corners = 5;
  EXPECT_EQ(PlanOf(request).curve.size(), 5u);
}

TEST(MixedChain, WorkingSetTakesTheLargestOfEach) {
  ChainRequest request = EncoderDecoder(3, 0);
  EXPECT_EQ(PlanOf(request).working_set_bytes, 3 * (3 * 1024 * 64) + 8 * 8 * 1024 * 64);
  request.final_state_bytes *= 2;
  EXPECT_EQ(PlanOf(request).working_set_bytes, 3 * (2 * 3 * 1024 * 64) + 8 * 8 * 1024 * 64);
}

TEST(MixedChain, ThinnedCurvesKeepABoundThatHolds) {
  Random random(3);
  ChainRequest request;
  for (int link = 0; link < 40; ++link) request.segments.push_back(RandomSegment(random, 1, 1'000'000));
  for (request.budget_bytes = 1'000'000; request.budget_bytes < 20'000'000; request.budget_bytes *= 2) {
    const ChainPlan exact = PlanOf(request);
    EXPECT_EQ(exact.cost_lower_bound, exact.cost);
    for (const int64_t points : {2, 10, 40}) {
      const ChainPlan thinned = PlanOf(request, points);
      EXPECT_GE(thinned.cost, exact.cost);
      EXPECT_LE(thinned.cost_lower_bound, exact.cost);
      EXPECT_LT(thinned.cost_lower_bound, thinned.cost);
    }
    const ChainPlan nearly = PlanOf(request, 40);
    EXPECT_GT(static_cast<double>(nearly.cost_lower_bound), 0.95 * static_cast<double>(nearly.cost));
  }
}

TEST(MixedChain, RefusesWhatIsOutOfRange) {
  EmbeddedChainPlanner planner;
  const auto refusal = [&](const ChainRequest& request) {
    const absl::Status status = planner.PlanChain(request, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  const auto with = [](auto change) {
    ChainRequest request = EncoderDecoder(3, 5);
    change(request);
    return request;
  };
  EXPECT_THAT(refusal({}), HasSubstr("segments has 0 entries; must have 1 to 2000"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[1].links = 0; })), HasSubstr("segments[1].links is 0"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[1].links = 1'000'000; })), HasSubstr("must be 1 to 2000"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[0].links = 1'998; })),
              HasSubstr("total links of all segments is 2001"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[0].state_bytes = -1; })), HasSubstr("segments[0].state_bytes"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[0].tape_bytes = kMaxBytes + 1; })), HasSubstr("tape_bytes"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[1].backward_cost = -1; })), HasSubstr("[1].backward_cost is -1"));
  EXPECT_THAT(refusal(with([](auto& r) { r.segments[1].forward_cost = kMaxCost + 1; })), HasSubstr("forward_cost"));
  EXPECT_THAT(refusal(with([](auto& r) { r.budget_bytes = -1; })), HasSubstr("budget_bytes is -1"));
  EXPECT_THAT(refusal(with([](auto& r) { r.max_corners = 10'001; })), HasSubstr("max_corners is 10001"));
  EXPECT_THAT(refusal(EncoderDecoder(1'000, 5)), HasSubstr("ways to split their 2000 links; must be at most 5000000"));
}

TEST(MixedChain, TheLargestNumbersDoNotOverflow) {
  const ChainSegment huge = {.links = 1,
                             .state_bytes = kMaxBytes,
                             .tape_bytes = kMaxBytes,
                             .forward_cost = kMaxCost,
                             .taped_forward_cost = kMaxCost,
                             .backward_cost = kMaxCost};
  ChainRequest request = {.segments = {huge}};
  request.segments[0].links = 2'000;
  const ChainPlan plan = PlanOf(request);
  EXPECT_EQ(plan.cost, kMaxCost * (int64_t{2'000} * 2 + int64_t{1'999} * 2'000 / 2));
  EXPECT_EQ(plan.store_all_bytes, kMaxBytes * (1'999 + 1'998));
}

TEST(MixedChain, CanBeCancelled) {
  EmbeddedChainPlanner planner;
  int polls = 0;
  const auto plan = planner.PlanChain(EncoderDecoder(50, 10'000'000), [&] { return ++polls > 10; });
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kCancelled);
}

TEST(CountSplits, CountsEachDifferentSubChainOnce) {
  const auto links = [](std::vector<int64_t> counts) {
    std::vector<ChainSegment> segments;
    for (int64_t count : counts) {
      segments.push_back({.links = count, .state_bytes = static_cast<int64_t>(segments.size())});
    }
    return segments;
  };
  EXPECT_EQ(CountSplits(links({5})), 1 + 2 + 3 + 4);
  EXPECT_EQ(CountSplits(links({2, 1})), 1 + (1 + 2));
  EXPECT_EQ(CountSplits(links({1, 1, 1})), 1 + 1 + 2);
}

TEST(ParetoFrontier, ThinningKeepsTheEndsAndRoundsAsAsked) {
  ParetoFrontier frontier;
  for (int64_t i = 0; i < 100; ++i) frontier.push_back({.bytes = i, .cost = 99 - i});
  const ParetoFrontier up = Thinned(frontier, 10, Rounding::kUp);
  const ParetoFrontier down = Thinned(frontier, 10, Rounding::kDown);
  ASSERT_EQ(up.size(), 10u);
  ASSERT_EQ(down.size(), 10u);
  EXPECT_EQ(up.front(), frontier.front());
  EXPECT_EQ(up.back(), frontier.back());
  for (const ParetoPoint& point : frontier) {
    EXPECT_GE(PointWithin(up, point.bytes).cost, point.cost);
    EXPECT_LE(PointWithin(down, point.bytes).cost, point.cost);
  }
}

}  // namespace
}  // namespace recurve
