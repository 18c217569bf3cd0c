// SPDX-License-Identifier: Apache-2.0
//
// Jobs that stop and are resumed from their checkpoints.
#ifndef RECURVE_TESTS_EXECUTOR_JOB_RESUMED_JOB_H_
#define RECURVE_TESTS_EXECUTOR_JOB_RESUMED_JOB_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executor/job/training_job.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"
#include "tests/executor/checkpoint/faulty_file_system.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {

// What the runs of one training report, each run after the other.
class RunsRecorder : public JobObserver {
 public:
  void OnStep(const StepRecord& record) override {
    last_step = record.step;
    losses.emplace_back(record.step, record.loss);
  }
  void OnResume(int64_t step, const std::vector<LossPoint>& points) override {
    resumed_after.push_back(step);
    history = points;
  }
  void OnEvaluation(int64_t step, const Metric& metric) override { evaluations.emplace_back(step, metric.value); }
  void OnCheckpoint(const CheckpointRecord& record) override {
    if (record.resumable) checkpoints.push_back(record.step);
  }
  void OnCheckpointFailed(int64_t step, const absl::Status& why) override {
    EXPECT_FALSE(why.ok());
    failed_checkpoints.push_back(step);
  }

  using Values = std::vector<std::pair<int64_t, double>>;  // by step
  Values losses, evaluations;
  int64_t last_step = 0;
  std::vector<int64_t> resumed_after, checkpoints, failed_checkpoints;
  std::vector<LossPoint> history;  // at the last resumption
};

class ResumedJobTest : public testing::Test {
 protected:
  // 5 links, and every kind of randomness.
  JobSpec Spec() const {
    JobSpec spec{
        .task = LanguageModelOptions(
            {.data_path = text_path_, .model = {.layers = 2, .hidden = 12, .dropout = 0.2, .recurrent_dropout = 0.1}}),
        .batch = 3,
        .length = 20,
        .link = 4,
        .steps = 6,
        .threads = 1};
    spec.optimizer.warmup_steps = 2;
    return spec;
  }
  // A path for the checkpoints of another training.
  std::string NewPath() { return scratch_.File("checkpoints-" + std::to_string(++paths_)); }

  absl::StatusOr<std::unique_ptr<TrainingJob>> Prepare(const JobSpec& spec, CheckpointOptions checkpoints) {
    if (checkpoints.file_system == nullptr) checkpoints.file_system = &fast_disk_;
    return TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {}, {.checkpoints = checkpoints});
  }
  absl::StatusOr<JobReport> Run(const JobSpec& spec, const CheckpointOptions& checkpoints, const RunControl& control) {
    auto job = Prepare(spec, checkpoints);
    if (!job.ok()) return job.status();
    plan_ = (*job)->plan();
    return (*job)->Run(recorder_, control);
  }
  // Trains to the end without checkpoints.
  JobReport RunWhole(const JobSpec& spec) {
    recorder_ = {};
    absl::StatusOr<JobReport> report = Run(spec, {}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *std::move(report) : JobReport();
  }
  // Starts a training in `path` and stops it after some steps.
  void RunUntil(int64_t step, const JobSpec& spec, const std::string& path,
                RunControl::Stop how = RunControl::Stop::kYield) {
    recorder_ = {};
    const absl::Status status = Run(spec, {.directory = path}, RunControl(std::function<RunControl::Stop()>([&] {
                                      return recorder_.last_step < step ? RunControl::Stop::kNo : how;
                                    })))
                                    .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    EXPECT_EQ(recorder_.last_step, step);
  }
  // Continues it to the end.
  JobReport Resume(const JobSpec& spec, const std::string& path) {
    absl::StatusOr<JobReport> report = Run(spec, {.directory = path, .resume = CheckpointOptions::Resume::kMust}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *std::move(report) : JobReport();
  }
  absl::Status RefusalToResume(const JobSpec& spec, const std::string& path) {
    return Prepare(spec, {.directory = path, .resume = CheckpointOptions::Resume::kMust}).status();
  }

  const ScratchDirectory scratch_;
  const std::string text_path_ = scratch_.Write("text", std::string(kGenesis));
  FaultyFileSystem fast_disk_;  // does not fail, and does not wait for the disk
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  RunsRecorder recorder_;
  JobPlan plan_;  // of the last run
  int paths_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_JOB_RESUMED_JOB_H_
