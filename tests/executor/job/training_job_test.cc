// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_job.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <numbers>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/data/atomic_file.h"
#include "executor/data/safetensors.h"
#include "executor/job/link_sizing.h"
#include "executor/job/prediction_drift.h"
#include "executor/model/model_file.h"
#include "executor/task/language_model/inference.h"
#include "executor/task/language_model/text_corpus.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"
#include "tests/executor/backend/pretending_backend.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/language_model_of.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class JobRecorder : public JobObserver {
 public:
  void OnStep(const StepRecord& record) override { steps.push_back(record); }
  void OnCheckpoint(const CheckpointRecord& record) override { checkpoints.push_back(record.step); }
  void OnCheckpointFailed(int64_t step, const absl::Status& why) override {
    failed_checkpoints.push_back(step);
    EXPECT_FALSE(why.ok());
  }
  void OnEvaluationProgress(int64_t done, int64_t bytes) override {
    EXPECT_LE(done, bytes);
    evaluated = done;
  }
  void OnEvaluation(int64_t step, const Metric& metric) override {
    EXPECT_EQ(metric.name, "bits_per_byte");
    evaluation = metric.value;
    evaluated_steps.push_back(step);
  }
  void OnLedger(const Ledger& peak) override { ledger = peak; }
  void OnLinkRuns(const LinkRuns& so_far) override { link_runs.push_back(so_far); }

  std::vector<StepRecord> steps;
  std::vector<int64_t> checkpoints, failed_checkpoints;
  int64_t evaluated = 0;  // bytes
  std::vector<int64_t> evaluated_steps;
  std::optional<double> evaluation;
  Ledger ledger;
  std::vector<LinkRuns> link_runs;
};

class TrainingJobTest : public testing::Test {
 protected:
  JobSpec Spec() const {
    JobSpec spec{
        .task = LanguageModelOptions({.data_path = text_path_, .model = {.layers = 2, .hidden = 24, .dropout = 0.1}}),
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
  static int64_t BytesThatWouldDo(const absl::Status& status) {  // "give at least 1.23KiB (1259 bytes)"
    const std::string message(status.message());
    const size_t at = message.find(" (", message.find("give at least "));
    EXPECT_NE(at, std::string::npos) << message;
    return at == std::string::npos ? 0 : std::stoll(message.substr(at + 2));
  }

  ScratchDirectory directory_;
  const std::string text_path_ = directory_.Write("text", std::string(kGenesis) + std::string(kGenesis));
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  JobRecorder recorder_;
};

TEST_F(TrainingJobTest, TellsHowLinksWereRunWhereTheDeviceCounts) {
  ASSERT_TRUE(Run(Spec()).ok());
  EXPECT_TRUE(recorder_.link_runs.empty());

  const LinkRuns runs{.graphs = 4, .failed_graphs = 1, .graph_launches = 30, .one_by_one = 7};
  const auto pretend = [&](std::unique_ptr<Backend> backend) {
    return std::make_unique<PretendingBackend>(std::move(backend), Pretence{.link_runs = runs});
  };
  auto job = TrainingJob::Prepare(Spec(), {planner_, two_level_}, costs_, {}, {.decorate = pretend});
  ASSERT_TRUE(job.ok()) << job.status();
  ASSERT_TRUE((*job)->Run(recorder_, {}).ok());
  EXPECT_THAT(recorder_.link_runs, ElementsAre(runs, runs, runs));
}

TEST_F(TrainingJobTest, EndsWhenItsTimeIsOver) {
  JobSpec spec = Spec();
  spec.steps = 1'000'000'000;
  spec.save_path = directory_.File("model.safetensors");
  for (const double seconds : {1e-9, 0.2}) {
    spec.max_seconds = seconds;
    const auto report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->ended_by_time);
    EXPECT_GE(report->steps, 1);
    EXPECT_LT(report->steps, spec.steps);
    EXPECT_EQ(recorder_.steps.back().step, report->steps);
    EXPECT_GT(report->seconds_per_batch, 0);
    EXPECT_GT(report->predictions_per_second, 0);
    EXPECT_TRUE(LoadModel(spec.save_path).ok());
    if (seconds < 1e-6) {
      EXPECT_EQ(report->steps, 1);
    }
  }
  spec.steps = 3;
  spec.max_seconds = 1000;
  const auto whole = Run(spec);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->steps, 3);
  EXPECT_FALSE(whole->ended_by_time);
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
  EXPECT_EQ(plan.data.train + plan.data.held_out, 2 * static_cast<int64_t>(kGenesis.size()));
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
  EXPECT_EQ(report->metric.value, recorder_.steps[2].metric.value);
  EXPECT_EQ(report->metric.value, report->loss / std::numbers::ln2);
  EXPECT_EQ(report->evaluation->value, recorder_.evaluation);
  EXPECT_EQ(report->evaluation->unit, "bits per byte");
  EXPECT_EQ((*job)->Run(recorder_, {}).status().code(), absl::StatusCode::kFailedPrecondition);

