// SPDX-License-Identifier: Apache-2.0
//
// watch, where the order of events or a broken connection matters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"
#include "tests/client/cli/scripted_daemon.h"

namespace recurve {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

// Waits until the command has printed `text`.
void WaitFor(const RecurveProcess& process, const std::string& text) {
  while (process.OutSoFar().find(text) == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::vector<int64_t> SequencesOf(const std::vector<Json>& lines) {
  std::vector<int64_t> sequences;
  for (const Json& line : lines) {
    if (line.contains("sequence")) sequences.push_back(line["sequence"]);
  }
  return sequences;
}

// The first two columns of a loss table.
std::string LossesOf(const std::string& table) {
  std::istringstream lines(table);
  std::string losses;
  for (std::string line; std::getline(lines, line);) losses += line.substr(0, line.find(',', line.find(',') + 1)) + " ";
  return losses;
}

TEST(WatchCommand, ContinuesAfterTheDaemonWasAway) {
  const auto events = EventsOfSteps({1, 2, 3, 4, 5, 6});
  auto daemon = std::make_unique<ScriptedDaemon>(events, /*then_silent=*/3);
  const int port = daemon->port();
  RecurveProcess watch({"watch", "job", "--json", "--executor", daemon->target()});
  WaitFor(watch, "\"step\":2");
  daemon.reset();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const ScriptedDaemon restarted(events, SIZE_MAX, port);
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("note: lost the connection"));
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << "said once: " << outcome.err;
  const std::vector<Json> lines = JsonLines(outcome.out);
  EXPECT_THAT(SequencesOf(lines), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(lines.back()["type"], "result");
  EXPECT_EQ(lines.back()["weights_sha256"], "c0ffee");
}

TEST(WatchCommand, WaitsForADaemonOnlyAsLongAsAllowed) {
  auto daemon = std::make_unique<ScriptedDaemon>(EventsOfSteps({1, 2, 3}), /*then_silent=*/2);
  RecurveProcess watch({"watch", "job", "--json", "--reconnect", "200ms", "--executor", daemon->target()});
  WaitFor(watch, "\"step\":1");
  daemon.reset();
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err, HasSubstr("trying for 200ms to continue"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("goes on")));
}

TEST(WatchCommand, AnInterruptEndsTheCommandAndSaysHowToComeBack) {
  const auto events = EventsOfSteps({1, 2, 3, 4, 5, 6});
  const ScratchDirectory scratch;
  const ScriptedDaemon daemon(events, /*then_silent=*/4);
  RecurveProcess watch(
      {"watch", "job", "--json", "--executor", daemon.target(), "--loss-csv", scratch.File("l o.csv")});
  WaitFor(watch, "\"step\":3");
  watch.Signal(SIGINT);
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 130);
  EXPECT_EQ(outcome.err, "recurve: job job goes on; to come back: recurve watch job --executor " + daemon.target() +
                             " --from 5 --loss-csv '" + scratch.File("l o.csv") + "' --json\n");
  const ScriptedDaemon later(events);
  const Outcome back = RunRecurve(
      {"watch", "job", "--json", "--executor", later.target(), "--from", "5", "--loss-csv", scratch.File("l o.csv")});
  EXPECT_THAT(SequencesOf(JsonLines(back.out)), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(ReadFile(scratch.File("l o.csv")), ContainsRegex("\n1,10,10,,.*\n6,5,5,,"));
}

TEST(WatchCommand, StepsThatAreRepeatedReplaceThoseFromBefore) {
  const ScratchDirectory scratch;
  const ScriptedDaemon daemon(EventsOfSteps({1, 2, 3, 4, 3, 4, 5, 6}));
  const Words files = {"--loss-csv", scratch.File("loss.csv"), "--svg", scratch.File("loss.svg")};
  const Outcome outcome = RunRecurve(Plus({"watch", "job", "--executor", daemon.target()}, files));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("step 4/6"));
  EXPECT_THAT(outcome.out, HasSubstr("\ncontinues after step 2\nstep 3/6"));
  EXPECT_EQ(LossesOf(ReadFile(scratch.File("loss.csv"))), "step,train_loss 1,10 2,9 3,6 4,5 5,4 6,3 ");
  EXPECT_THAT(ReadFile(scratch.File("loss.svg")), StartsWith("<svg "));
}

TEST(WatchCommand, IsALiveViewOnATerminal) {
  const ScriptedDaemon daemon(EventsOfSteps({1, 2, 3, 4, 5, 6}));
  const Outcome outcome = RunInTerminal({"watch", "job", "--executor", daemon.target()});
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  for (const char* part : {"step     [###", "6 of 6, 100 %", "5.000 (5.000 bits per byte)", "512KiB of 1.00MiB planned",
                           "1 steps/s, 50 predictions/s, 1.50 forwards per link", "state    succeeded", "running",
                           "succeeded", "weights sha256 c0ffee"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(WatchCommand, SaysWhatIsWrong) {
  const ScratchDirectory scratch;
  const std::string text = scratch.Write("text", "mine");
  ExpectRefused({"watch", "job", "--loss-csv", text}, 2, {"not a loss table"});
  ExpectRefused({"watch", "job", "--loss-svg", text}, 2, {"not an SVG picture"});
  ExpectRefused({"watch", "job", "--loss-svg", scratch.File("x"), "--loss-csv", scratch.File("x")}, 2, {"--loss-csv"});
  ExpectRefused({"watch", "job", "--from", "-1"}, 2, {"--from"});
  ExpectRefused({"watch", "job", "--tensorboard", text}, 2, {"--tensorboard", "is a file"});
}

// With a real daemon and a real job.
TEST(WatchCommand, DetachesFromAJobThatGoesOn) {
  const ScratchDirectory scratch;
  const auto daemon = ExecutorDaemon::Start({.threads = 1});
  ASSERT_TRUE(daemon.ok()) << daemon.status();
  const std::string target = "127.0.0.1:" + std::to_string((*daemon)->port());
  Words submit = TinyTraining(scratch.Write("text", SomeText(2000)));
  submit.front() = "submit";
  const std::string id = JsonOf(Plus(submit, {"--steps", "1000000000", "--json", "--executor", target}))["id"];
  RecurveProcess watch({"watch", id, "--executor", target});
  WaitFor(watch, "running");
  watch.Signal(SIGINT);
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 130);
  EXPECT_THAT(outcome.err, ContainsRegex("recurve watch " + id + " --executor " + target + " --from [0-9]+\n"));
  EXPECT_EQ(JsonOf({"jobs", "--json", "--executor", target})["state"], "running");
  EXPECT_EQ(RunRecurve({"cancel", id, "--executor", target}).exit, 0);
}

}  // namespace
}  // namespace recurve
