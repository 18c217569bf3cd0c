// SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint is not continued with, and checkpoints that cannot be written.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "executor/checkpoint/checkpoint_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/checkpoint/faulty_file_system.h"
#include "tests/executor/job/resumed_job.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ResumeRefusedTest : public ResumedJobTest {};

TEST_F(ResumeRefusedTest, ADirectoryWithCheckpointsIsNotOverwritten) {
  const std::string path = NewPath();
  RunUntil(2, Spec(), path);
  const absl::Status status = Prepare(Spec(), {.directory = path}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path + " holds the checkpoints of an earlier training"), HasSubstr("resume it")));
}

TEST_F(ResumeRefusedTest, AMissingCheckpoint) {
  EXPECT_EQ(RefusalToResume(Spec(), NewPath()).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RefusalToResume(Spec(), text_path_).code(), absl::StatusCode::kNotFound);
}

TEST_F(ResumeRefusedTest, AFolderThatCannotBeMadeIsReportedBeforeTraining) {
  const absl::Status status = Prepare(Spec(), {.directory = scratch_.File("none/checkpoints")}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr(scratch_.File("none")));
  EXPECT_FALSE(Prepare(Spec(), {.directory = text_path_}).ok());
}

TEST_F(ResumeRefusedTest, AnotherTrainingIsRefusedWithTheNameOfTheField) {
  const std::string path = NewPath();
  RunUntil(2, Spec(), path);
  struct Case {
    std::string field;
    std::function<void(JobSpec& spec, LanguageModelSpec& task)> change;
  };
  const std::vector<Case> cases = {
      {"language_model.model.cell is \"gru\"; the checkpoint has \"lstm\"",
       [](JobSpec&, LanguageModelSpec& task) { task.model.cell = Cell::kGru; }},
      {"model.layers is 1; the checkpoint has 2", [](JobSpec&, LanguageModelSpec& task) { task.model.layers = 1; }},
      {"model.hidden is 13", [](JobSpec&, LanguageModelSpec& task) { task.model.hidden = 13; }},
      {"model.embedding is 5", [](JobSpec&, LanguageModelSpec& task) { task.model.embedding = 5; }},
      {"model.residual is true", [](JobSpec&, LanguageModelSpec& task) { task.model.residual = true; }},
      {"model.layer_norm is true", [](JobSpec&, LanguageModelSpec& task) { task.model.layer_norm = true; }},
      {"model.dropout is 0.3", [](JobSpec&, LanguageModelSpec& task) { task.model.dropout = 0.3; }},
      {"model.recurrent_dropout is 0.3", [](JobSpec&, LanguageModelSpec& task) { task.model.recurrent_dropout = 0.3; }},
      {"language_model.holdout is 0.1", [](JobSpec&, LanguageModelSpec& task) { task.holdout = 0.1; }},
      {"language_model.sequences is \"lines\"",
       [](JobSpec&, LanguageModelSpec& task) { task.sequences = Sequences::kLines; }},
      {"batch is 4; the checkpoint has 3", [](JobSpec& spec, LanguageModelSpec&) { spec.batch = 4; }},
      {"length is 24", [](JobSpec& spec, LanguageModelSpec&) { spec.length = 24; }},
      {"link is 5; the checkpoint has 4", [](JobSpec& spec, LanguageModelSpec&) { spec.link = 5; }},
      {"seed is 2", [](JobSpec& spec, LanguageModelSpec&) { spec.seed = 2; }},
      {"steps is 1; the checkpoint has trained 2", [](JobSpec& spec, LanguageModelSpec&) { spec.steps = 1; }},
      {"carry_state differs", [](JobSpec& spec, LanguageModelSpec&) { spec.carry_state = false; }},
      {"optimizer.kind is \"sgd\"",
       [](JobSpec& spec, LanguageModelSpec&) { spec.optimizer.kind = OptimizerKind::kSgd; }},
      {"optimizer.learning_rate is 0.1", [](JobSpec& spec, LanguageModelSpec&) { spec.optimizer.learning_rate = 0.1; }},
      {"optimizer.warmup_steps is 3", [](JobSpec& spec, LanguageModelSpec&) { spec.optimizer.warmup_steps = 3; }},
      {"optimizer.clip_norm is 2", [](JobSpec& spec, LanguageModelSpec&) { spec.optimizer.clip_norm = 2; }}};
  for (const Case& one : cases) {
    JobSpec spec = Spec();
    one.change(spec, LanguageModelOf(spec));
    const absl::Status status = RefusalToResume(spec, path);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << one.field;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("cannot continue from " + path), HasSubstr(one.field)));
  }
  JobSpec same = Spec();
  same.carry_state = true;  // as by default
  EXPECT_TRUE(RefusalToResume(same, path).ok());
}