  // The saved model is the trained one.
  const auto model = LoadModel(spec.save_path);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(Sha256Hex(model->parameters), report->weights_sha256);
  const auto file = InputFile::Open(text_path_).value();
  const auto backend = MakeCpuBackend({.threads = 1});
  const Text held_out = Text(*file).Last(plan.data.held_out);
  EXPECT_EQ(EvaluateText(View(*model), held_out, Sequences::kWindows, **backend, {}).value(),
            report->evaluation->value);
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
      EXPECT_THAT(status.message(), HasSubstr("memory is 1B"));
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
  EXPECT_THAT(std::string(status.message()), HasSubstr("memory share is 0.0001%, "));
  spec.memory = ActivationShare{NumberAfter(status, "give at least ") / 100};  // "27.2%"
  EXPECT_TRUE(Run(spec).ok());
}

// A prediction that is far off is told once, and what it came from is forgotten.
TEST_F(TrainingJobTest, ForgetsCostsThatTurnOutWrong) {
  class Listener final : public JobRecorder {
   public:
    void OnPredictionMissed(const StepRecord& record) override { missed.push_back(record.step); }
    std::vector<int64_t> missed;
  };
  JobSpec spec = Spec();
  spec.steps = 2 * PredictionDrift::kWindow;
  const auto backend = MakeCpuBackend({.threads = 1}).value();
  const LinkCostKey key = KeyOf(spec.task->Describe(), {.batch = spec.batch, .links = {spec.link}}, *backend);
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
  LanguageModelOf(spec).model.hidden = 64;
  const std::string weights = Run(spec)->weights_sha256;
  spec.threads = 2;
  EXPECT_EQ(Run(spec)->weights_sha256, weights);
  spec.seed = 2;
  EXPECT_NE(Run(spec)->weights_sha256, weights);
}

TEST_F(TrainingJobTest, SavesOnTheWay) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  spec.checkpoint_every.steps = 2;
  spec.steps = 5;
  ASSERT_TRUE(Run(spec).ok());
  EXPECT_THAT(recorder_.checkpoints, ElementsAre(2, 4, 5));
  EXPECT_EQ(directory_.Count(), 2);  // the text and the model
}

// The model of the job at a path: its weights after so many steps, as hex.
std::string DigestAt(const std::string& path) {
  const absl::StatusOr<Model> model = LoadModel(path);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? Sha256Hex(model->parameters) : "";
}

TEST_F(TrainingJobTest, CancellingSavesTheLastWholeStep) {
  JobSpec spec = Spec();
  spec.optimizer.shape = LearningRateShape::kConstant;
  spec.steps = 3;
  const std::string after_three = Run(spec)->weights_sha256;
  for (const int64_t checkpoint_every : {0, 1, 2}) {
    spec.steps = 1000;
    spec.save_path = directory_.File("model-" + std::to_string(checkpoint_every));
    spec.checkpoint_every.steps = checkpoint_every;
    recorder_ = {};
    auto job = Prepare(spec);
    ASSERT_TRUE(job.ok()) << job.status();
    const auto status = (*job)->Run(recorder_, [&] { return recorder_.steps.size() >= 3; }).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(status.message(), "stopped after step 3 of 1000; the model of step 3 is saved as " + spec.save_path);
    EXPECT_EQ(recorder_.steps.size(), 3);
    EXPECT_EQ(recorder_.checkpoints.back(), 3);
    EXPECT_EQ(DigestAt(spec.save_path), after_three);
  }
  EXPECT_EQ(TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, [] { return true; }).status().code(),
            absl::StatusCode::kCancelled);
}

