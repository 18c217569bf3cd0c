// SPDX-License-Identifier: Apache-2.0
//
// A training that was stopped and resumed ends as one that was not: with the same weights, bit for bit.
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/checkpoint/checkpoint_directory.h"
#include "executor/data/sha256.h"
#include "executor/job/job_checkpoints.h"
#include "executor/job/link_sizing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/model/cell.h"
#include "tests/executor/job/resumed_job.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A change of what may change between two runs of a training.
struct Change {
  const char* name;
  std::function<void(JobSpec& spec)> apply;
};

const std::vector<Change>& PlanChanges() {
  static const std::vector<Change> changes = {
      {"store-all", [](JobSpec& spec) { spec.strategy = Strategy::kStoreAll; }},
      {"chen", [](JobSpec& spec) { spec.strategy = Strategy::kChen; }},
      {"hsm", [](JobSpec& spec) { spec.strategy = Strategy::kHsm, spec.memory = ActivationShare{0.7}; }},
      {"little memory", [](JobSpec& spec) { spec.memory = ActivationShare{0.65}; }},
      {"bytes, two threads", [](JobSpec& spec) { spec.memory = TotalBytes{1 << 20}, spec.threads = 2; }},
      {"host memory", [](JobSpec& spec) {
         spec.host_memory = 1 << 16;
         spec.memory = TotalBytes{SizeLink(spec, 4, *MakeCpuBackend({.threads = 1}).value()).fixed.total()};
       }}};
  return changes;
}

class ResumeTest : public ResumedJobTest {
 protected:
  std::string LinesPath() {
    std::string text;
    for (int i = 0; i < 40; ++i) text += std::string(static_cast<size_t>(3 + i * 7 % 25), 'a') + " line\n";
    return scratch_.Write("lines", text);
  }
  std::string WriteTextThatEndsOtherwise() {
    std::string text(kGenesis.substr(0, 700));
    for (int i = 0; i < 300; ++i) text += static_cast<char>('A' + i * i % 26);
    return scratch_.Write("two-part-text", text);
  }
};

TEST_F(ResumeTest, EveryCellOptimizerAndKindOfSequence) {
  for (const Cell cell : kCells) {
    for (const OptimizerKind optimizer : {OptimizerKind::kAdamW, OptimizerKind::kSgd}) {
      for (const Sequences sequences : {Sequences::kWindows, Sequences::kLines}) {
        SCOPED_TRACE(testing::Message() << ToString(cell) << ", optimizer " << static_cast<int>(optimizer)
                                        << ", sequences " << static_cast<int>(sequences));
        JobSpec spec = Spec();
        LanguageModelOf(spec).model.cell = cell;
        LanguageModelOf(spec).sequences = sequences;
        if (sequences == Sequences::kLines) LanguageModelOf(spec).data_path = LinesPath();
        spec.optimizer.kind = optimizer;
        spec.steps = 4;
        const std::string whole = RunWhole(spec).weights_sha256;
        const RunsRecorder::Values losses = recorder_.losses;

        const std::string path = NewPath();
        RunUntil(2, spec, path);
        spec.memory = ActivationShare{0.8};
        EXPECT_EQ(Resume(spec, path).weights_sha256, whole);
        EXPECT_EQ(recorder_.losses, losses) << "each step once, with the same loss";
        EXPECT_THAT(recorder_.resumed_after, ElementsAre(2));
      }
    }
  }
}

TEST_F(ResumeTest, AnyPlanBeforeAndAnyOtherAfter) {
  const std::string whole = RunWhole(Spec()).weights_sha256;
  std::set<std::pair<int64_t, int64_t>> plans;  // forwards and bytes
  bool stores_on_host = false;
  for (const Change& before : PlanChanges()) {
    JobSpec first = Spec();
    before.apply(first);
    first.link = 4;
    const std::string stopped = NewPath();
    RunUntil(3, first, stopped);
    plans.insert({plan_.plan.forward_count, plan_.ledger.total()});
    stores_on_host = stores_on_host || plan_.host_bytes > 0;
    for (const Change& after : PlanChanges()) {
      JobSpec second = Spec();
      after.apply(second);
      const std::string path = NewPath();
      fs::copy(stopped, path, fs::copy_options::recursive);
      EXPECT_EQ(Resume(second, path).weights_sha256, whole) << before.name << ", then " << after.name;
    }
  }
  EXPECT_GE(plans.size(), 4u) << "the changes do not change the plan";
  EXPECT_TRUE(stores_on_host);
}

