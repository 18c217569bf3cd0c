// SPDX-License-Identifier: Apache-2.0
//
// The commands that change jobs, transfer files and look into a daemon, against a daemon with real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

class JobCommands : public ::testing::Test {
 protected:
  void SetUp() override { Start(0); }

  void Start(int port) {
    auto daemon = ExecutorDaemon::Start({.server = {.listen = "127.0.0.1:" + std::to_string(port)},
                                         .state_directory = scratch_.File("state"),
                                         .threads = 1});
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    daemon_ = *std::move(daemon);
  }

  Words AtDaemon(const Words& arguments) const {
    return Plus(arguments, {"--executor", "127.0.0.1:" + std::to_string(daemon_->port())});
  }
  // The standard output of a command that must succeed.
  std::string Out(const Words& arguments) const {
    const Outcome outcome = RunRecurve(AtDaemon(arguments));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return outcome.out;
  }
  // The id of a new job.
  std::string Submit(const Words& more) const {
    Words words = TinyTraining(text_);
    words.front() = "submit";
    const std::string out = Out(Plus(words, more));
    return out.substr(0, out.find('\n'));
  }
  Json JobOf(const std::string& id) const {
    for (const Json& job : JsonLines(Out({"jobs", "--json"}))) {
      if (job["id"] == id) return job;
    }
    return {};
  }
  void WaitForState(const std::string& id, const std::string& state) const {
    while (JobOf(id)["state"] != state) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::string WeightsOfTraining(const Words& more) const {
    return JsonLines(RunRecurve(Plus(TinyTraining(text_), Plus(more, {"--json"}))).out).back()["weights_sha256"];
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
  std::unique_ptr<ExecutorDaemon> daemon_;
};

TEST_F(JobCommands, APausedJobContinuesToTheSameWeights) {
  const std::string id = Submit({"--steps", "20000"});
  WaitForState(id, "running");
  EXPECT_THAT(Out({"pause", id}), AnyOf("asked to pause; still running\n", "paused\n"));
  WaitForState(id, "paused");
  EXPECT_EQ(Out({"pause", id}), "paused\n");
  const Json paused = JobOf(id);
  EXPECT_EQ(paused["promised_bytes"], 0);
  const std::vector<Json> checkpoints = JsonLines(Out({"checkpoints", id, "--json"}));
  ASSERT_FALSE(checkpoints.empty());
  EXPECT_EQ(checkpoints.back()["step"], paused["checkpoint_step"]);
  EXPECT_EQ(checkpoints.back()["problem"], "");
  EXPECT_THAT(Out({"checkpoints", id}), HasSubstr(checkpoints.back()["path"].get<std::string>()));
  EXPECT_THAT(Out({"resume", id}), AnyOf("queued\n", "planning\n", "running\n"));
  const Json result = JsonLines(Out({"watch", id, "--json"})).back();
  EXPECT_EQ(result["state"], "succeeded");
  EXPECT_EQ(result["weights_sha256"], WeightsOfTraining({"--steps", "20000"}));
  EXPECT_EQ(JobOf(id)["starts"], 2);
}

TEST_F(JobCommands, ARunningJobGetsOtherMemoryAndPriority) {
  const std::string id = Submit({"--steps", "1000000000", "--priority", "-3", "--name", "long", "--label", "a=b"});
  WaitForState(id, "running");
  EXPECT_THAT(Out({"memory", id, "60%"}), StartsWith("memory 60%; "));
  EXPECT_THAT(Out({"priority", id, "-7"}), StartsWith("priority -7; "));
  EXPECT_EQ(JobOf(id)["memory"], "60%");
  EXPECT_EQ(JobOf(id)["priority"], -7);
  ExpectRefused(AtDaemon({"delete", id}), 1, {id});
  ExpectRefused(AtDaemon({"retry", id}), 1, {"FAILED or was CANCELLED"});
  Out({"cancel", id});
  WaitForState(id, "cancelled");
  const std::string again = Out({"retry", id, "--request-id", "once"});
  EXPECT_EQ(Out({"retry", id, "--request-id", "once"}), again);
  const std::string new_id = again.substr(0, again.find('\n'));
  EXPECT_NE(new_id, id);
  EXPECT_EQ(JobOf(new_id)["display_name"], "long");
  EXPECT_EQ(JobOf(new_id)["labels"], Json({{"a", "b"}}));
  EXPECT_EQ(JobOf(new_id)["priority"], -7);
  EXPECT_EQ(Out({"delete", id}), "deleted\n");
  EXPECT_EQ(JobOf(id), Json());
  ExpectRefused(AtDaemon({"pause", id}), 1, {id});
  Out({"cancel", new_id});
}

TEST_F(JobCommands, FilesGoToTheDaemonAndComeBack) {
  const std::string model = scratch_.File("model");
  const std::string id = Submit({"--upload", "--save", model});
  EXPECT_EQ(JsonLines(Out({"watch", id, "--json"})).back()["weights_sha256"], WeightsOfTraining({}));
  EXPECT_NE(JobOf(id)["data_path"], text_) << "a copy";

  const std::string here = scratch_.File("here");
  EXPECT_THAT(Out({"download", id, "--output", here}), StartsWith("saved " + here + ", "));
  EXPECT_EQ(ReadFile(here), ReadFile(model));
  // What an interrupted download has left is continued, and bytes of another file are dropped.
  for (const std::string& left : {ReadFile(model).substr(0, 1000), std::string("of another model")}) {
    scratch_.Write("here.download", left);
    EXPECT_EQ(JsonOf(AtDaemon({"download", id, "--output", here, "--json"}))["size_bytes"], ReadFile(model).size());
    EXPECT_EQ(ReadFile(here), ReadFile(model));
  }
  const Json uploaded = JsonOf(AtDaemon({"upload", "--model", here, "--json"}));
  EXPECT_EQ(ReadFile(uploaded["path"]), ReadFile(model));
  EXPECT_EQ(Out({"upload", here, "--model"}), uploaded["path"].get<std::string>() + "\n");
  ExpectRefused(AtDaemon({"upload", "--model", text_}), 1, {"model"});

  EXPECT_EQ(Out({"delete", id, "--with-model"}), "deleted\n");
  EXPECT_FALSE(std::filesystem::exists(model));
  const std::string unsaved = Submit({"--watch"});
  ExpectRefused(AtDaemon({"download", unsaved, "--output", here}), 1, {"no model"});
}

TEST_F(JobCommands, LogAndDevicesShowMore) {
  const std::string id = Submit({});
  const Outcome followed = RunRecurve(AtDaemon({"log", id, "--follow"}));
  EXPECT_EQ(followed.exit, 0) << followed.err;
  for (const char* part : {"QUEUED", "RUNNING", "SUCCEEDED", "NOTE"}) EXPECT_THAT(followed.out, HasSubstr(part));
  EXPECT_EQ(Out({"log", id}), followed.out);
  EXPECT_THAT(JsonLines(Out({"log", id, "--json"})).back()["line"].get<std::string>(), HasSubstr("SUCCEEDED"));

  const Json device = JsonOf(AtDaemon({"devices", "--json"}));
  EXPECT_EQ(device["name"], "cpu");
  EXPECT_EQ(device["free_bytes"], device["budget_bytes"].get<int64_t>() - device["promised_bytes"].get<int64_t>());
  EXPECT_THAT(Out({"devices"}), HasSubstr("  cpu "));
}

TEST_F(JobCommands, JobsAreFound) {
  const auto submit = [this](const std::string& name, const std::string& team, const std::string& owner) {
    return Submit({"--name", name, "--label", "team=" + team, "--owner", owner, "--watch"});
  };
  submit("first", "speech", "ann");
  submit("second", "vision", "ann");
  submit("third", "speech", "bob");
  const auto names = [this](const Words& filters) {
    Words found;
    for (const Json& job : JsonLines(Out(Plus({"jobs", "--json"}, filters)))) found.push_back(job["display_name"]);
    return found;
  };
  EXPECT_THAT(names({}), ElementsAre("first", "second", "third"));
  EXPECT_THAT(names({"--newest-first"}), ElementsAre("third", "second", "first"));
  EXPECT_THAT(names({"--label", "team=speech"}), ElementsAre("first", "third"));
  EXPECT_THAT(names({"--label", "team=speech", "--owner", "ann"}), ElementsAre("first"));
  EXPECT_THAT(names({"--state", "succeeded", "--state", "running"}), ElementsAre("first", "second", "third"));
  EXPECT_THAT(names({"--state", "failed"}), ElementsAre());
  EXPECT_THAT(Out({"jobs"}), HasSubstr("owner"));
}

TEST_F(JobCommands, AWatchOutlivesARestartOfTheDaemon) {
  const std::string id = Submit({"--steps", "20000", "--checkpoint-every", "500"});
  const std::string csv = scratch_.File("loss.csv");
  RecurveProcess watch(AtDaemon({"watch", id, "--json", "--loss-csv", csv}));
  while (watch.OutSoFar().find("\"type\":\"checkpoint\"") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const int port = daemon_->port();
  daemon_->ShutDown();
  daemon_.reset();
  Start(port);
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("note: lost the connection"));
  const std::vector<Json> lines = JsonLines(outcome.out);
  EXPECT_EQ(lines.back()["weights_sha256"], WeightsOfTraining({"--steps", "20000"}));
  Words states;
  int64_t last = 0;
  for (const Json& line : lines) {
    if (line["type"] == "result") continue;
    EXPECT_GT(line["sequence"], last) << "once and in order";
    last = line["sequence"];
    if (line["type"] == "state") states.push_back(line["state"]);
  }
  EXPECT_THAT(states, ElementsAre("queued", "planning", "running", "queued", "planning", "running", "succeeded"));
  EXPECT_THAT(ReadFile(csv), HasSubstr("\n20000,"));
}

}  // namespace
}  // namespace recurve
