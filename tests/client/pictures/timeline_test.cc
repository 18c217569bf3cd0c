// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

using Detail = Timeline::Detail;

constexpr LinkCosts kCosts = {.forward_seconds = 1, .taped_forward_seconds = 1.5, .backward_seconds = 2};

Plan MustPlan(Strategy strategy, int64_t length, std::variant<ByteBudget, SlotBudget> budget) {
  absl::StatusOr<Plan> plan =
      EmbeddedPlanner().MakePlan({.length = length, .strategy = strategy, .budget = budget}, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->feasible);
  return *std::move(plan);
}

Timeline MustDraw(const Plan& plan, int64_t state_size, int64_t tape_size) {
  absl::StatusOr<Timeline> timeline = MakeTimeline(plan, kCosts, state_size, tape_size);
  EXPECT_TRUE(timeline.ok()) << timeline.status();
  return *std::move(timeline);
}

// What a plan keeps during each forward and backward of one link, by the book: sets of states and tapes, link by link.
struct Moment {
  double begin, end;
  int64_t states, tapes;
};

std::vector<Moment> Recount(const Schedule& schedule) {
  std::vector<Moment> moments;
  std::map<int64_t, bool> states;  // stored state -> stored with a tape
  std::map<int64_t, bool> tapes;
  double now = 0;
  const auto note = [&](double seconds) {
    moments.push_back({now, now + seconds, static_cast<int64_t>(states.size()), static_cast<int64_t>(tapes.size())});
    now += seconds;
  };
  ScheduleWalk walk(schedule);
  while (const std::optional<Action> action = walk.Next()) {
    switch (action->kind) {
      case Action::Kind::kForward:
        if (action->write_state) states.emplace(action->begin, false);
        for (int64_t link = action->begin; link < action->end; ++link) {
          if (action->tape == Action::Tape::kStored) {
            tapes.emplace(link, true);
            if (link != 0) states.emplace(link, true);
          }
          note(action->tape == Action::Tape::kNone ? kCosts.forward_seconds : kCosts.taped_forward_seconds);
        }
        break;
      case Action::Kind::kReverse:
        for (int64_t link = action->end; link-- > action->begin;) {
          note(kCosts.backward_seconds);
          if (tapes.erase(link) == 0) continue;
          const auto after = states.find(link + 1);
          if (after != states.end() && after->second) states.erase(after);
        }
        break;
      case Action::Kind::kDiscard:
        states.erase(action->begin);
        break;
      case Action::Kind::kCopy:
        break;
    }
  }
  EXPECT_TRUE(states.empty() && tapes.empty());
  return moments;
}

struct Case {
  const char* name;
  Strategy strategy;
  int64_t length;
  std::variant<ByteBudget, SlotBudget> budget;
};

const std::vector<Case>& SmallCases() {
  static const auto* cases = new std::vector<Case>{
      {"one link", Strategy::kAuto, 1, ByteBudget{1, 2, 0}},
      {"two links", Strategy::kAuto, 2, ByteBudget{1, 2, 10}},
      {"auto 10", Strategy::kAuto, 10, ByteBudget{1, 2, 8}},
      {"auto 40", Strategy::kAuto, 40, ByteBudget{1, 2, 11}},
      {"auto 64, nothing", Strategy::kAuto, 64, ByteBudget{3, 7, 0}},
      {"store-all 40", Strategy::kStoreAll, 40, ByteBudget{1, 2, 1000}},
      {"chen 50", Strategy::kChen, 50, ByteBudget{5, 3, 1000}},
      {"hsm 30", Strategy::kHsm, 30, ByteBudget{2, 9, 9}},
      {"ism 30", Strategy::kIsm, 30, SlotBudget{4, 3}},
      {"msm 40", Strategy::kMsm, 40, SlotBudget{10, 3}},
  };
  return *cases;
}

ByteBudget SizesOf(const Case& c) {
  const auto* bytes = std::get_if<ByteBudget>(&c.budget);
  return bytes != nullptr ? *bytes : ByteBudget{1, std::get<SlotBudget>(c.budget).alpha - 1, 0};
}

TEST(Timeline, HoldsWhatAReplayLinkByLinkHoldsAtEachMoment) {
  for (const Case& c : SmallCases()) {
    SCOPED_TRACE(c.name);
    const Plan plan = MustPlan(c.strategy, c.length, c.budget);
    const ByteBudget sizes = SizesOf(c);
    const Timeline timeline = MustDraw(plan, sizes.state_bytes, sizes.tape_bytes);
    const std::vector<Moment> moments = Recount(plan.schedule);
    ASSERT_EQ(timeline.detail, Detail::kLinks);
    ASSERT_EQ(timeline.work.size(), moments.size());
    ASSERT_EQ(timeline.fill.size(), 2 * moments.size());
    EXPECT_EQ(static_cast<int64_t>(moments.size()), plan.forward_count + c.length);
    for (size_t i = 0; i < moments.size(); ++i) {
      EXPECT_DOUBLE_EQ(timeline.work[i].begin, moments[i].begin);
      EXPECT_DOUBLE_EQ(timeline.work[i].end, moments[i].end);
      for (const Timeline::Fill& fill : {timeline.fill[2 * i], timeline.fill[2 * i + 1]}) {
        EXPECT_EQ(fill.states, moments[i].states) << "step " << i;
        EXPECT_EQ(fill.tapes, moments[i].tapes) << "step " << i;
      }
    }
    EXPECT_DOUBLE_EQ(timeline.duration, moments.back().end);
    if (std::holds_alternative<ByteBudget>(c.budget)) {
      EXPECT_EQ(timeline.peak.states * sizes.state_bytes + timeline.peak.tapes * sizes.tape_bytes, plan.peak_bytes);
    }
  }
}

