// SPDX-License-Identifier: Apache-2.0
//
// Advice for models against what the executor plans and really allocates.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/job/link_sizing.h"
#include "executor/job/memory_plan.h"
#include "executor/job/training_job.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/capacity/advisor.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

using testing::HasSubstr;

JobSpec SpecOf(const ModelWorkload& model, Strategy strategy, int64_t total) {
  JobSpec spec{.task = LanguageModelOptions({.model = model.model}),
               .batch = model.batch,
               .length = model.length,
               .link = model.link,
               .steps = 2,
               .carry_state = model.carry_state,
               .memory = TotalBytes{total},
               .strategy = strategy,
               .threads = 2};
  spec.optimizer.kind = model.optimizer;
  return spec;
}

std::vector<ModelWorkload> Models() {
  return {{.model = {.hidden = 17}, .batch = 3, .length = 40},
          {.model = {.layers = 3, .hidden = 24, .embedding = 9, .dropout = 0.2},
           .optimizer = OptimizerKind::kSgd,
           .batch = 2,
           .length = 50,
           .link = 7},
          {.model = {.layers = 2, .hidden = 8}, .batch = 40, .length = 30, .carry_state = false},
          {.model = {.hidden = 5}, .batch = 1, .length = 1},
          {.model = {.hidden = 16}, .batch = 200, .length = 5, .link = 100}};
}

class ModelAdvice : public testing::Test {
 protected:
  // What the executor plans for a model with a link, whatever that costs.
  absl::StatusOr<MemoryPlan> PlanAs(const ModelWorkload& model, Strategy strategy, int64_t total) {
    const JobSpec spec = SpecOf(model, strategy, total);
    const int64_t link = std::min(model.link, model.length);
    costs_.Put(KeyOf(spec.task->Describe(), {.batch = spec.batch, .links = {link}}, *backend_), {{link, 1, 1, 2, 1}});
    return PlanMemory(spec, *backend_, {planner_, two_level_}, costs_, {});
  }

  std::unique_ptr<Backend> backend_ = *MakeCpuBackend({.threads = 2});
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  EmbeddedAdvisor advisor_;
};

TEST_F(ModelAdvice, HasTheFiguresOfTheExecutorsPlan) {
  for (const ModelWorkload& model : Models()) {
    for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
      const auto enough = advisor_.Advise(model, strategy, kMaxBytes, {});
      ASSERT_TRUE(enough.ok()) << enough.status();
      const int64_t least = enough->least_bytes;
      const int64_t most = enough->sizing.store_all_bytes;
      for (int64_t total = least; total <= most + 1000; total += 1 + (most + 1000 - least) / 40) {
        const auto advice = advisor_.Advise(model, strategy, total, {});
        ASSERT_TRUE(advice.ok()) << advice.status();
        ASSERT_TRUE(advice->feasible);
        ModelWorkload split = model;
        split.link = advice->sizing.link;
        const auto plan = PlanAs(split, strategy, total);
        ASSERT_TRUE(plan.ok()) << plan.status();
        EXPECT_EQ(advice->sizing.links, plan->options.shape.links());
        EXPECT_EQ(advice->sizing.state_bytes, plan->link_bytes.state);
        EXPECT_EQ(advice->sizing.tape_bytes, plan->link_bytes.tape);
        EXPECT_EQ(advice->sizing.fixed_bytes, plan->fixed.total());
        EXPECT_EQ(advice->sizing.store_all_bytes, plan->store_all_bytes());
        EXPECT_EQ(advice->peak_bytes, plan->PlannedLedger().total());
        EXPECT_EQ(advice->forward_count, plan->plan.forward_count);
        std::map<std::string, int64_t> kinds;
        for (const KindBytes& part : advice->sizing.fixed_by_kind) kinds[part.kind] = part.bytes;
        EXPECT_EQ(kinds.at("weights"), plan->fixed[MemoryKind::kWeights]);
        EXPECT_EQ(kinds.at("workspace"), plan->fixed[MemoryKind::kWorkspace]);
      }
      const auto too_little = advisor_.Advise(model, strategy, least - 1, {});
      ASSERT_TRUE(too_little.ok()) << too_little.status();
      EXPECT_FALSE(too_little->feasible);
      EXPECT_EQ(too_little->least_bytes, least);
      EXPECT_EQ(PlanAs(model, strategy, least - 1).status().code(), absl::StatusCode::kFailedPrecondition);
    }
  }
}

