// SPDX-License-Identifier: Apache-2.0
//
// Jobs whose sequences are the lines of a text.
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "executor/data/safetensors.h"
#include "executor/job/length_plans.h"
#include "executor/job/training_job.h"
#include "executor/model/model_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// Lines of 8 to 60 letters that are not hard to learn.
std::string Verses(int64_t count) {
  std::mt19937 random(3);
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t words = 2 + static_cast<int64_t>(random() % 10);
    for (int64_t word = 0; word < words; ++word) text += word % 3 == 0 ? "and " : word % 3 == 1 ? "the sea " : "saw ";
    text += "\n";
  }
  return text;
}

class LineRecorder : public JobObserver {
 public:
  void OnStep(const StepRecord& record) override { steps.push_back(record); }
  std::vector<StepRecord> steps;
};

// Counts what is asked of it.
class CountingPlanner final : public Planner {
 public:
  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    asked.push_back(request.length);
    return planner_.MakePlan(request, cancelled);
  }
  std::vector<int64_t> asked;

 private:
  EmbeddedPlanner planner_;
};

class LineJobTest : public testing::Test {
 protected:
  JobSpec Spec(const std::string& text) const {
    JobSpec spec{
        .task = LanguageModelOptions(
            {.data_path = directory_.Write("text", text), .sequences = Sequences::kLines, .model = {.hidden = 24}}),
        .batch = 4,
        .link = 4,
        .steps = 12};
    spec.threads = 1;
    spec.optimizer.warmup_steps = 0;
    return spec;
  }
  absl::StatusOr<JobReport> Run(const JobSpec& spec) {
    auto job = TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {});
    if (!job.ok()) return job.status();
    plan_ = (*job)->plan();
    recorder_ = {};
    return (*job)->Run(recorder_, {});
  }
  std::string Error(const JobSpec& spec) {
    return TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {}).status().ToString();
  }

  ScratchDirectory directory_;
  CountingPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  LineRecorder recorder_;
  JobPlan plan_;
};

TEST(RoundUpLinks, GivesFewNumbersThatAreHardlyLarger) {
  std::set<int64_t> seen;
  int64_t last = 0;
  for (int64_t links = 1; links <= 100000; ++links) {
    const int64_t rounded = RoundUpLinks(links);
    EXPECT_GE(rounded, links);
    EXPECT_LE(32 * (rounded - links), links);
    EXPECT_GE(rounded, last);
    EXPECT_EQ(RoundUpLinks(rounded), rounded);
    if (links <= 64) {
      EXPECT_EQ(rounded, links);
    }
    last = rounded;
    seen.insert(rounded);
  }
  EXPECT_LT(seen.size(), 64u + 11 * 32u);
}

TEST_F(LineJobTest, LearnsEvaluatesAndSaysWhatTheLinesAre) {
  JobSpec spec = Spec(std::string("\n").append(Verses(200)) + "\n\n" + std::string(400, 'z') + "\n" + Verses(40));
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0.1;
  spec.length = 300;
  spec.steps = 120;
  spec.memory = ActivationShare{0.3};
  spec.save_path = directory_.File("model.safetensors");
  const absl::StatusOr<JobReport> report = Run(spec);
  ASSERT_TRUE(report.ok()) << report.status();

  ASSERT_TRUE(plan_.data.sequences.has_value());
  const SequenceSummary& lines = *plan_.data.sequences;
  EXPECT_EQ(lines.count + lines.held_out, 241);
  EXPECT_EQ(lines.empty, 3);
  EXPECT_EQ(lines.cut, 1);
  EXPECT_EQ(lines.longest, 300);
  EXPECT_GE(lines.shortest, 13);
  EXPECT_GT(lines.median, lines.shortest);
  EXPECT_LT(lines.median, 70);
  EXPECT_GT(lines.held_out, 10);
  EXPECT_EQ(plan_.links, 75);
  EXPECT_GT(plan_.plans, 5);

  int64_t predictions = 0, positions = 0;
  for (const StepRecord& step : recorder_.steps) {
    EXPECT_LE(step.predictions, step.positions);
    if (step.step == 1) continue;
    predictions += step.predictions;
    positions += step.positions;
  }
  EXPECT_NEAR(report->padding_share, 1.0 - static_cast<double>(predictions) / static_cast<double>(positions), 1e-12);
  EXPECT_GT(report->predictions_per_second, 0);
  EXPECT_NEAR(recorder_.steps.front().loss, std::log(256.0), 0.5);
  EXPECT_LT(recorder_.steps.back().loss, 0.7);
  EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
  EXPECT_LE(report->measured_peak_bytes, plan_.ledger.total());

  // Held out are whole lines, and each of their bytes and ends counts.
  ASSERT_TRUE(report->evaluation.has_value());
  EXPECT_EQ(report->evaluation->name, "bits_per_byte");
  EXPECT_LT(report->evaluation->value, 1.5);
}

