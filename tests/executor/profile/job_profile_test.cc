// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/job_profile.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

constexpr int64_t kV = 256;

class JobProfileTest : public testing::Test {
 protected:
  JobSpec Spec() const {
    return {.task = LanguageModelOptions({.data_path = text_path_, .model = {.hidden = 24, .embedding = 8}}),
            .batch = 4,
            .length = 50,
            .link = 4,
            .memory = ActivationShare{0.5},
            .threads = 1};
  }
  JobProfile Profile(const JobSpec& spec, int64_t batches) {
    absl::StatusOr<JobProfile> profile = ProfileJob(spec, batches, {planner_, two_level_}, known_costs_, {});
    EXPECT_TRUE(profile.ok()) << profile.status();
    return profile.ok() ? *std::move(profile) : JobProfile{};
  }
  static PhaseProfile Of(const JobProfile& profile, Phase phase) {
    const auto found = std::ranges::find(profile.phases, phase, &PhaseProfile::phase);
    return found == profile.phases.end() ? PhaseProfile{} : *found;
  }
  static OperationProfile Of(const PhaseProfile& phase, Operation operation) {
    const auto found = std::ranges::find(phase.operations, operation, &OperationProfile::operation);
    return found == phase.operations.end() ? OperationProfile{} : *found;
  }

  ScratchDirectory directory_;
  const std::string text_path_ = directory_.Write("text", std::string(kGenesis) + std::string(kGenesis));
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache known_costs_;
};

class JobProfileOfCellTest : public JobProfileTest, public testing::WithParamInterface<Cell> {};
INSTANTIATE_TEST_SUITE_P(, JobProfileOfCellTest, testing::Values(Cell::kLstm, Cell::kGru),
                         [](const auto& info) { return std::string(ToString(info.param)); });

// Flops of a batch, from the sizes of the model and the plan alone.
TEST_P(JobProfileOfCellTest, CountsTheFlopsOfEachPhase) {
  JobSpec spec = Spec();
  LanguageModelOf(spec).model.cell = GetParam();
  const JobProfile profile = Profile(spec, 1);
  const ModelConfig& model = LanguageModelOf(spec).model;
  const int64_t T = spec.length, B = spec.batch, H = model.hidden, E = model.embedding,
                G = GeometryOf(model.cell).gates * H;
  const int64_t product = 2 * B * H * G;  // of h and the recurrent weights, for one step
  // The last link, which has 2 steps, is taped only: links run without tape have all 4.
  const int64_t plain = (profile.plan.plan.forward_count - profile.plan.links) * spec.link;
  ASSERT_GT(plain, 0);
  EXPECT_EQ(Of(profile, Phase::kPlainForward).cost().flops, plain * product);
  EXPECT_EQ(Of(profile, Phase::kTapedForward).cost().flops, T * product);
  EXPECT_EQ(Of(profile, Phase::kBackward).cost().flops, 2 * T * product);
  const PhaseProfile head = Of(profile, Phase::kHead);
  for (const Operation operation :
       {Operation::kLinearForward, Operation::kLinearInputGradient, Operation::kLinearWeightGradient}) {
    EXPECT_EQ(Of(head, operation).cost.flops, 2 * T * B * H * kV);
  }
  EXPECT_EQ(Of(profile, Phase::kTable).cost().flops, 3 * 2 * kV * E * G + T * B * G);
  EXPECT_EQ(Of(profile, Phase::kOptimizer).cost().flops, (2 + 17) * spec.task->Layout().block_floats());
  EXPECT_EQ(Of(profile, Phase::kStates).cost().flops, 0);
  EXPECT_EQ(Of(profile, Phase::kPrepare).cost().flops, 0);
}

TEST_F(JobProfileTest, CountsCalls) {
  const JobProfile profile = Profile(Spec(), 2);
  const auto links = static_cast<double>(profile.plan.links);
  EXPECT_EQ(profile.batches, 2);
  EXPECT_EQ(Of(profile, Phase::kTapedForward).begun, links);
  EXPECT_EQ(Of(profile, Phase::kBackward).begun, links);
  EXPECT_EQ(Of(profile, Phase::kPlainForward).begun, static_cast<double>(profile.plan.plan.forward_count) - links);
  EXPECT_EQ(Of(Of(profile, Phase::kBackward), Operation::kCellBackward).calls, links);
  EXPECT_EQ(Of(Of(profile, Phase::kTable), Operation::kScatterAddRows).calls, links);
  EXPECT_EQ(Of(Of(profile, Phase::kOptimizer), Operation::kAdamW).calls, 1);
  EXPECT_EQ(Of(Of(profile, Phase::kPrepare), Operation::kPackRecurrent).calls, 2);
}

TEST_F(JobProfileTest, ItsPartsMakeTheWhole) {
  JobSpec spec = Spec();
  LanguageModelOf(spec).model.layers = 2;
  LanguageModelOf(spec).model.dropout = 0.1;
  const JobProfile profile = Profile(spec, 3);
  double sum = profile.outside_seconds;
  for (const PhaseProfile& phase : profile.phases) {
    EXPECT_FALSE(phase.operations.empty());
    for (const OperationProfile& operation : phase.operations) {
      EXPECT_GT(operation.calls, 0);
      EXPECT_GE(operation.seconds, 0);
      EXPECT_GT(operation.cost.bytes, 0);
      sum += operation.seconds;
    }
  }
  EXPECT_DOUBLE_EQ(profile.total_seconds(), sum);
  EXPECT_GT(profile.outside_seconds, 0);  // operations are within the step
  EXPECT_GT(profile.unmetered_seconds, 0);
  EXPECT_GT(profile.metered_seconds, profile.outside_seconds);
  EXPECT_GT(Of(Of(profile, Phase::kHead), Operation::kDropout).calls, 0);
}

TEST_F(JobProfileTest, TrainsTheSameBits) {
  JobSpec spec = Spec();
  LanguageModelOf(spec).model.layers = 2;
  LanguageModelOf(spec).model.dropout = 0.2;
  const JobProfile profile = Profile(spec, 2);
  spec.steps = ProfileSteps(2);
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0;
  const auto job = TrainingJob::Prepare(spec, {planner_, two_level_}, known_costs_, {});
  ASSERT_TRUE(job.ok()) << job.status();
  JobObserver silent;
  const absl::StatusOr<JobReport> report = (*job)->Run(silent, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(profile.weights_sha256, report->weights_sha256);
}

TEST_F(JobProfileTest, SavesNothing) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  Profile(spec, 1);
  EXPECT_EQ(ReadFile(spec.save_path), "");
}

TEST_F(JobProfileTest, SaysWhatAJobSays) {
  JobSpec spec = Spec();
  spec.memory = TotalBytes{1000};
  EXPECT_EQ(ProfileJob(spec, 1, {planner_, two_level_}, known_costs_, {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ProfileJob(Spec(), 1, {planner_, two_level_}, known_costs_, [] { return true; }).status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace recurve
