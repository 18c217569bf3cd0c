// SPDX-License-Identifier: Apache-2.0
//
// A task from outside the executor is planned, measured, trained, evaluated, profiled and saved by the generic code.
#include "tests/executor/task/copy/copy_task.h"

#include <memory>
#include <string>
#include <vector>

#include "executor/data/safetensors.h"
#include "executor/job/training_job.h"
#include "executor/model/model_file.h"
#include "executor/profile/job_profile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

class CopyTaskTest : public testing::Test {
 protected:
  JobSpec Spec(MemoryLimit memory) const {
    return {.task = CopyOptions({.lag = 3, .model = {.hidden = 24}}),
            .batch = 16,
            .length = 40,
            .link = 2,
            .steps = 400,
            .carry_state = false,
            .optimizer = {.learning_rate = 0.01},
            .memory = memory,
            .threads = 1};
  }
  absl::StatusOr<JobReport> Run(const JobSpec& spec) {
    absl::StatusOr<std::unique_ptr<TrainingJob>> job = TrainingJob::Prepare(spec, {planner_, two_level_}, costs_, {});
    if (!job.ok()) return job.status();
    plan_ = (*job)->plan();
    JobObserver observer;
    return (*job)->Run(observer, {});
  }

  ScratchDirectory directory_;
  EmbeddedPlanner planner_;
  EmbeddedChainPlanner two_level_;
  LinkCostCache costs_;
  JobPlan plan_;
};

TEST_F(CopyTaskTest, LearnsTheSameWeightsInAFractionOfTheMemory) {
  const auto whole = Run(Spec(ActivationShare{1}));
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_TRUE(whole->evaluation.has_value());
  EXPECT_EQ(whole->evaluation->name, "squared_error");
  EXPECT_LT(whole->evaluation->value, 0.05) << "always predicting 0 gives 1/3";
  EXPECT_EQ(plan_.data.unit, "number");

  const auto part = Run(Spec(ActivationShare{0.4}));
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_LT(part->measured_peak_bytes, whole->measured_peak_bytes);
  EXPECT_EQ(part->measured_peak_bytes, part->planned_peak_bytes);
  EXPECT_GT(part->forward_count_per_batch, whole->forward_count_per_batch);
  EXPECT_EQ(part->weights_sha256, whole->weights_sha256);
}

TEST_F(CopyTaskTest, LinksMayDiffer) {
  const auto alike = Run(Spec(ActivationShare{1}));
  ASSERT_TRUE(alike.ok()) << alike.status();
  JobSpec spec = Spec(ActivationShare{1});
  spec.task.As<CopyOptions>().links_differ = true;
  int64_t before = INT64_MAX;
  for (const double share : {1.0, 0.6, 0.4}) {
    spec.memory = ActivationShare{share};
    const auto report = Run(spec);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->measured_peak_bytes, report->planned_peak_bytes);
    EXPECT_LT(report->measured_peak_bytes, before);
    EXPECT_EQ(report->weights_sha256, alike->weights_sha256);
    before = report->measured_peak_bytes;
  }
  EXPECT_GT(plan_.plan.forward_count, plan_.links);
  spec.strategy = Strategy::kChen;
  EXPECT_THAT(Run(spec).status().ToString(), testing::HasSubstr("whose links differ"));
}

TEST_F(CopyTaskTest, IsSavedWithItsOwnDescription) {
  JobSpec spec = Spec(ActivationShare{0.5});
  spec.steps = 3;
  spec.save_path = directory_.File("copy.safetensors");
  const auto report = Run(spec);
  ASSERT_TRUE(report.ok()) << report.status();
  const auto file = InputFile::Open(spec.save_path);
  ASSERT_TRUE(file.ok()) << file.status();
  auto model = ReadModelFile(**file);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->format, "copy-1");
  EXPECT_EQ(model->description, spec.task->Describe());
  const auto parameters = Arrange(spec.save_path, spec.task->Layout(), std::move(model->tensors));
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(Sha256Hex(*parameters), report->weights_sha256);
}

TEST_F(CopyTaskTest, IsProfiled) {
  const auto profile = ProfileJob(Spec(ActivationShare{0.5}), 3, {planner_, two_level_}, costs_, {});
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_FALSE(profile->phases.empty());
}

}  // namespace
}  // namespace recurve
