// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_job.h"

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/data/safetensors.h"
#include "executor/data/text_corpus.h"
#include "executor/engine/inference.h"
#include "executor/job/link_sizing.h"
#include "executor/job/prediction_drift.h"
#include "executor/model/model_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"
#include "tests/executor/backend/pretending_backend.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/engine/training_run.h"

namespace recurve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Recorder : public JobObserver {
 public:
  void OnStep(const StepRecord& record) override { steps.push_back(record); }
  void OnCheckpoint(int64_t step, double) override { checkpoints.push_back(step); }
  void OnEvaluation(int64_t, double bits) override { evaluation = bits; }
  void OnLedger(const Ledger& peak) override { ledger = peak; }
  void OnLinkRuns(const LinkRuns& so_far) override { link_runs.push_back(so_far); }

  std::vector<StepRecord> steps;
  std::vector<int64_t> checkpoints;
  std::optional<double> evaluation;
  Ledger ledger;
  std::vector<LinkRuns> link_runs;
};

class TrainingJobTest : public testing::Test {
 protected:
  JobSpec Spec() const {
    JobSpec spec{.data_path = text_path_,
                 .layers = 2,
                 .hidden = 24,
                 .dropout = 0.1,
                 .batch = 4,
                 .length = 50,
                 .link = 4,
                 .steps = 3,
                 .threads = 1};
    spec.optimizer.warmup_steps = 0;
    return spec;
  }
  absl::StatusOr<std::unique_ptr<TrainingJob>> Prepare(const JobSpec& spec) {
    return TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {});
  }
  absl::StatusOr<JobReport> Run(const JobSpec& spec) {
    auto job = Prepare(spec);
    if (!job.ok()) return job.status();
    return (*job)->Run(recorder_, {});
  }
  // The number after `words` in a message: one that would do.
  static double NumberAfter(const absl::Status& status, const std::string& words) {
    const std::string message(status.message());
    const size_t at = message.find(words);
    EXPECT_NE(at, std::string::npos) << message;
    return at == std::string::npos ? 0 : std::stod(message.substr(at + words.size()));
  }
  static int64_t BytesThatWouldDo(const absl::Status& status) {
    return static_cast<int64_t>(NumberAfter(status, "give at least "));
  }

  ScratchDirectory directory_;
  const std::string text_path_ = directory_.Write("text", std::string(kGenesis) + std::string(kGenesis));
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  Recorder recorder_;
};

TEST_F(TrainingJobTest, TellsHowLinksWereRunWhereTheDeviceCounts) {
  ASSERT_TRUE(Run(Spec()).ok());
  EXPECT_TRUE(recorder_.link_runs.empty());

  const LinkRuns runs{.graphs = 4, .failed_graphs = 1, .graph_launches = 30, .one_by_one = 7};
  const auto pretend = [&](std::unique_ptr<Backend> backend) {
    return std::make_unique<PretendingBackend>(std::move(backend), Pretence{.link_runs = runs});
  };
  auto job = TrainingJob::Prepare(Spec(), {planner_, two_level_}, costs_, {}, pretend);
  ASSERT_TRUE(job.ok()) << job.status();
  ASSERT_TRUE((*job)->Run(recorder_, {}).ok());
  EXPECT_THAT(recorder_.link_runs, ElementsAre(runs, runs, runs));
}