// A model from before is worth more than a few steps.
TEST_F(TrainingJobTest, CancellingDoesNotReplaceAModelFromBefore) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model");
  const std::string before = Run(spec)->weights_sha256;
  spec.steps = 1000;
  spec.seed = 2;
  recorder_ = {};
  auto job = Prepare(spec);
  const auto status = (*job)->Run(recorder_, [&] { return recorder_.steps.size() >= 2; }).status();
  EXPECT_EQ(status.message(), "stopped after step 2 of 1000; the model of step 2 is saved as " + spec.save_path +
                                  ".partial; " + spec.save_path + " is unchanged");
  EXPECT_EQ(DigestAt(spec.save_path), before);
  EXPECT_NE(DigestAt(spec.save_path + ".partial"), before);
}

TEST_F(TrainingJobTest, CancellingSaysWhenNothingIsSaved) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model");
  const auto run = [&](const CancelCheck& cancelled) { return (*Prepare(spec))->Run(recorder_, cancelled).status(); };
  EXPECT_EQ(run([] { return true; }).message(), "stopped before the first step was done; nothing was trained");
  EXPECT_EQ(directory_.Count(), 1);
  spec.save_path.clear();
  EXPECT_EQ(run([&] { return recorder_.steps.size() >= 2; }).message(),
            "stopped after step 2 of 3; the model is not saved because no file was given");
}

// The model is written before it is evaluated.
TEST_F(TrainingJobTest, CancellingTheLastEvaluationSaysThatTheModelIsSaved) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model");
  const auto status = (*Prepare(spec))->Run(recorder_, [&] { return recorder_.evaluated > 0; }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(),
            "stopped while evaluating, after the last step; the model of step 3 is saved as " + spec.save_path);
  EXPECT_TRUE(LoadModel(spec.save_path).ok());
}

constexpr OptimizerSpec kDiverging = {
    .kind = OptimizerKind::kSgd, .learning_rate = 1000, .warmup_steps = 0, .weight_decay = 1000, .clip_norm = 0};

TEST_F(TrainingJobTest, ALossThatIsNotFiniteKeepsTheLastGoodCheckpoint) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model.safetensors");
  spec.checkpoint_every.steps = 1;
  spec.steps = 50;
  spec.optimizer = kDiverging;
  const absl::Status status = Run(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(status.message(), HasSubstr("step"));
  ASSERT_FALSE(recorder_.checkpoints.empty());
  EXPECT_LT(recorder_.checkpoints.back(), 50);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(spec.save_path + " has the model of step " + std::to_string(recorder_.checkpoints.back())));
  const auto model = LoadModel(spec.save_path);
  ASSERT_TRUE(model.ok()) << model.status();
  for (const NamedTensor& tensor : model->parameters) {
    for (const float value : tensor.values) ASSERT_TRUE(std::isfinite(value));
  }
}

// The message says that training stopped with the weights of before the step: they are in the file. Some weight decay
// makes weights that are finite themselves and give a loss that is not.
TEST_F(TrainingJobTest, ALossThatIsNotFiniteSavesTheWeightsOfBefore) {
  JobSpec spec = Spec();
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0;
  LanguageModelOf(spec).model.dropout = 0;
  spec.optimizer = {.kind = OptimizerKind::kSgd,
                    .learning_rate = 1000,
                    .shape = LearningRateShape::kConstant,
                    .warmup_steps = 0,
                    .momentum = 0,
                    .clip_norm = 0};
  const std::string path = directory_.File("model");
  for (double weight_decay = 1; weight_decay < 1e17; weight_decay *= 3) {
    spec.optimizer.weight_decay = weight_decay;
    spec.steps = 50;
    spec.save_path = path;
    recorder_ = {};
    const absl::Status status = Run(spec).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    if (!std::filesystem::exists(path)) continue;  // the weights were not finite either
    const auto done = static_cast<int64_t>(recorder_.steps.size());
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("the model of step " + std::to_string(done) + " is saved as " + path));
    spec.steps = done;
    spec.save_path.clear();
    const auto before = Run(spec);
    ASSERT_TRUE(before.ok()) << before.status();
    EXPECT_EQ(DigestAt(path), before->weights_sha256);
    return;
  }
  FAIL() << "no weight decay makes the loss overflow first";
}