TEST_F(ModelAdvice, IsWhatTrainingReallyTakes) {
  const ScratchDirectory directory;
  const std::string text = directory.Write("text", std::string(kGenesis) + std::string(kGenesis));
  for (const ModelWorkload& model : Models()) {
    for (const double slowdown : {1.0, 1.3, 4.0}) {
      const auto advice = advisor_.FindBudget(model, Strategy::kAuto, slowdown, {});
      ASSERT_TRUE(advice.ok()) << advice.status();
      JobSpec spec = SpecOf(model, Strategy::kAuto, advice->budget_bytes);
      spec.link = advice->sizing.link;
      LanguageModelOf(spec).data_path = text;
      LanguageModelOf(spec).LanguageModelSpec::holdout = 0;
      auto job = TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {});
      ASSERT_TRUE(job.ok()) << job.status();
      JobObserver observer;
      const auto report = (*job)->Run(observer, {});
      ASSERT_TRUE(report.ok()) << report.status();
      EXPECT_EQ(report->measured_peak_bytes, advice->peak_bytes);
      EXPECT_EQ(report->forward_count_per_batch, advice->forward_count);
      EXPECT_LE(advice->slowdown, slowdown);
    }
  }
}

// Where the rule chooses the link, budgets grow and plans may get slower: the smallest is still the smallest.
TEST_F(ModelAdvice, FindsTheSmallestBudgetOfALinearScan) {
  const ModelWorkload model = {.model = {.hidden = 4}, .batch = 2, .length = 33};
  const auto enough = advisor_.Advise(model, Strategy::kAuto, kMaxBytes, {});
  ASSERT_TRUE(enough.ok()) << enough.status();
  std::vector<Advice> all;
  for (int64_t total = enough->least_bytes; total <= enough->sizing.store_all_bytes + 6400; total += 64) {
    const auto advice = advisor_.Advise(model, Strategy::kAuto, total, {});
    ASSERT_TRUE(advice.ok()) << advice.status();
    all.push_back(*advice);
  }
  bool slower_with_more = false;
  for (size_t i = 1; i < all.size(); ++i) slower_with_more |= all[i].slowdown > all[i - 1].slowdown;
  EXPECT_TRUE(slower_with_more) << "the model was to be one where the rule does that";
  for (double slowdown = 1; slowdown < 5; slowdown += 0.01) {
    const auto advice = advisor_.FindBudget(model, Strategy::kAuto, slowdown, {});
    ASSERT_TRUE(advice.ok()) << advice.status();
    const auto smallest =
        std::find_if(all.begin(), all.end(), [&](const Advice& each) { return each.slowdown <= slowdown; });
    ASSERT_NE(smallest, all.end());
    EXPECT_EQ(advice->budget_bytes, smallest->budget_bytes) << slowdown;
    EXPECT_EQ(advice->sizing.link, smallest->sizing.link) << slowdown;
    EXPECT_LE(advice->slowdown, slowdown);
  }
  const auto curves = advisor_.MakeCurves(model, {Strategy::kAuto}, kMaxCurvePoints, {});
  ASSERT_TRUE(curves.ok()) << curves.status();
  double fastest = 1e300;
  auto corner = curves->front().corners.begin();
  for (const Advice& each : all) {
    if (each.slowdown >= fastest) continue;
    fastest = each.slowdown;
    ASSERT_NE(corner, curves->front().corners.end());
    EXPECT_EQ(corner->budget_bytes, each.budget_bytes);
    EXPECT_EQ(corner->link, each.sizing.link);
    EXPECT_EQ(corner->forward_count, each.forward_count);
    ++corner;
  }
  EXPECT_EQ(corner, curves->front().corners.end());
}