TEST_F(TrainingJobTest, TrainsEvaluatesAndSaves) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  spec.memory = ActivationShare{0.3};
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  const JobPlan plan = (*job)->plan();
  const auto report = (*job)->Run(recorder_, {});
  ASSERT_TRUE(report.ok()) << report.status();

  EXPECT_EQ(plan.links, 13);
  EXPECT_EQ(plan.train_bytes + plan.holdout_bytes, 2 * static_cast<int64_t>(kGenesis.size()));
  EXPECT_THAT(plan.device, HasSubstr("cpu"));
  EXPECT_GT(plan.costs.backward_seconds, 0);
  EXPECT_DOUBLE_EQ(*plan.plan.predicted_seconds, PredictSeconds(plan.plan.forward_count, plan.links, plan.costs));
  EXPECT_LE(static_cast<double>(plan.ledger.activations()),
            0.3 * static_cast<double>(plan.store_all_bytes - plan.ledger.total() + plan.ledger.activations()));

  ASSERT_EQ(recorder_.steps.size(), 3);
  EXPECT_NEAR(recorder_.steps[0].loss, std::log(256.0), 0.5);
  EXPECT_LT(recorder_.steps[2].loss, recorder_.steps[0].loss);
  EXPECT_EQ(recorder_.steps[2].step, 3);
  EXPECT_GT(recorder_.steps[2].batch_seconds, 0);
  EXPECT_LE(recorder_.steps[2].batch_seconds, recorder_.steps[2].seconds);
  EXPECT_EQ(recorder_.steps[2].taped_forwards, plan.links);
  EXPECT_EQ(recorder_.steps[2].plain_forwards, plan.plan.forward_count - plan.links);
  EXPECT_EQ(recorder_.ledger, plan.ledger);
  EXPECT_THAT(recorder_.checkpoints, ElementsAre(3));

  EXPECT_EQ(report->steps, 3);
  EXPECT_EQ(report->planned_peak_bytes, plan.ledger.total());
  EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
  EXPECT_EQ(report->forward_count_per_batch, plan.plan.forward_count);
  EXPECT_EQ(report->loss, recorder_.steps[2].loss);
  EXPECT_GT(report->seconds_per_batch, 0);
  EXPECT_EQ(report->predicted_seconds_per_batch, *plan.plan.predicted_seconds);
  EXPECT_EQ(report->bits_per_byte, recorder_.evaluation);
  EXPECT_EQ((*job)->Run(recorder_, {}).status().code(), absl::StatusCode::kFailedPrecondition);

  // The saved model is the trained one.
  const auto model = LoadModel(spec.save_path);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(Sha256Hex(model->parameters), report->weights_sha256);
  const auto file = InputFile::Open(text_path_).value();
  const auto backend = MakeCpuBackend({.threads = 1});
  EXPECT_EQ(EvaluateBitsPerByte(*model, Text(*file).Last(plan.holdout_bytes), **backend, {}).value(),
            *report->bits_per_byte);
}

TEST_F(TrainingJobTest, EveryBudgetKeepsItsPeakAndGivesTheSameWeights) {
  JobSpec spec = Spec();
  const auto store_all = Prepare(spec);
  ASSERT_TRUE(store_all.ok()) << store_all.status();
  const JobPlan plan = (*store_all)->plan();
  EXPECT_EQ(plan.plan.forward_count, plan.links);
  EXPECT_EQ(plan.ledger.total(), plan.store_all_bytes);
  const std::string weights = (*store_all)->Run(recorder_, {})->weights_sha256;

  spec.memory = TotalBytes{1};
  const int64_t least = BytesThatWouldDo(Run(spec).status());
  int64_t last_count = int64_t{1} << 40;
  for (int64_t bytes = least; bytes <= plan.store_all_bytes; bytes += (plan.store_all_bytes - least) / 9) {
    spec.memory = TotalBytes{bytes};
    const auto report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_LE(report->measured_peak_bytes, bytes);
    EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
    EXPECT_EQ(report->weights_sha256, weights);
    EXPECT_LE(report->forward_count_per_batch, last_count);
    last_count = report->forward_count_per_batch;
  }
  for (const Strategy strategy : {Strategy::kChen, Strategy::kHsm, Strategy::kStoreAll}) {
    spec.memory = ActivationShare{1.0};
    spec.strategy = strategy;
    const auto report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
    EXPECT_EQ(report->weights_sha256, weights);
  }
}