TEST_F(ResumeTest, StoppedAfterEveryStepAndMoreThanOnce) {
  const std::string whole = RunWhole(Spec()).weights_sha256;
  for (const auto how : {RunControl::Stop::kYield, RunControl::Stop::kCancel}) {
    for (int64_t step = 1; step < Spec().steps; ++step) {
      const std::string path = NewPath();
      RunUntil(step, Spec(), path, how);
      EXPECT_THAT(recorder_.checkpoints, ElementsAre(step));
      EXPECT_EQ(Resume(Spec(), path).weights_sha256, whole) << step;
    }
  }
  const std::string path = NewPath();
  RunUntil(1, Spec(), path);
  for (int64_t step = 2; step < Spec().steps; ++step) {
    const RunControl until(std::function<RunControl::Stop()>(
        [&] { return recorder_.last_step < step ? RunControl::Stop::kNo : RunControl::Stop::kCancel; }));
    EXPECT_TRUE(absl::IsCancelled(
        Run(Spec(), {.directory = path, .resume = CheckpointOptions::Resume::kMust}, until).status()));
  }
  EXPECT_EQ(Resume(Spec(), path).weights_sha256, whole);
  EXPECT_EQ(recorder_.losses.size(), 6u);
}

TEST_F(ResumeTest, StoppedBeforeTheFirstStepStartsOver) {
  const std::string path = NewPath();
  RunUntil(0, Spec(), path);
  EXPECT_THAT(recorder_.checkpoints, IsEmpty());
  EXPECT_THAT(RefusalToResume(Spec(), path).ToString(), HasSubstr("cannot resume: " + path + " has no checkpoint"));
  const absl::StatusOr<JobReport> report =
      Run(Spec(), {.directory = path, .resume = CheckpointOptions::Resume::kIfAny}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(recorder_.resumed_after, IsEmpty());
  EXPECT_EQ(report->weights_sha256, RunWhole(Spec()).weights_sha256);
}

// Stops wherever a job looks whether it should, within steps and evaluations too.
TEST_F(ResumeTest, StoppedAtEveryPollKeepsEvaluationsBestModelAndPatience) {
  JobSpec spec = Spec();
  spec.steps = 40;
  spec.evaluate_every = 2;
  spec.keep_best = true;
  spec.patience = 2;
  spec.optimizer.learning_rate = 0.05;
  LanguageModelOf(spec).LanguageModelSpec::holdout = 0.3;
  LanguageModelOf(spec).data_path = WriteTextThatEndsOtherwise();  // so that the evaluations soon get worse
  spec.save_path = scratch_.File("whole.safetensors");
  const JobReport whole = RunWhole(spec);
  const RunsRecorder expected = recorder_;
  ASSERT_TRUE(whole.ended_by_patience);
  ASSERT_LT(whole.best_step, whole.steps);
  const std::string best = ReadFile(spec.save_path);

  spec.save_path = scratch_.File("resumed.safetensors");
  for (int64_t at = 1;; at += 1 + at / 8) {
    SCOPED_TRACE(testing::Message() << "poll " << at);
    fs::remove(spec.save_path);
    const std::string path = NewPath();
    int64_t polls = 0;
    recorder_ = {};
    const RunControl control([&] { return ++polls == at; });
    const absl::StatusOr<JobReport> first = Run(spec, {.directory = path}, control);
    if (first.ok()) break;
    ASSERT_TRUE(absl::IsCancelled(first.status())) << first.status();
    const absl::StatusOr<JobReport> second =
        Run(spec, {.directory = path, .resume = CheckpointOptions::Resume::kIfAny}, {});
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(second->weights_sha256, whole.weights_sha256);
    EXPECT_EQ(second->steps, whole.steps);
    EXPECT_TRUE(second->ended_by_patience);
    EXPECT_EQ(second->best_step, whole.best_step);
    EXPECT_EQ(second->best_metric, whole.best_metric);
    EXPECT_EQ(second->loss, whole.loss);
    EXPECT_EQ(recorder_.losses, expected.losses);
    EXPECT_EQ(recorder_.evaluations, expected.evaluations);
    EXPECT_EQ(ReadFile(spec.save_path), best);
    if (HasFailure()) break;
  }
}

TEST_F(ResumeTest, TheHistoryOfLossesSurvives) {
  JobSpec spec = Spec();
  spec.evaluate_every = 2;
  const std::string path = NewPath();
  RunUntil(5, spec, path);
  const RunsRecorder::Values losses = recorder_.losses, evaluations = recorder_.evaluations;
  Resume(spec, path);
  RunsRecorder::Values kept_losses, kept_evaluations;
  for (const LossPoint& point : recorder_.history) {
    (point.held_out ? kept_evaluations : kept_losses)
        .emplace_back(point.step, point.held_out ? point.metric : point.loss);
  }
  EXPECT_EQ(kept_losses, losses);
  EXPECT_EQ(kept_evaluations, evaluations);
  ASSERT_EQ(recorder_.history.size(), 7u);
  EXPECT_EQ(recorder_.history[2].step, 2);
  EXPECT_TRUE(recorder_.history[2].held_out) << "after its step";
}

TEST_F(ResumeTest, TimeOfEarlierRunsCounts) {
  const std::string path = NewPath();
  RunUntil(3, Spec(), path);
  JobSpec spec = Spec();
  spec.max_seconds = 1e-9;
  const RunsRecorder::Values losses = recorder_.losses;
  const JobReport report = Resume(spec, path);
  EXPECT_TRUE(report.ended_by_time);
  EXPECT_EQ(report.steps, 3);
  EXPECT_EQ(report.loss, losses.back().second);
  EXPECT_EQ(recorder_.losses, losses);
  EXPECT_EQ(Resume(Spec(), path).weights_sha256, RunWhole(Spec()).weights_sha256);
}

TEST(CheckpointClock, DueByStepsByTimeOrByCost) {
  const CheckpointClock steps(Interval{.steps = 5});
  EXPECT_FALSE(steps.Due(4, 1e6));
  EXPECT_TRUE(steps.Due(5, 0));
  CheckpointClock seconds(Interval{.seconds = 30});
  EXPECT_FALSE(seconds.Due(1, 29));
  EXPECT_TRUE(seconds.Due(1, 30));
  seconds.Written(100, 50);
  EXPECT_FALSE(seconds.Due(2, 129));
  EXPECT_TRUE(seconds.Due(2, 130));
  CheckpointClock automatic({});
  EXPECT_FALSE(automatic.Due(1000, 59));
  EXPECT_TRUE(automatic.Due(1000, 60));
  automatic.Written(100, 2);  // 1 % of 200 seconds
  EXPECT_FALSE(automatic.Due(1001, 299));
  EXPECT_TRUE(automatic.Due(1001, 300));
}

TEST_F(ResumeTest, TheTimeToTheNextCheckpointBeginsAnew) {
  const std::string path = NewPath();
  RunUntil(2, Spec(), path);
  const std::string folder = path + "/" + CheckpointDirectory::FolderOf(2) + "/";
  Json manifest = Json::parse(ReadFile(folder + "manifest.json"));
  manifest["training"]["seconds"] = 1e6;  // trained for days
  const std::string text = manifest.dump();
  std::ofstream(folder + "manifest.json") << text;
  std::ofstream(folder + "SHA256SUMS") << manifest["files"][0]["sha256"].get<std::string>() << "  tensors.safetensors\n"
                                       << Sha256Of(text) << "  manifest.json\n";
  recorder_ = {};
  Resume(Spec(), path);
  EXPECT_THAT(recorder_.checkpoints, ElementsAre(6)) << "that of the end only";
}

TEST_F(ResumeTest, ADamagedCheckpointIsNotedAndTheOneBeforeIsUsed) {
  JobSpec spec = Spec();
  spec.checkpoint_every.steps = 2;
  const std::string path = NewPath();
  RunUntil(5, spec, path);
  EXPECT_THAT(recorder_.checkpoints, ElementsAre(2, 4, 5));
  const std::string newest = path + "/" + CheckpointDirectory::FolderOf(5);
  fs::resize_file(newest + "/tensors.safetensors", 100);
  recorder_ = {};
  const std::string resumed = Resume(spec, path).weights_sha256;
  EXPECT_THAT(plan_.notes, Contains(HasSubstr(newest + ": tensors.safetensors has 100 bytes, but should have ")));
  EXPECT_THAT(recorder_.resumed_after, ElementsAre(4));
  EXPECT_FALSE(fs::exists(newest)) << "training came to its step again, and the checkpoint is too old now";
  EXPECT_EQ(resumed, RunWhole(spec).weights_sha256);
}

TEST_F(ResumeTest, GoesOnForMoreSteps) {
  JobSpec spec = Spec();
  spec.optimizer.shape = LearningRateShape::kConstant;
  const std::string path = NewPath();
  ASSERT_TRUE(Run(spec, {.directory = path}, {}).ok());
  EXPECT_THAT(recorder_.checkpoints, ElementsAre(6));
  spec.steps = 9;
  const JobReport resumed = Resume(spec, path);
  EXPECT_THAT(plan_.notes, Not(Contains(HasSubstr("learning rate"))));
  EXPECT_EQ(resumed.weights_sha256, RunWhole(spec).weights_sha256);

  // A training that is complete already.
  const RunsRecorder whole = recorder_;
  recorder_ = {};
  const JobReport again = Resume(spec, path);
  EXPECT_EQ(again.weights_sha256, resumed.weights_sha256);
  EXPECT_EQ(again.steps, 9);
  EXPECT_EQ(again.loss, whole.losses.back().second);
  EXPECT_EQ(again.evaluation->value, resumed.evaluation->value);
  EXPECT_THAT(recorder_.losses, IsEmpty());
  EXPECT_THAT(recorder_.resumed_after, ElementsAre(9));

  spec = Spec();
  const std::string cosine = NewPath();
  RunUntil(3, spec, cosine);
  spec.steps = 8;
  EXPECT_EQ(Resume(spec, cosine).steps, 8);
  EXPECT_THAT(plan_.notes, Contains("steps is 8 and was 6: the learning rate follows the new schedule from here on"));
}

TEST_F(ResumeTest, LinesShorterThanTheLinkAreResumedWithTheSameSpecification) {
  JobSpec spec = Spec();
  LanguageModelOf(spec).data_path = LinesPath();
  LanguageModelOf(spec).sequences = Sequences::kLines;
  spec.length = 500;
  spec.link = 100;
  const std::string path = NewPath();
  RunUntil(2, spec, path);
  EXPECT_EQ(Resume(spec, path).weights_sha256, RunWhole(spec).weights_sha256);
}

TEST_F(ResumeTest, TheSpecificationOfACheckpointIsComplete) {
  JobSpec spec = Spec();
  spec.save_path = "model.safetensors";
  spec.memory = ActivationShare{0.8};
  spec.evaluate_every = 3;
  spec.keep_checkpoints = 5;
  spec.carry_state = false;
  const std::string path = NewPath();
  RunUntil(2, spec, path);
  JobSpec read;
  ASSERT_TRUE(ReadCheckpointedSpec(path, {}, read).ok());
  JobSpec expected = spec;
  expected.link = 0;  // that of the checkpoint
  expected.save_path = fs::absolute("model.safetensors").string();
  EXPECT_EQ(FieldsJson(read), FieldsJson(expected));
  EXPECT_EQ(Resume(read, path).weights_sha256, RunWhole(spec).weights_sha256);
  fs::remove(spec.save_path);
  EXPECT_TRUE(absl::IsNotFound(ReadCheckpointedSpec(NewPath(), {}, read)));
}

}  // namespace
}  // namespace recurve
