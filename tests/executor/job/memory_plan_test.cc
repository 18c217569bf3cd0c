// SPDX-License-Identifier: Apache-2.0
//
// Which link a job is cut into when the costs are given, against all candidates one by one.
#include "executor/job/memory_plan.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/job/link_sizing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/schedule/schedule.h"
#include "tests/executor/backend/pretending_backend.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

using testing::ElementsAre;

// The embedded planner, with its ear to the door.
class ListeningPlanner final : public Planner {
 public:
  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    requests.push_back(request);
    return planner_.MakePlan(request, cancelled);
  }
  std::vector<PlanRequest> requests;

 private:
  EmbeddedPlanner planner_;
};

class MemoryPlanTest : public testing::Test {
 protected:
  JobSpec Spec(Strategy strategy, int64_t total) const {
    return {.task = LanguageModelOptions({.model = {.layers = 2, .hidden = 12}}),
            .batch = 8,
            .length = 150,
            .memory = TotalBytes{total},
            .strategy = strategy,
            .threads = 1};
  }

  // Costs of the candidates that fit, by link: about as long as the link, give or take a half.
  std::map<int64_t, MeasuredLink> GiveCosts(const JobSpec& spec) {
    CalibrationOptions fitting{.batch = spec.batch};
    std::vector<MeasuredLink> measured;
    std::map<int64_t, MeasuredLink> by_link;
    const auto draw = [&](double mean) { return mean * std::uniform_real_distribution<double>(0.5, 1.5)(random_); };
    for (const int64_t link : LinksToMeasure(spec, backend_->MostLinkRows()).links) {
      if (SizeLink(spec, link, *backend_).fixed.total() > std::get<TotalBytes>(spec.memory).bytes) continue;
      const auto steps = static_cast<double>(link);
      fitting.links.push_back(link);
      measured.push_back({link, draw(steps), draw(steps), draw(2 * steps), draw(3)});
      by_link[link] = measured.back();
    }
    costs_.Put(KeyOf(spec.task->Describe(), fitting, *backend_), measured);
    return by_link;
  }

  // The least predicted time of all candidates, each with its own plan, and its link.
  std::optional<std::pair<double, int64_t>> Least(const JobSpec& spec, const std::map<int64_t, MeasuredLink>& costs) {
    std::optional<std::pair<double, int64_t>> least;
    EmbeddedPlanner planner;
    for (const auto& [link, measured] : costs) {
      const LinkSizing sizing = SizeLink(spec, link, *backend_);
      const ByteBudget store = {.state_bytes = sizing.link_bytes.state,
                                .tape_bytes = sizing.link_bytes.tape,
                                .budget_bytes = std::get<TotalBytes>(spec.memory).bytes - sizing.fixed.total()};
      const auto plan = planner.MakePlan({.length = sizing.links(), .strategy = spec.strategy, .budget = store}, {});
      if (!plan->feasible) continue;
      const double time = PredictSeconds(plan->forward_count, sizing.links(), CostsOf(measured, sizing.options.shape));
      if (!least || time < least->first) least = {time, link};
    }
    return least;
  }

  const std::unique_ptr<Backend> backend_ = MakeCpuBackend({.threads = 1}).value();
  std::mt19937 random_{1};
  LinkCostCache costs_;
  ListeningPlanner planner_;
  EmbeddedChainPlanner two_level_;
};

// What a plan's schedule costs, link by link.
double WalkedSeconds(const MemoryPlan& plan) {
  double seconds = 0;
  ScheduleWalk walk(plan.plan.schedule);
  while (const std::optional<Action> action = walk.Next()) {
    const auto links = static_cast<double>(action->end - action->begin);
    if (action->kind == Action::Kind::kReverse) seconds += links * plan.costs.backward_seconds;
    if (action->kind != Action::Kind::kForward) continue;
    seconds +=
        links * (action->tape == Action::Tape::kNone ? plan.costs.forward_seconds : plan.costs.taped_forward_seconds);
  }
  return seconds;
}

TEST_F(MemoryPlanTest, TakesTheLinkOfLeastPredictedTime) {
  std::map<int64_t, int> taken;
  for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
    const LinkSizing smallest = SizeLink(Spec(strategy, 0), 1, *backend_);
    const int64_t most = smallest.store_all_bytes() + 500'000;
    for (int64_t total = smallest.fixed.total(); total <= most; total += 1 + (most - smallest.fixed.total()) / 40) {
      const JobSpec spec = Spec(strategy, total);
      const std::map<int64_t, MeasuredLink> given = GiveCosts(spec);
      const auto least = Least(spec, given);
      planner_.requests.clear();
      const auto plan = PlanMemory(spec, *backend_, {planner_, two_level_}, costs_, {});
      ASSERT_EQ(plan.ok(), least.has_value()) << plan.status();
      if (!least) continue;
      const int64_t link = plan->options.shape.link;
      EXPECT_EQ(link, least->second);
      EXPECT_EQ(*plan->plan.predicted_seconds, least->first);
      EXPECT_EQ(plan->costs, CostsOf(given.at(link), plan->options.shape));
      EXPECT_NEAR(WalkedSeconds(*plan), least->first, 1e-9 * least->first);
      for (const PlanRequest& request : planner_.requests) {
        const auto fits = std::any_of(given.begin(), given.end(), [&](const auto& each) {
          return request.costs ==
                 CostsOf(each.second, {.length = spec.length, .link = each.first, .batch = spec.batch});
        });
        EXPECT_TRUE(fits || std::get<ByteBudget>(request.budget).budget_bytes == 0);
      }
      ++taken[link];
    }
  }
  EXPECT_GE(taken.size(), 5) << "many links were to be the best somewhere";
}