TEST_F(TrainingJobTest, OneByteShortNamesTheBytesThatWouldDo) {
  for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
    for (const int64_t link : {0, 1, 4, 50, 1000}) {
      JobSpec spec = Spec();
      spec.strategy = strategy;
      spec.link = link;
      spec.steps = 1;
      spec.memory = TotalBytes{1};
      const absl::Status status = Prepare(spec).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(status.message(), HasSubstr("memory is 1 bytes"));
      const int64_t enough = BytesThatWouldDo(status);
      spec.memory = TotalBytes{enough - 1};
      const absl::Status short_status = Prepare(spec).status();
      EXPECT_EQ(short_status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(BytesThatWouldDo(short_status), enough);
      spec.memory = TotalBytes{enough};
      const auto report = Run(spec);
      ASSERT_TRUE(report.ok()) << report.status();
      EXPECT_LE(report->measured_peak_bytes, enough);
    }
  }
}

TEST_F(TrainingJobTest, TooSmallAShareNamesTheShareThatWouldDo) {
  JobSpec spec = Spec();
  spec.memory = ActivationShare{1e-6};
  const absl::Status status = Prepare(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  spec.memory = ActivationShare{NumberAfter(status, "a share of ")};
  EXPECT_TRUE(Run(spec).ok());
}

// A prediction that is far off is told once, and what it came from is forgotten.
TEST_F(TrainingJobTest, ForgetsCostsThatTurnOutWrong) {
  class Listener final : public Recorder {
   public:
    void OnPredictionMissed(const StepRecord& record) override { missed.push_back(record.step); }
    std::vector<int64_t> missed;
  };
  JobSpec spec = Spec();
  spec.steps = 2 * PredictionDrift::kWindow;
  const auto backend = MakeCpuBackend({.threads = 1}).value();
  const LinkCostKey key = KeyOf({.model = OptionsOf(spec).model, .batch = spec.batch, .links = {spec.link}}, *backend);
  costs_.Put(key, {{spec.link, 100, 100, 100, 100}});
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_GT(*(*job)->plan().plan.predicted_seconds, 1000);
  EXPECT_TRUE(costs_.Find(key).has_value());
  Listener listener;
  ASSERT_TRUE((*job)->Run(listener, {}).ok());
  EXPECT_THAT(listener.missed, ElementsAre(PredictionDrift::kWindow + 1)) << "the first step does not count";
  EXPECT_LT(listener.steps.back().prediction_ratio, 0.01);
  EXPECT_EQ(costs_.Find(key), std::nullopt);
}

TEST_F(TrainingJobTest, RunsTheSmallestSequences) {
  for (const auto& [length, link, batch] : {std::tuple{1, 0, 1}, {1, 5, 3}, {2, 1, 1}, {3, 8, 2}, {7, 3, 1}}) {
    JobSpec spec = Spec();
    spec.length = length;
    spec.link = link;
    spec.batch = batch;
    const auto report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
  }
}

TEST_F(TrainingJobTest, TwoThreadsGiveTheSameWeights) {
  JobSpec spec = Spec();
  spec.hidden = 64;
  const std::string weights = Run(spec)->weights_sha256;
  spec.threads = 2;
  EXPECT_EQ(Run(spec)->weights_sha256, weights);
  spec.seed = 2;
  EXPECT_NE(Run(spec)->weights_sha256, weights);
}

TEST_F(TrainingJobTest, SavesOnTheWay) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  spec.checkpoint_every = 2;
  spec.steps = 5;
  ASSERT_TRUE(Run(spec).ok());
  EXPECT_THAT(recorder_.checkpoints, ElementsAre(2, 4, 5));
  EXPECT_EQ(directory_.Count(), 2);  // the text and the model
}

