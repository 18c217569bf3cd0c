// SPDX-License-Identifier: Apache-2.0
//
// --slurm: what sbatch must be given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kMostAround = 80 * kMebibyte;  // beside the plan of a training on few threads

class SlurmMemory : public ::testing::Test {
 protected:
  Words Training(const Words& more) const { return Plus(TinyTraining(text_), more); }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(20000));
};

TEST_F(SlurmMemory, CoversTheWholeProcessOfATraining) {
  const std::vector<Words> trainings = {
      {"--memory", "50%"},
      {"--hidden", "256", "--layers", "2", "--threads", "2"},
      {"--hidden", "256", "--evaluate-every", "1", "--checkpoint-every", "1", "--save", scratch_.File("model")},
      {"--hidden", "64", "--length", "1000", "--link", "20", "--memory", "30%", "--host-memory", "16MiB"}};
  for (const Words& options : trainings) {
    const Words training = Training(options);
    const Json plan = JsonOf(Plus(training, {"--slurm", "--json"}));
    const int64_t bytes = plan["slurm_mem_mib"].get<int64_t>() * kMebibyte;
    const Outcome run = RunRecurve(Plus(training, {"--json"}));
    ASSERT_EQ(run.exit, 0) << run.err;
    const Json result = JsonLines(run.out).back();
    EXPECT_EQ(plan["planned_peak_bytes"], result["planned_peak_bytes"]) << "it is the plan of the training";
    EXPECT_GT(bytes, result["resident_peak_bytes"].get<int64_t>());
    EXPECT_LT(bytes, result["planned_peak_bytes"].get<int64_t>() + plan["evaluation_bytes"].get<int64_t>() +
                         plan.value("host_bytes", int64_t{0}) + kMostAround);
  }
}

TEST_F(SlurmMemory, PrintsTheOptionOfSbatchAndTrainsNothing) {
  const Words training = Training({"--memory", "50%", "--checkpoint-dir", scratch_.File("checkpoints")});
  const Outcome outcome = RunRecurve(Plus(training, {"--slurm"}));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  const Json plan = JsonOf(Plus(training, {"--dry-run", "--json"}));
  EXPECT_EQ(outcome.out, "--mem=" + plan["slurm_mem_mib"].dump() + "M\n");
  EXPECT_EQ(scratch_.Count(), 1) << "the text";
}

TEST_F(SlurmMemory, CountsThreads) {
  const auto mebibytes = [this](const char* threads) {
    return JsonOf(Training({"--slurm", "--json", "--threads", threads}))["slurm_mem_mib"].get<int64_t>();
  };
  EXPECT_EQ(mebibytes("33"), mebibytes("1") + 32);
}

TEST_F(SlurmMemory, RefusesWhatItCannotCount) {
  ExpectRefused({"train", "--data", text_, "--slurm", "--device", "cuda"}, 2, {"--slurm", "--device is cuda", "--mem"});
  ExpectRefused(Training({"--slurm", "--compare", "2"}), 2, {"--slurm", "--compare"});
  ExpectRefused(Training({"--slurm", "--memory", "1KiB"}), 3, {"too little", "give at least"});
}

TEST_F(SlurmMemory, OfTheSmallestBudget) {
  const Words question = {"capacity", "budget", "--layers", "2", "--hidden", "64", "--batch", "4", "--length", "100"};
  const Json answer = JsonOf(Plus(question, {"--json"}));
  const auto mebibytes = answer["slurm_mem_mib"].get<int64_t>();
  EXPECT_EQ(RunRecurve(Plus(question, {"--slurm"})).out, "--mem=" + std::to_string(mebibytes) + "M\n");
  EXPECT_GT(mebibytes * kMebibyte, answer["budget_bytes"].get<int64_t>() + 32 * kMebibyte);
}

}  // namespace
}  // namespace recurve
