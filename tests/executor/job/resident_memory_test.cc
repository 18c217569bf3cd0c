// SPDX-License-Identifier: Apache-2.0
//
// What a job plans to hold on the CPU is what the process takes for it, in pages of physical memory.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <ostream>
#include <string>

#include "executor/job/training_job.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/granted.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

// Of threads, plans, code that runs for the first time, and the file that is read.
constexpr int64_t kBesideTheJob = int64_t{12} << 20;

struct Case {
  std::string name;
  JobSpec spec;
  int64_t least_bytes;  // that the plan has, so that what is left out of it would be seen
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class ResidentMemory : public testing::TestWithParam<Case> {};

// In a process of its own: the most that a process ever had does not fall.
int RunAndCompare(const JobSpec& spec, int64_t least_bytes) {
  const int64_t before = ResidentBytes();
  EmbeddedPlanner planner;
  EmbeddedChainPlanner chains;
  LinkCostCache costs("");
  const auto job = TrainingJob::Prepare(spec, {planner, chains}, costs, {});
  if (!job.ok()) {
    ADD_FAILURE() << job.status();
    return 1;
  }
  JobObserver nobody;
  const absl::StatusOr<JobReport> report = (*job)->Run(nobody, {});
  const int64_t planned = (*job)->plan().ledger.total();
  const int64_t taken = PeakResidentBytes() - before;
  EXPECT_TRUE(report.ok()) << report.status();
  EXPECT_GE(planned, least_bytes);
  EXPECT_LE(taken, planned + kBesideTheJob);
  EXPECT_GE(taken, planned * 7 / 10);
  if (report.ok()) {
    EXPECT_GE(report->resident_peak_bytes, before + taken - (int64_t{1} << 20));
  }
  return testing::Test::HasFailure() ? 1 : 0;
}

TEST_P(ResidentMemory, IsWhatThePlanSays) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep memory of their own";
#endif
  const ScratchDirectory scratch;
  std::string text;
  while (text.size() < 2'000'000) text += "And the evening and the morning were the first day.\n";
  JobSpec spec = GetParam().spec;
  LanguageModelOf(spec).data_path = scratch.Write("text", text);
  if (spec.checkpoint_every.steps > 0) spec.save_path = scratch.File("model.safetensors");
  text = std::string();
  const pid_t child = fork();
  if (child == 0) _exit(RunAndCompare(spec, GetParam().least_bytes));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(, ResidentMemory,
                         testing::Values(Case{"batch",
                                              {.task = LanguageModelOptions({.holdout = 0, .model = {.hidden = 1}}),
                                               .batch = 65536,
                                               .length = 29,
                                               .link = 1,
                                               .steps = 1,
                                               .strategy = Strategy::kHsm,
                                               .threads = 1},
                                              int64_t{24} << 20},
                                         Case{"weights",
                                              {.task = LanguageModelOptions({.holdout = 0, .model = {.hidden = 1024}}),
                                               .batch = 2,
                                               .length = 8,
                                               .link = 8,
                                               .steps = 2,
                                               .threads = 1,
                                               .checkpoint_every = {.steps = 1}},
                                              int64_t{180} << 20},
                                         Case{"tapes",
                                              {.task = LanguageModelOptions({.holdout = 0, .model = {.hidden = 64}}),
                                               .batch = 64,
                                               .length = 400,
                                               .link = 8,
                                               .steps = 1,
                                               .threads = 1},
                                              int64_t{40} << 20}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace recurve