TEST_F(LineJobTest, EveryBudgetKeepsItsPeakAndGivesTheSameWeights) {
  JobSpec spec = Spec(Verses(100));
  LanguageModelOf(spec).model.dropout = 0.2;
  LanguageModelOf(spec).model.layers = 2;
  spec.steps = 25;  // a whole pass, so that every length comes
  const absl::StatusOr<JobReport> store_all = Run(spec);
  ASSERT_TRUE(store_all.ok()) << store_all.status();
  for (const StepRecord& step : recorder_.steps) EXPECT_EQ(step.plain_forwards, 0);
  for (const double share : {0.9, 0.7, 0.5, 0.4}) {
    spec.memory = ActivationShare{share};
    const absl::StatusOr<JobReport> report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->weights_sha256, store_all->weights_sha256);
    EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
    EXPECT_EQ(report->planned_peak_bytes, plan_.ledger.total());
    EXPECT_LE(static_cast<double>(plan_.ledger.activations()),
              share * static_cast<double>(plan_.store_all_bytes - plan_.ledger.total() + plan_.ledger.activations()));
  }
  spec.memory = ActivationShare{1.0};
  for (const Strategy strategy : {Strategy::kChen, Strategy::kHsm, Strategy::kStoreAll}) {
    spec.strategy = strategy;
    const absl::StatusOr<JobReport> report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->weights_sha256, store_all->weights_sha256);
    EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
  }
}

TEST_F(LineJobTest, ARareLongLineCostsTimeAndNoMemory) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += std::string(static_cast<size_t>(i % 20), 'a') + "b\n";
  text += std::string(1000, 'c') + "\n";  // fifty times as long as the longest of the others
  JobSpec spec = Spec(text);
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0;
  spec.length = 2000;
  spec.link = 1;
  spec.steps = 38;  // a pass
  spec.memory = TotalBytes{1};
  const std::string refusal = Error(spec);
  const int64_t least = std::stoll(refusal.substr(refusal.find(" (", refusal.find("give at least ")) + 2));
  spec.memory = TotalBytes{least + (16 << 10)};
  const absl::StatusOr<JobReport> report = Run(spec);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_LE(report->measured_peak_bytes, least + (16 << 10));
  EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
  const int64_t activations = plan_.ledger.activations();
  EXPECT_GT(plan_.store_all_bytes - plan_.ledger.total() + activations, 10 * activations);
  int64_t long_batches = 0;
  for (const StepRecord& step : recorder_.steps) {
    if (step.taped_forwards < 100) {
      EXPECT_LE(step.plain_forwards, 2 * step.taped_forwards);
    } else {
      ++long_batches;
      EXPECT_GT(step.plain_forwards, step.taped_forwards);
    }
  }
  EXPECT_EQ(long_batches, 1);
}

TEST_F(LineJobTest, AsksForOnePlanOfEachNumberOfLinksBeforeItStarts) {
  std::string text;
  for (int64_t bytes = 1; bytes < 400; ++bytes) text += std::string(static_cast<size_t>(bytes), 'a') + "\n";
  JobSpec spec = Spec(text);
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0;
  spec.link = 2;
  auto job = TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {});
  ASSERT_TRUE(job.ok()) << job.status();
  const std::set<int64_t> distinct(planner_.asked.begin(), planner_.asked.end());
  EXPECT_EQ(distinct.size(), planner_.asked.size());
  EXPECT_EQ((*job)->plan().plans, static_cast<int64_t>(planner_.asked.size()));
  EXPECT_EQ(*distinct.rbegin(), 200);
  EXPECT_EQ(distinct.size(), 64u + 32 + 18);
  LineRecorder silent;
  ASSERT_TRUE((*job)->Run(silent, {}).ok());
  EXPECT_EQ(distinct.size(), planner_.asked.size());
}

TEST_F(LineJobTest, TakesWhateverLinesThereAre) {
  for (const std::string& text : {std::string("one line without an end"), std::string(100'000, 'x'),
                                  std::string(64, '\0') + "\n" + std::string(3, '\0'), std::string("\r\n\r\nab\r\n"),
                                  "a\n" + std::string(50'000, 'y')}) {
    JobSpec spec = Spec(text);
    spec.steps = 2;
    const absl::StatusOr<JobReport> report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(std::isfinite(report->loss));
    EXPECT_EQ(report->evaluation.has_value(), plan_.data.sequences->held_out > 0);
    EXPECT_LE(plan_.data.sequences->longest, spec.length);
  }
}

TEST_F(LineJobTest, SaysWhatIsWrong) {
  EXPECT_THAT(Error(Spec("")), HasSubstr("has 0 bytes"));
  EXPECT_THAT(Error(Spec("\n\n\n\n")), AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("all of them empty")));
  JobSpec spec = Spec(Verses(10));
  spec.length = 0;
  EXPECT_THAT(Error(spec), HasSubstr("length is 0; must be 1 to 10000000"));
  spec = Spec(Verses(10));
  spec.carry_state = true;
  EXPECT_THAT(Error(spec), HasSubstr("carry_state is true; must be false"));
}

}  // namespace
}  // namespace recurve
