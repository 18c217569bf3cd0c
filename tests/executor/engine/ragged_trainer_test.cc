// SPDX-License-Identifier: Apache-2.0
//
// Training on batches of sequences of different length, each batch by a plan for its own length.
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "executor/data/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

using testing::HasSubstr;

LanguageTrainerOptions Options(Cell cell = Cell::kLstm) {
  return {.model = {.cell = cell, .layers = 2, .hidden = 24, .embedding = 8, .dropout = 0.2, .recurrent_dropout = 0.2},
          .shape = {.length = 100, .link = 3, .batch = 4, .ragged = true},
          .optimizer = {.learning_rate = 1e-2, .warmup_steps = 0},
          .steps = 20,
          .carry_state = false,
          .dropout_seed = 5};
}

// Short batches, and now and then one that is fifty times as long.
const std::vector<std::vector<int32_t>> kBatches = {{2, 1, 0, 2}, {100, 2, 1, 3}, {2, 2, 2, 2}, {7, 5, 6, 7},
                                                    {1, 1, 1, 1}, {99, 98, 0, 2}, {3, 1, 2, 2}};

int64_t LinksOf(const std::vector<int32_t>& lengths, const SequenceShape& shape) {
  return (*std::max_element(lengths.begin(), lengths.end()) + shape.link - 1) / shape.link;
}

struct LengthPlan {
  Plan plan;
  ReplayResult replay;
};

// A plan for each length in one budget; none where one of them is not feasible.
std::map<int64_t, LengthPlan> PlanEach(const LanguageTrainerOptions& options, Strategy strategy, int64_t budget_bytes) {
  const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
  EmbeddedPlanner planner;
  std::map<int64_t, LengthPlan> plans;
  for (const std::vector<int32_t>& lengths : kBatches) {
    const int64_t links = LinksOf(lengths, options.shape);
    const PlanRequest request{
        .length = links, .strategy = strategy, .budget = ByteBudget{bytes.state, bytes.tape, budget_bytes}};
    LengthPlan& plan = plans[links];
    plan.plan = planner.MakePlan(request, {}).value();
    if (!plan.plan.feasible) return {};
    plan.replay = Replay(plan.plan.schedule, {.state_bytes = bytes.state, .tape_bytes = bytes.tape}, 8 * links).value();
  }
  return plans;
}

class RaggedRun {
 public:
  RaggedRun(const LanguageTrainerOptions& options, const std::map<int64_t, LengthPlan>& plans, int threads)
      : options_(options), plans_(plans), backend_(MakeCpuBackend({.threads = threads}).value()) {
    for (const auto& [links, plan] : plans) store_.Include(plan.replay);
    trainer = Trainer::Create(options, InitialModel(options.model, 1).parameters, store_, *backend_).value();
  }

  absl::StatusOr<StepResult> Step(const std::vector<int32_t>& lengths) {
    const int64_t B = options_.shape.batch;
    std::copy(lengths.begin(), lengths.end(), TokensOf(*trainer, options_.shape).lengths.begin());
    for (int64_t t = 0; t < options_.shape.length; ++t) {
      for (int64_t b = 0; b < B; ++b) {
        const size_t at = static_cast<size_t>(b * 101 + t) % (kGenesis.size() - 1);
        const bool live = t < lengths[static_cast<size_t>(b)];
        TokensOf(*trainer, options_.shape).inputs[t * B + b] = live ? static_cast<uint8_t>(kGenesis[at]) : 0;
        TokensOf(*trainer, options_.shape).targets[t * B + b] = live ? static_cast<uint8_t>(kGenesis[at + 1]) : -1;
      }
    }
    return trainer->Step(PlanOf(lengths).plan.schedule, false, {});
  }
  const LengthPlan& PlanOf(const std::vector<int32_t>& lengths) const {
    return plans_.at(LinksOf(lengths, options_.shape));
  }
  int64_t PlannedPeak(int64_t store_bytes) const { return FixedLedger(options_, *backend_).total() + store_bytes; }
  int64_t PlannedArena() const { return PlannedPeak(store_.bytes); }