TEST_F(ModelAdvice, ChoosesTheLinkOfLeastTime) {
  const std::vector<ModelWorkload::LinkChoice> choices = {{.link = 16, .costs = {1.0, 1.2, 2.0}},
                                                          {.link = 4, .costs = {0.35, 0.4, 0.6}},
                                                          {.link = 1, .costs = {0.2, 0.2, 0.4}}};
  ModelWorkload model = {.model = {.hidden = 12}, .batch = 4, .length = 70, .link_costs = choices};
  double reference = 1e300;
  for (const auto& choice : choices) {
    const int64_t links = (70 + choice.link - 1) / choice.link;
    reference = std::min(reference, PredictSeconds(links, links, choice.costs));
  }
  std::map<int64_t, int> chosen;
  for (int64_t total = 100'000; total < 420'000; total += 1777) {
    const auto advice = advisor_.Advise(model, Strategy::kAuto, total, {});
    ASSERT_TRUE(advice.ok()) << advice.status();
    std::optional<double> least;
    for (const auto& choice : choices) {
      ModelWorkload fixed = model;
      fixed.link_costs = {choice};
      const auto alone = advisor_.Advise(fixed, Strategy::kAuto, total, {});
      ASSERT_TRUE(alone.ok()) << alone.status();
      if (alone->feasible && (!least || *alone->predicted_seconds < *least)) least = alone->predicted_seconds;
    }
    ASSERT_EQ(advice->feasible, least.has_value());
    if (!least) continue;
    EXPECT_EQ(*advice->predicted_seconds, *least);
    EXPECT_DOUBLE_EQ(advice->slowdown, *least / reference);
    ++chosen[advice->sizing.link];
  }
  EXPECT_EQ(chosen.size(), 3) << "each link was to be the best somewhere";
}

TEST_F(ModelAdvice, ChoosesTheLinkThatTheExecutorTakesForTheSameCosts) {
  const std::vector<MeasuredLink> measured = {{1, 1, 1, 2, 9},    {2, 1.6, 1.7, 3.3, 9}, {4, 3, 3.1, 6, 9},
                                              {8, 5.9, 6, 11, 9}, {16, 12, 12, 22, 9},   {32, 23.5, 24, 44, 9},
                                              {64, 47, 47, 87, 9}};
  ModelWorkload model = {.model = {.hidden = 12}, .batch = 4, .length = 70};
  const std::string description = SpecOf(model, Strategy::kAuto, 1).task->Describe();
  CalibrationOptions fitting{.batch = 4};
  LinkCostCache given;
  for (const MeasuredLink& each : measured) {
    fitting.links.push_back(each.link);
    given.Put(KeyOf(description, fitting, *backend_),
              {measured.begin(), measured.begin() + static_cast<int64_t>(fitting.links.size())});
    model.link_costs.push_back(
        {.link = each.link, .costs = CostsOf(each, {.length = 70, .link = each.link, .batch = 4})});
  }
  std::map<int64_t, int> chosen;
  for (int64_t total = 100'000; total < 420'000; total += 1777) {
    const auto advice = advisor_.Advise(model, Strategy::kAuto, total, {});
    ASSERT_TRUE(advice.ok()) << advice.status();
    const auto plan = PlanMemory(SpecOf(model, Strategy::kAuto, total), *backend_, {planner_, two_level_}, given, {});
    ASSERT_EQ(advice->feasible, plan.ok()) << plan.status();
    if (!advice->feasible) continue;
    EXPECT_EQ(advice->sizing.link, plan->options.shape.link) << total;
    EXPECT_EQ(advice->predicted_seconds, plan->plan.predicted_seconds);
    ++chosen[advice->sizing.link];
  }
  EXPECT_GE(chosen.size(), 3) << "several links were to be the best somewhere";
}