TEST_F(TrainingJobTest, CancellingLeavesTheLastCheckpoint) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  spec.checkpoint_every = 1;
  spec.steps = 1000;
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  const auto status = (*job)->Run(recorder_, [&] { return recorder_.steps.size() >= 3; }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(recorder_.steps.size(), 3);
  EXPECT_EQ(recorder_.checkpoints.back(), 3);
  EXPECT_TRUE(LoadModel(spec.save_path).ok());
  EXPECT_EQ(TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, [] { return true; }).status().code(),
            absl::StatusCode::kCancelled);
}

TEST_F(TrainingJobTest, ALossThatIsNotFiniteKeepsTheLastGoodCheckpoint) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  spec.checkpoint_every = 1;
  spec.steps = 50;
  spec.optimizer = {
      .kind = OptimizerKind::kSgd, .learning_rate = 1000, .warmup_steps = 0, .weight_decay = 1000, .clip_norm = 0};
  const absl::Status status = Run(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(status.message(), HasSubstr("step"));
  ASSERT_FALSE(recorder_.checkpoints.empty());
  EXPECT_LT(recorder_.checkpoints.back(), 50);
  const auto model = LoadModel(spec.save_path);
  ASSERT_TRUE(model.ok()) << model.status();
  for (const NamedTensor& tensor : model->parameters) {
    for (const float value : tensor.values) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_F(TrainingJobTest, RefusesBadInputBeforeItTrains) {
  const auto refused = [&](JobSpec spec) { return Prepare(spec).status(); };
  JobSpec spec = Spec();
  spec.data_path = directory_.File("none");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kNotFound);
  spec.data_path = directory_.Write("empty", "");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kInvalidArgument);
  spec.data_path = directory_.Write("one", "x");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kInvalidArgument);
  spec.data_path = directory_.Write("short", "a text too short for a window");
  EXPECT_THAT(refused(spec).message(), HasSubstr("text"));
  spec = Spec();
  spec.save_path = directory_.File("no/such/directory/model");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kNotFound);
  spec = Spec();
  spec.layers = 0;
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TrainingJobTest, AnyBytesAreTextAndAShortHoldoutIsNotEvaluated) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i * 37 % 256));
  JobSpec spec = Spec();
  spec.data_path = directory_.Write("binary", bytes);
  spec.holdout = 0.001;
  const auto report = Run(spec);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->bits_per_byte.has_value());
  EXPECT_FALSE(recorder_.evaluation.has_value());
}

// A planner that promises what its schedule does not keep.
class LyingPlanner final : public Planner {
 public:
  explicit LyingPlanner(std::function<void(Plan&)> lie) : lie_(std::move(lie)) {}
  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<Plan> plan = planner_.MakePlan(request, cancelled);
    if (plan.ok()) lie_(*plan);
    return plan;
  }

 private:
  EmbeddedPlanner planner_;
  const std::function<void(Plan&)> lie_;
};

TEST_F(TrainingJobTest, TrustsNoPlanThatDoesNotReplay) {
  JobSpec spec = Spec();
  spec.memory = ActivationShare{0.3};
  const std::pair<std::function<void(Plan&)>, const char*> lies[] = {
      {[](Plan& plan) { ++plan.forward_count; }, "forwards"},
      {[](Plan& plan) { --plan.peak_bytes; }, "peak"},
      {[](Plan& plan) { plan.schedule = {}; }, "runs"},
      {[](Plan& plan) { plan.schedule = {.runs = {{.kind = Run::Kind::kTapeAll, .length = 12}}}; }, "12 links"},
      {[](Plan& plan) { plan.schedule = {.runs = {{.kind = Run::Kind::kTapeAll, .length = 13}}}; }, "peak"},
      {[](Plan& plan) { plan.schedule.runs.back().left = 1 << 20; }, "left"},
  };
  for (const auto& [lie, message] : lies) {
    LyingPlanner planner(lie);
    const absl::Status status = TrainingJob::Prepare(spec, {planner, two_level_}, costs_, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace recurve