TEST_F(MemoryPlanTest, AGivenLinkIsNotChosen) {
  JobSpec spec = Spec(Strategy::kAuto, 1 << 30);
  spec.link = 7;
  const CalibrationOptions only = {.batch = spec.batch, .links = {7}};
  const MeasuredLink seven = {7, 1, 2, 3, 4};
  costs_.Put(KeyOf(spec.task->Describe(), only, *backend_), {seven});
  const auto plan = PlanMemory(spec, *backend_, {planner_, two_level_}, costs_, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->options.shape.link, 7);
  EXPECT_EQ(plan->costs, CostsOf(seven, plan->options.shape));
  EXPECT_EQ(ToString(plan->costs_key), ToString(KeyOf(spec.task->Describe(), only, *backend_)));
}

TEST_F(MemoryPlanTest, RecalibratingMeasuresWhatIsKnown) {
  JobSpec spec = Spec(Strategy::kAuto, 1 << 30);
  spec.link = 7;
  const CalibrationOptions only = {.batch = spec.batch, .links = {7}};
  const std::vector<MeasuredLink> absurd = {{7, 1e6, 1e6, 1e6, 1e6}};
  costs_.Put(KeyOf(spec.task->Describe(), only, *backend_), absurd);
  spec.recalibrate = true;
  const auto plan = PlanMemory(spec, *backend_, {planner_, two_level_}, costs_, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_LT(plan->costs.forward_seconds, 1e6);
  EXPECT_NE(costs_.Find(plan->costs_key), absurd);
}

TEST(LinksToMeasure, AreDoubledFromOneStepToTheMostRows) {
  const MeasurableLinks usual = LinksToMeasure({.batch = 16, .length = 1000}, 2048);
  EXPECT_THAT(usual.links, ElementsAre(1, 2, 4, 8, 16, 32, 64, 128));
  EXPECT_EQ(usual.required, 4);
  EXPECT_THAT(LinksToMeasure({.batch = 16, .length = 20}, 2048).links, ElementsAre(1, 2, 4, 8, 16));
  EXPECT_THAT(LinksToMeasure({.batch = 4096, .length = 20}, 2048).links, ElementsAre(1));
  EXPECT_THAT(LinksToMeasure({.batch = 16, .length = 20, .link = 30}, 2048).links, ElementsAre(20));
  const MeasurableLinks odd = LinksToMeasure({.batch = 3, .length = 100}, 2048);
  EXPECT_THAT(odd.links, ElementsAre(1, 2, 5, 10, 21, 43, 86));
  EXPECT_EQ(odd.required, 6);
  const MeasurableLinks wide = LinksToMeasure({.batch = 16, .length = 1024}, 16384);
  EXPECT_THAT(wide.links, ElementsAre(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024));
  EXPECT_EQ(wide.required, 4);
}

// Longer links are tried on a device that says that they are worth it.
TEST_F(MemoryPlanTest, MeasuresAsManyRowsAsTheDeviceIsMadeFor) {
  JobSpec spec = Spec(Strategy::kStoreAll, int64_t{1} << 30);
  LanguageModelOf(spec).model.layers = 1;
  spec.batch = 64;
  spec.length = 128;
  for (const auto& [rows, longest] : {std::pair<int64_t, int64_t>{256, 4}, {2048, 32}, {8192, 128}}) {
    PretendingBackend backend(MakeCpuBackend({.threads = 1}).value(), {.most_link_rows = rows});
    const auto plan = PlanMemory(spec, backend, {planner_, two_level_}, costs_, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    const auto measured = costs_.Find(plan->costs_key);
    ASSERT_TRUE(measured.has_value());
    EXPECT_EQ(measured->back().link, longest) << rows << " rows";
  }
}

// What a backend holds for itself comes on top of a share, and counts in a limit of bytes.
TEST_F(MemoryPlanTest, SharesLeaveOutTheBackendsOwnBytes) {
  constexpr int64_t kOwn = int64_t{80} << 20;  // far more than the activations
  PretendingBackend holding(MakeCpuBackend({.threads = 1}).value(), {.own_bytes = kOwn});
  JobSpec spec = Spec(Strategy::kAuto, 0);
  spec.link = 5;
  const auto plan_on = [&](Backend& backend) { return PlanMemory(spec, backend, {planner_, two_level_}, costs_, {}); };
  for (const double share : {0.25, 0.5, 1.0}) {
    spec.memory = ActivationShare{share};
    const auto without = plan_on(*backend_);
    ASSERT_TRUE(without.ok()) << without.status();
    const auto plan = plan_on(holding);
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->store_budget_bytes, without->store_budget_bytes);
    EXPECT_EQ(plan->PlannedLedger().activations(), without->PlannedLedger().activations());
    EXPECT_EQ(plan->PlannedLedger().total(), without->PlannedLedger().total() + kOwn);
    EXPECT_EQ(plan->PlannedLedger()[MemoryKind::kBackend], kOwn);
  }
  spec.memory = ActivationShare{1e-6};
  const absl::Status too_small = plan_on(*backend_).status();
  EXPECT_EQ(too_small.code(), absl::StatusCode::kFailedPrecondition);
  const std::string message(plan_on(holding).status().message());
  const std::string share = message.substr(message.find("give at least "), 20);
  EXPECT_THAT(std::string(too_small.message()), testing::HasSubstr(share));

  const int64_t total = SizeLink(spec, 5, *backend_).store_all_bytes();
  spec.memory = TotalBytes{total};
  const auto without = plan_on(*backend_);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(plan_on(holding).status().code(), absl::StatusCode::kFailedPrecondition);
  spec.memory = TotalBytes{total + kOwn};
  const auto plan = plan_on(holding);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->store_budget_bytes, without->store_budget_bytes);
}

}  // namespace
}  // namespace recurve
