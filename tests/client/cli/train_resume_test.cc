// SPDX-License-Identifier: Apache-2.0
//
// recurve train with checkpoints: stopped, killed and resumed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <thread>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

class TrainResume : public ::testing::Test {
 protected:
  Words Training(const Words& more) const {
    return Plus(TinyTraining(text_),
                Plus({"--steps", "300", "--evaluate-every", "7", "--dropout", "0.1", "--layers", "2", "--json"}, more));
  }
  // The last object of a run that must succeed.
  static Json ResultOf(const Words& arguments) {
    const Outcome outcome = RunRecurve(arguments);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    const std::vector<Json> objects = JsonLines(outcome.out);
    return objects.empty() ? Json::object() : objects.back();
  }
  // Starts a training and sends it a signal once it has done some steps.
  Outcome StartAndSignal(const Words& arguments, int signal) const {
    RecurveProcess process(arguments);
    while (process.OutSoFar().find("\"step\":20,") == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    process.Signal(signal);
    return process.Wait();
  }
  // A loss table without its last column, the time of each step.
  static std::string WithoutTimes(const std::string& path) {
    std::istringstream table(ReadFile(path));
    std::string rows;
    for (std::string line; std::getline(table, line);) rows += line.substr(0, line.rfind(',')) + "\n";
    return rows;
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
  const std::string checkpoints_ = scratch_.File("checkpoints");
  const std::string csv_ = scratch_.File("loss.csv");
};

TEST_F(TrainResume, AStoppedTrainingEndsAsOneThatWasNot) {
  const std::string whole_csv = scratch_.File("whole.csv");
  const Json whole = ResultOf(Training({"--loss-csv", whole_csv}));
  const Words start = Training({"--checkpoint-dir", checkpoints_, "--loss-csv", csv_});
  const Outcome stopped = StartAndSignal(start, SIGINT);
  EXPECT_EQ(stopped.exit, 130);
  const auto step = JsonLines(stopped.out).back()["step"].get<int64_t>();
  EXPECT_EQ(stopped.err, "recurve: interrupted: stopped after step " + std::to_string(step) +
                             " of 300; its checkpoint is in " + checkpoints_ + "\n");
  ASSERT_LT(step, 300);

  // From another directory, with another plan; all other options are those of the first command.
  const std::string svg = scratch_.File("loss.svg");
  const Outcome resumed =
      RunInShell("cd / && " + Quoted({RECURVE_BINARY, "train", "--resume", checkpoints_, "--memory", "60%", "--threads",
                                      "2", "--loss-csv", csv_, "--loss-svg", svg, "--json"}));
  ASSERT_EQ(resumed.exit, 0) << resumed.err;
  const std::vector<Json> objects = JsonLines(resumed.out);
  EXPECT_EQ(objects[0], Json({{"type", "resumed"}, {"step", step}}));
  const Json& result = objects.back();
  EXPECT_EQ(result["weights_sha256"], whole["weights_sha256"]);
  EXPECT_EQ(result["steps"], 300);
  EXPECT_EQ(result["evaluation"], whole["evaluation"]);
  EXPECT_THAT(result["notes"].dump(),
              HasSubstr("continues after step " + std::to_string(step) + " from its checkpoint"));
  EXPECT_EQ(WithoutTimes(csv_), WithoutTimes(whole_csv)) << "each step once";
  EXPECT_THAT(ReadFile(svg), HasSubstr("held-out text after step 300"));
}

TEST_F(TrainResume, AKilledTrainingRepeatsTheStepsSinceItsLastCheckpoint) {
  const std::string whole_csv = scratch_.File("whole.csv");
  const Json whole = ResultOf(Training({"--loss-csv", whole_csv}));
  const Words start = Training({"--checkpoint-dir", checkpoints_, "--checkpoint-every", "5", "--loss-csv", csv_});
  EXPECT_EQ(StartAndSignal(start, SIGKILL).exit, 128 + SIGKILL);
  const Json result = ResultOf({"train", "--resume", checkpoints_, "--loss-csv", csv_, "--json"});
  EXPECT_EQ(result["weights_sha256"], whole["weights_sha256"]);
  EXPECT_EQ(WithoutTimes(csv_), WithoutTimes(whole_csv)) << "each step once";

  // A table that the first run did not write has the losses from the checkpoint.
  fs::remove_all(checkpoints_);
  StartAndSignal(start, SIGINT);
  const std::string late = scratch_.File("late.csv");
  ResultOf({"train", "--resume", checkpoints_, "--loss-csv", late, "--json"});
  std::istringstream expected(ReadFile(whole_csv)), table(ReadFile(late));
  std::string line, wanted;
  for (int64_t row = 0; std::getline(expected, wanted); ++row) {
    ASSERT_TRUE(std::getline(table, line));
    size_t end = 0;
    for (int comma = 0; comma < 4; ++comma) end = wanted.find(',', end) + 1;
    EXPECT_EQ(line.substr(0, end), wanted.substr(0, end));
    if (row == 1) {
      EXPECT_EQ(line.substr(end), ",,") << "what the checkpoint does not have stays empty";
    }
  }
  EXPECT_FALSE(std::getline(table, line));
}

TEST_F(TrainResume, OneCommandStartsAndContinues) {
  const std::string whole_csv = scratch_.File("whole.csv");
  const Json whole = ResultOf(Training({"--loss-csv", whole_csv}));
  const Words command = Training({"--checkpoint-dir", checkpoints_, "--auto-resume", "--loss-csv", csv_});
  const Outcome stopped = StartAndSignal(command, SIGTERM);
  EXPECT_EQ(stopped.exit, 130);
  EXPECT_THAT(stopped.out, testing::Not(HasSubstr("resumed")));
  const Outcome continued = RunRecurve(command);
  ASSERT_EQ(continued.exit, 0) << continued.err;
  const std::vector<Json> objects = JsonLines(continued.out);
  EXPECT_EQ(objects.front()["type"], "resumed");
  EXPECT_EQ(objects.back()["weights_sha256"], whole["weights_sha256"]);
  EXPECT_EQ(WithoutTimes(csv_), WithoutTimes(whole_csv)) << "each step once";

  const Words other = Plus(command, {"--hidden", "9"});
  ExpectRefused(other, 1, {"cannot continue from " + checkpoints_, "hidden is 9; the checkpoint has 8"});
  ExpectRefused(Training({"--auto-resume"}), 2, {"--auto-resume needs --checkpoint-dir"});
  ExpectRefused({"train", "--resume", checkpoints_, "--auto-resume"}, 2, {"--auto-resume needs --checkpoint-dir"});
}

// A batch system repeats SIGTERM before it kills.
TEST_F(TrainResume, FinishesItsCheckpointWhenSigtermIsRepeated) {
  RecurveProcess process(Training({"--checkpoint-dir", checkpoints_, "--steps", "1000000"}));
  while (process.OutSoFar().find("\"step\":20,") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  for (int i = 0; i < 5; ++i) {
    process.Signal(SIGTERM);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  const Outcome stopped = process.Wait();
  EXPECT_EQ(stopped.exit, 130);
  EXPECT_THAT(stopped.err, HasSubstr("its checkpoint is in " + checkpoints_));
}

TEST_F(TrainResume, GoesOnForMoreSteps) {
  const Words constant = {"--learning-rate-schedule", "constant", "--steps", "12", "--loss-csv", csv_};
  const Json first = ResultOf(Plus(Training({"--checkpoint-dir", checkpoints_}), constant));
  EXPECT_EQ(first["steps"], 12);
  const std::string before = WithoutTimes(csv_);
  const Json more = ResultOf({"train", "--resume", checkpoints_, "--steps", "20", "--json", "--loss-csv", csv_});
  EXPECT_THAT(WithoutTimes(csv_), ::testing::StartsWith(before)) << "with the evaluation at its end";
  EXPECT_EQ(more["steps"], 20);
  EXPECT_EQ(more["weights_sha256"],
            ResultOf(Plus(Training({}), {"--learning-rate-schedule", "constant", "--steps", "20"}))["weights_sha256"]);
  const Outcome again = RunRecurve({"train", "--resume", checkpoints_});
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("continues after step 20 from its checkpoint"));
}

TEST_F(TrainResume, SaysWhyItCannotContinue) {
  ExpectRefused({"train", "--resume", checkpoints_}, 1, {checkpoints_ + " has no checkpoint"});
  ExpectRefused({"train", "--resume", text_}, 1, {"cannot read directory " + text_});
  ExpectRefused(Training({"--checkpoint-dir", scratch_.File("none/checkpoints")}), 1,
                {"cannot write checkpoints into " + scratch_.File("none/checkpoints") + ": No such file or directory"});
  ExpectRefused(Training({"--checkpoint-dir", text_}), 1, {"cannot read directory " + text_});
  const Words start = Training({"--steps", "4", "--checkpoint-dir", checkpoints_});
  ASSERT_EQ(RunRecurve(start).exit, 0);
  ExpectRefused(start, 1, {checkpoints_ + " holds the checkpoints of an earlier training; resume it, or give another"});
  ExpectRefused({"train", "--resume", checkpoints_, "--hidden", "9"}, 1,
                {"cannot continue from " + checkpoints_ + "/step-0000000004",
                 "language_model.model.hidden is 9; the checkpoint has 8"});
  ExpectRefused({"train", "--resume", checkpoints_, "--checkpoint-dir", scratch_.File("other")}, 2,
                {"--resume", "--checkpoint-dir"});

  scratch_.Write("text", SomeText(2001));
  ExpectRefused({"train", "--resume", checkpoints_}, 1,
                {"the data changed since the checkpoint: " + text_ +
                 " has 2001 bytes; the checkpoint was trained on "
                 "2000; restore it, or force the new data"});
  const Outcome forced = RunRecurve({"train", "--resume", checkpoints_, "--force-data", "--steps", "6"});
  EXPECT_EQ(forced.exit, 0) << forced.err;
  EXPECT_THAT(forced.out, AllOf(HasSubstr("note       the data changed since the checkpoint"),
                                HasSubstr("continues after step 4")));

  fs::resize_file(checkpoints_ + "/step-0000000006/tensors.safetensors", 10);
  const Outcome damaged = RunRecurve({"train", "--resume", checkpoints_, "--force-data"});
  EXPECT_EQ(damaged.exit, 0) << damaged.err;
  EXPECT_THAT(damaged.out, AllOf(HasSubstr("step-0000000006: tensors.safetensors has 10 bytes, but should have "),
                                 HasSubstr("continues after step 4")));
}

}  // namespace
}  // namespace recurve