TEST_F(ResumeRefusedTest, ChangedDataUnlessItIsForced) {
  const std::string path = NewPath();
  RunUntil(2, Spec(), path);
  const std::string text(kGenesis);
  std::string other = text;
  other[100] = '#';
  for (const auto& [changed, why] : std::vector<std::pair<std::string, std::string>>{
           {text + "x", "has " + std::to_string(text.size() + 1) + " bytes; the checkpoint was trained on "},
           {other, "has other contents (SHA-256 "}}) {
    scratch_.Write("text", changed);
    const absl::Status status = RefusalToResume(Spec(), path);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("the data changed since the checkpoint: " + text_path_),
                                                     HasSubstr(why), HasSubstr("restore it, or force the new data")));
    const std::string forced = NewPath();
    fs::copy(path, forced, fs::copy_options::recursive);
    const CheckpointOptions options{
        .directory = forced, .resume = CheckpointOptions::Resume::kMust, .force_data = true};
    const absl::StatusOr<JobReport> report = Run(Spec(), options, {});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->steps, 6);
    EXPECT_THAT(plan_.notes, Contains(AllOf(HasSubstr("the data changed since the checkpoint"), HasSubstr(why))));
    EXPECT_TRUE(RefusalToResume(Spec(), forced).ok()) << "the new data is that of the new checkpoints";
  }
  // The same bytes under another name are the same data.
  JobSpec moved = Spec();
  LanguageModelOf(moved).data_path = scratch_.Write("moved", text);
  EXPECT_EQ(Resume(moved, path).weights_sha256, RunWhole(moved).weights_sha256);
}

// A disk that fails once, at every operation.
TEST_F(ResumeRefusedTest, AFailedCheckpointLetsTrainingGoOn) {
  JobSpec spec = Spec();
  spec.steps = 3;
  spec.checkpoint_every.steps = 1;
  spec.keep_checkpoints = 1;
  const std::string whole = RunWhole(spec).weights_sha256;
  int64_t reported = 0;
  for (int64_t at = 1;; ++at) {
    SCOPED_TRACE(testing::Message() << "operation " << at);
    FaultyFileSystem disk({.at = at, .until = at + 1, .partly = at % 2 == 0});
    const std::string path = NewPath();
    recorder_ = {};
    const absl::StatusOr<JobReport> report = Run(spec, {.directory = path, .file_system = &disk}, {});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->weights_sha256, whole);
    EXPECT_EQ(recorder_.checkpoints.size() + recorder_.failed_checkpoints.size(), 3u);
    EXPECT_LE(recorder_.failed_checkpoints.size(), 1u);
    reported += static_cast<int64_t>(recorder_.failed_checkpoints.size());
    if (!disk.failed()) break;
    EXPECT_GE(CheckpointDirectory(path, 1).Load({})->step, 2);
    EXPECT_EQ(Resume(spec, path).weights_sha256, whole);
  }
  EXPECT_GT(reported, 15);
}

TEST_F(ResumeRefusedTest, ADiskThatStaysFullLeavesTheCheckpointsBefore) {
  JobSpec spec = Spec();
  spec.checkpoint_every.steps = 1;
  FaultyFileSystem sound;
  const std::string whole = RunWhole(spec).weights_sha256;
  const std::string counted = NewPath();
  ASSERT_TRUE(Run(spec, {.directory = counted, .file_system = &sound}, {}).ok());
  FaultyFileSystem full({.at = sound.operations() / 2, .partly = true});
  const std::string path = NewPath();
  recorder_ = {};
  const absl::StatusOr<JobReport> report = Run(spec, {.directory = path, .file_system = &full}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->weights_sha256, whole);
  ASSERT_FALSE(recorder_.checkpoints.empty());
  EXPECT_EQ(recorder_.failed_checkpoints.back(), 6);
  const int64_t usable = CheckpointDirectory(path, 1).Load({})->step;
  EXPECT_EQ(usable, recorder_.checkpoints.back());
  recorder_ = {};
  EXPECT_EQ(Resume(spec, path).weights_sha256, whole);
  EXPECT_THAT(recorder_.resumed_after, ElementsAre(usable));
}

}  // namespace
}  // namespace recurve