TEST(Timeline, BarsAreThereForAsLongAsSomethingIsStored) {
  for (const Case& c : SmallCases()) {
    SCOPED_TRACE(c.name);
    const Plan plan = MustPlan(c.strategy, c.length, c.budget);
    const ByteBudget sizes = SizesOf(c);
    const Timeline timeline = MustDraw(plan, sizes.state_bytes, sizes.tape_bytes);
    for (const Moment& moment : Recount(plan.schedule)) {
      // A tape is drawn from the beginning of its forward to the end of its backward.
      const auto tapes = std::ranges::count_if(timeline.kept, [&](const Timeline::StoredInterval& stay) {
        return stay.tapes && stay.stored_at_from <= moment.begin && moment.end <= stay.dropped_at_from;
      });
      EXPECT_EQ(tapes, moment.tapes) << "at " << moment.begin;
    }
  }
}

// The bytes of a coarse timeline at a time, between its points.
double BytesAt(const Timeline& timeline, double time, const ByteBudget& sizes) {
  double most = 0;
  for (size_t i = 1; i < timeline.fill.size(); ++i) {
    const auto& [first, last] = std::tie(timeline.fill[i - 1], timeline.fill[i]);
    if (first.time > time || last.time < time) continue;
    const auto bytes = [&](const Timeline::Fill& fill) {
      return static_cast<double>(fill.states * sizes.state_bytes + fill.tapes * sizes.tape_bytes);
    };
    const double along = last.time > first.time ? (time - first.time) / (last.time - first.time) : 1;
    most = std::max(most, bytes(first) + along * (bytes(last) - bytes(first)));
  }
  return most;
}

TEST(Timeline, LongOnesAreCoarserButFollowTheSameCount) {
  const std::vector<std::pair<Case, Detail>> cases = {
      {{"auto 1000", Strategy::kAuto, 1000, ByteBudget{524288, 1048576, 78643200}}, Detail::kActions},
      {{"store-all 1000", Strategy::kStoreAll, 1000, ByteBudget{1, 2, 10000}}, Detail::kActions},
      {{"hsm 3000", Strategy::kHsm, 3000, ByteBudget{1, 2, 9}}, Detail::kPixels},
  };
  for (const auto& [c, detail] : cases) {
    SCOPED_TRACE(c.name);
    const Plan plan = MustPlan(c.strategy, c.length, c.budget);
    const ByteBudget sizes = SizesOf(c);
    const Timeline timeline = MustDraw(plan, sizes.state_bytes, sizes.tape_bytes);
    EXPECT_EQ(timeline.detail, detail);
    EXPECT_EQ(timeline.peak.states * sizes.state_bytes + timeline.peak.tapes * sizes.tape_bytes, plan.peak_bytes);
    // A ramp lies below the stairs of single links by no more than two of them; a column shows its fullest moment.
    const double step = 2 * static_cast<double>(sizes.state_bytes + sizes.tape_bytes);
    double most = 0;
    for (const Moment& moment : Recount(plan.schedule)) {
      const auto bytes = static_cast<double>(moment.states * sizes.state_bytes + moment.tapes * sizes.tape_bytes);
      const double drawn = BytesAt(timeline, (moment.begin + moment.end) / 2, sizes);
      if (detail == Detail::kActions) {
        EXPECT_NEAR(drawn, bytes, step) << "at " << moment.begin;
      } else {
        EXPECT_GE(drawn, bytes) << "at " << moment.begin;
      }
      most = std::max(most, drawn);
    }
    EXPECT_NEAR(most, static_cast<double>(plan.peak_bytes), step);
  }
}

TEST(Timeline, IsOfBoundedSizeForAMillionLinks) {
  for (const auto& [strategy, budget] :
       std::vector<std::pair<Strategy, ByteBudget>>{{Strategy::kHsm, {524288, 1048576, 78643200}},
                                                    {Strategy::kAuto, {1, 1, 999'999}},
                                                    {Strategy::kAuto, {524288, 1048576, 1 << 30}},
                                                    {Strategy::kStoreAll, {1, 2, 10'000'000}}}) {
    const Plan plan = MustPlan(strategy, 1'000'000, budget);
    const Timeline timeline = MustDraw(plan, budget.state_bytes, budget.tape_bytes);
    EXPECT_LE(timeline.work.size(), 20'000u);
    EXPECT_LE(timeline.kept.size(), 20'000u);
    EXPECT_LE(timeline.fill.size(), 2 * Timeline::kMostShapes);
    EXPECT_EQ(timeline.peak.states * budget.state_bytes + timeline.peak.tapes * budget.tape_bytes, plan.peak_bytes);
  }
}

TEST(Timeline, RefusesAScheduleThatDoesNotRun) {
  Plan plan = MustPlan(Strategy::kStoreAll, 5, ByteBudget{1, 2, 100});
  plan.schedule.runs = {{.kind = Run::Kind::kTapeAll, .length = 4},
                        {.kind = Run::Kind::kFetch, .length = 4, .left = 0}};
  EXPECT_EQ(MakeTimeline(plan, kCosts, 1, 2).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace recurve