// What happens to the folder of the model while it trains.
class FolderChanger final : public JobObserver {
 public:
  explicit FolderChanger(std::function<void(int64_t step)> change) : change_(std::move(change)) {}
  void OnStep(const StepRecord& record) override { change_(record.step); }
  void OnCheckpoint(const CheckpointRecord& record) override { checkpoints.push_back(record.step); }
  void OnCheckpointFailed(int64_t step, const absl::Status&) override { failed.push_back(step); }

  std::vector<int64_t> checkpoints, failed;

 private:
  const std::function<void(int64_t step)> change_;
};

TEST_F(TrainingJobTest, ACheckpointThatFailsDoesNotEndTheJob) {
  const std::string folder = directory_.File("folder"), away = directory_.File("away");
  std::filesystem::create_directory(folder);
  JobSpec spec = Spec();
  spec.steps = 7;
  spec.checkpoint_every.steps = 2;
  spec.save_path = folder + "/model";
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  FolderChanger observer([&](int64_t step) {
    if (step == 3) std::filesystem::rename(folder, away);
    if (step == 5) std::filesystem::rename(away, folder);
  });
  const auto report = (*job)->Run(observer, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(observer.checkpoints, ElementsAre(2, 6, 7));
  EXPECT_THAT(observer.failed, ElementsAre(4));
  EXPECT_EQ(DigestAt(spec.save_path), report->weights_sha256);
}

TEST_F(TrainingJobTest, AModelThatCannotBeSavedIsSavedElsewhere) {
  const std::string folder = directory_.File("folder");
  std::filesystem::create_directory(folder);
  JobSpec spec = Spec();
  const std::string weights = Run(spec)->weights_sha256;
  spec.save_path = folder + "/model";
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  FolderChanger observer([&](int64_t step) {
    if (step == spec.steps) std::filesystem::remove_all(folder);
  });
  const absl::Status status = (*job)->Run(observer, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("cannot write " + spec.save_path));
  const std::string phrase = "the model is saved as ";
  const size_t begin = message.find(phrase) + phrase.size();
  const std::string rescued = message.substr(begin, message.find(' ', begin) - begin);
  EXPECT_EQ(DigestAt(rescued), weights) << message;
  std::filesystem::remove(rescued);
}

// Whatever holds the names of temporary files stands for a disk that is full for a while.
TEST_F(TrainingJobTest, TheLastSaveIsTriedAgain) {
  JobSpec spec = Spec();
  spec.save_path = directory_.File("model");
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  std::vector<AtomicFile> in_the_way;
  std::jthread remover;
  FolderChanger observer([&](int64_t step) {
    if (step < spec.steps) return;
    while (true) {
      auto file = AtomicFile::Create(spec.save_path);
      if (!file.ok()) break;
      in_the_way.push_back(*std::move(file));
    }
    remover = std::jthread([&in_the_way] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      in_the_way.clear();
    });
  });
  const auto report = (*job)->Run(observer, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(DigestAt(spec.save_path), report->weights_sha256);
}

TEST_F(TrainingJobTest, RefusesToWriteOverWhatIsNoModel) {
  const auto expect_refused = [&](const std::string& save_path, const char* reason) {
    JobSpec spec = Spec();
    spec.save_path = save_path;
    const absl::Status status = Prepare(spec).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  };
  const std::string text = ReadFile(text_path_);
  std::filesystem::create_symlink("text", directory_.File("link"));
  std::filesystem::create_hard_link(text_path_, directory_.File("hard"));
  expect_refused(text_path_, "save_path is ");
  for (const char* name : {"./text", "link", "hard"}) {
    expect_refused(directory_.File(name), "is the same file as data_path");
  }
  expect_refused(directory_.Write("notes", "my diary"), "is not a model");
  expect_refused(directory_.Write("long", std::string(5000, 'x')), "is not a model");
  EXPECT_EQ(ReadFile(text_path_), text);
  EXPECT_EQ(ReadFile(directory_.File("notes")), "my diary");

  JobSpec spec = Spec();
  spec.save_path = directory_.Write("empty", "");
  EXPECT_TRUE(Run(spec).ok());
  spec.seed = 2;
  EXPECT_TRUE(Run(spec).ok()) << "a model may be replaced";
}

// Evaluations look on: the weights are those of a job without them, and the figures those of jobs that end there.
TEST_F(TrainingJobTest, EvaluatesWhileItTrains) {
  JobSpec spec = Spec();
  spec.optimizer.shape = LearningRateShape::kConstant;
  spec.steps = 5;
  const auto without = Run(spec);
  ASSERT_TRUE(without.ok()) << without.status();
  spec.evaluate_every = 2;
  recorder_ = {};
  std::vector<double> bits;
  class Listener final : public JobObserver {
   public:
    explicit Listener(std::vector<double>& bits) : bits_(bits) {}
    void OnEvaluation(int64_t, const Metric& metric) override { bits_.push_back(metric.value); }

   private:
    std::vector<double>& bits_;
  } listener(bits);
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  const auto with = (*job)->Run(listener, {});
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_EQ(with->weights_sha256, without->weights_sha256);
  ASSERT_EQ(bits.size(), 3);
  EXPECT_EQ(bits[2], without->evaluation->value);
  spec.evaluate_every = 0;
  for (const int64_t steps : {2, 4}) {
    spec.steps = steps;
    EXPECT_EQ(Run(spec)->evaluation->value, bits[static_cast<size_t>(steps / 2 - 1)]);
  }
}

// What evaluating takes is part of the memory that was given.
TEST_F(TrainingJobTest, TheMemoryHoldsEvaluationsToo) {
  JobSpec spec = Spec();
  spec.memory = TotalBytes{1};
  const int64_t least = BytesThatWouldDo(Prepare(spec).status());
  spec.memory = TotalBytes{least};
  EXPECT_TRUE(Prepare(spec).ok());
  spec.evaluate_every = 1;
  const absl::Status refused = Prepare(spec).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  const int64_t more = EvaluationBytes(LanguageModelOf(spec).model, *MakeCpuBackend({.threads = 1}).value());
  EXPECT_THAT(std::string(refused.message()), HasSubstr(std::to_string(more) + " bytes more are for the evaluation"));
  spec.memory = TotalBytes{least + more};
  auto job = Prepare(spec);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ((*job)->plan().evaluation_bytes, more);
  EXPECT_LE((*job)->plan().ledger.total(), least);
  ASSERT_TRUE((*job)->Run(recorder_, {}).ok());
  EXPECT_THAT(recorder_.evaluated_steps, ElementsAre(1, 2, 3));
}

TEST_F(TrainingJobTest, RefusesBadInputBeforeItTrains) {
  const auto refused = [&](JobSpec spec) { return Prepare(spec).status(); };
  JobSpec spec = Spec();
  LanguageModelOf(spec).data_path = directory_.File("none");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kNotFound);
  LanguageModelOf(spec).data_path = directory_.Write("empty", "");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kInvalidArgument);
  LanguageModelOf(spec).data_path = directory_.Write("one", "x");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kInvalidArgument);
  LanguageModelOf(spec).data_path = directory_.Write("short", "a text too short for a window");
  EXPECT_THAT(refused(spec).message(), HasSubstr("text"));
  spec = Spec();
  spec.save_path = directory_.File("no/such/directory/model");
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kNotFound);
  spec = Spec();
  LanguageModelOf(spec).model.layers = 0;
  EXPECT_EQ(refused(spec).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TrainingJobTest, AnyBytesAreTextAndAShortHoldoutIsNotEvaluated) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i * 37 % 256));
  JobSpec spec = Spec();
  LanguageModelOf(spec).data_path = directory_.Write("binary", bytes);
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0.001;
  const auto report = Run(spec);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->evaluation.has_value());
  EXPECT_FALSE(recorder_.evaluation.has_value());
}

// A planner that promises what its schedule does not keep.
class LyingJobPlanner final : public Planner {
 public:
  explicit LyingJobPlanner(std::function<void(Plan&)> lie) : lie_(std::move(lie)) {}
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
    LyingJobPlanner planner(lie);
    const absl::Status status = TrainingJob::Prepare(spec, {planner, two_level_}, costs_, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace recurve