TEST_F(ModelAdvice, PlansShorterBatchesInTheSameFixedBytes) {
  const ModelWorkload model = {.model = {.hidden = 20}, .batch = 8, .length = 64, .link = 4};
  const auto whole = advisor_.FindBudget(model, Strategy::kAuto, 1.3, {});
  ASSERT_TRUE(whole.ok()) << whole.status();
  const auto all = advisor_.PlanLengths(model, {64, 10, 1}, Strategy::kAuto, whole->budget_bytes, {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ((*all)[0].peak_bytes, whole->peak_bytes);
  EXPECT_EQ((*all)[1].sizing.links, 3);
  EXPECT_EQ((*all)[1].sizing.fixed_bytes, whole->sizing.fixed_bytes);
  EXPECT_EQ((*all)[2].peak_bytes, whole->sizing.fixed_bytes);
  const ModelWorkload long_links = {.model = {.hidden = 1}, .batch = 1, .length = kMaxChainLength, .link = 1000};
  const auto many = advisor_.PlanLengths(long_links, {9'000'000, 9'000'001, 9'000'002, 9'000'003, 9'000'004, 9'000'005},
                                         Strategy::kAuto, kMaxBytes, {});
  EXPECT_TRUE(many.ok()) << many.status();  // the limit is on links, of which these are few
  EXPECT_EQ(advisor_.PlanLengths(model, {65}, Strategy::kAuto, whole->budget_bytes, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ModelAdvice, NamesWhatIsOutOfRange) {
  const auto refuses = [&](const ModelWorkload& model, const char* says) {
    const auto advice = advisor_.Advise(model, Strategy::kAuto, 100, {});
    EXPECT_EQ(advice.status().code(), absl::StatusCode::kInvalidArgument) << says;
    EXPECT_THAT(std::string(advice.status().message()), HasSubstr(says));
  };
  refuses({.model = {.layers = 0}}, "layers is 0");
  refuses({.model = {.layers = 65}}, "layers is 65");
  refuses({.model = {.hidden = 0}}, "hidden is 0");
  refuses({.model = {.hidden = INT64_MAX}}, "hidden is 9223372036854775807");
  refuses({.model = {.embedding = -1}}, "embedding is -1");
  refuses({.model = {.dropout = 1}}, "dropout is 1");
  refuses({.batch = 65537}, "batch is 65537");
  refuses({.length = 0}, "length is 0");
  refuses({.link = -1}, "link is -1");
  refuses({.model = {.layers = 64, .hidden = 16384}, .batch = 65536, .length = 10'000'000},
          "need activations of more than");
  refuses({.link = 5, .link_costs = {{5, {1, 1, 2}}}}, "link is 5; must be 0");
  refuses({.link_costs = {{0, {1, 1, 2}}}}, "link_costs[0].link is 0");
  refuses({.link_costs = {{5, {1, 1, -1}}}}, "backward_seconds is -1");
  refuses({.link_costs = std::vector<ModelWorkload::LinkChoice>(65, {5, {1, 1, 2}})}, "link_costs has 65 entries");
}

// The widest models that are countable are sized without being held.
TEST_F(ModelAdvice, SizesHugeModels) {
  const auto advice =
      advisor_.Advise(ModelWorkload{.model = {.layers = 64, .hidden = 16384}, .batch = 16, .length = 1000},
                      Strategy::kAuto, kMaxBytes, {});
  ASSERT_TRUE(advice.ok()) << advice.status();
  EXPECT_GT(advice->sizing.fixed_bytes, int64_t{64} * 8 * 16384 * 16384 * 4);
  EXPECT_LT(advice->peak_bytes, kMaxBytes);
}

}  // namespace
}  // namespace recurve