 private:
  const LanguageTrainerOptions options_;
  const std::map<int64_t, LengthPlan>& plans_;
  const std::unique_ptr<Backend> backend_;
  StoreNeeds store_;

 public:
  std::unique_ptr<Trainer> trainer;
};

std::string WeightsAfterAll(RaggedRun& run) {
  for (const std::vector<int32_t>& lengths : kBatches) {
    const absl::StatusOr<StepResult> result = run.Step(lengths);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) break;
    EXPECT_EQ(result->size.predictions, std::accumulate(lengths.begin(), lengths.end(), 0));
    EXPECT_EQ(result->forwards.plain_forwards + result->forwards.taped_forwards,
              run.PlanOf(lengths).plan.forward_count);
  }
  return Sha256Hex(run.trainer->DownloadParameters());
}

class RaggedCells : public testing::TestWithParam<Cell> {};

TEST_P(RaggedCells, EveryPlanGivesTheSameBits) {
  const LanguageTrainerOptions options = Options(GetParam());
  const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
  const auto store_all_plans = PlanEach(options, Strategy::kStoreAll, 1 << 30);
  RaggedRun store_all(options, store_all_plans, 1);
  const std::string expected = WeightsAfterAll(store_all);
  int runs = 0;
  for (const Strategy strategy : {Strategy::kChen, Strategy::kHsm, Strategy::kAuto}) {
    for (const int64_t budget : {int64_t{0}, bytes.state, 4 * bytes.state, 4 * bytes.tape + bytes.state}) {
      const auto plans = PlanEach(options, strategy, budget);
      if (plans.empty()) continue;
      for (const int threads : {1, 2}) {
        RaggedRun run(options, plans, threads);
        EXPECT_EQ(WeightsAfterAll(run), expected) << ToString(strategy) << " in " << budget << " bytes";
        EXPECT_EQ(run.trainer->arena().peak_bytes(), run.PlannedArena());
        EXPECT_EQ(run.trainer->arena().size(), run.PlannedArena());
        ++runs;
      }
    }
  }
  EXPECT_GT(runs, 12);
}

INSTANTIATE_TEST_SUITE_P(Cells, RaggedCells, testing::ValuesIn(kCells), [](const auto& info) {
  std::string name(ToString(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(RaggedTrainer, EachLengthTakesItsOwnPlannedBytes) {
  const LanguageTrainerOptions options = Options();
  const auto plans = PlanEach(options, Strategy::kAuto, 4 * LinkBytesOf(options.model, options.shape).tape);
  std::map<int64_t, int64_t> peaks;
  for (const std::vector<int32_t>& lengths : kBatches) {
    RaggedRun run(options, plans, 1);
    ASSERT_TRUE(run.Step(lengths).ok());
    EXPECT_EQ(run.trainer->arena().peak_bytes(), run.PlannedPeak(run.PlanOf(lengths).replay.peak_bytes));
    ++peaks[run.trainer->arena().peak_bytes()];
  }
  EXPECT_GE(peaks.size(), 3u);
}

TEST(RaggedTrainer, RefusesWhatDoesNotFit) {
  LanguageTrainerOptions options = Options();
  const auto plans = PlanEach(options, Strategy::kAuto, 1 << 20);
  RaggedRun run(options, plans, 1);
  TokensOf(*run.trainer, options.shape).lengths[2] = 4;
  EXPECT_THAT(
      run.trainer->Step(plans.at(1).plan.schedule, false, {}).status().ToString(),
      AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("a sequence has 4 steps, more than the schedule's 1 links")));
  EXPECT_THAT(run.Step({0, 0, 1, 0}).status(), absl::OkStatus());
  TokensOf(*run.trainer, options.shape).targets[2] = -1;
  EXPECT_THAT(run.trainer->Step(plans.at(1).plan.schedule, false, {}).status().ToString(), HasSubstr("no targets"));
  options.carry_state = true;
  const auto backend = MakeCpuBackend({.threads = 1}).value();
  EXPECT_THAT(Trainer::Create(options, InitialModel(options.model, 1).parameters, {}, *backend).status().ToString(),
              HasSubstr("carry_state is true"));
}

}  // namespace
}  // namespace recurve
