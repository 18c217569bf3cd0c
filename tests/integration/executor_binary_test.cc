// SPDX-License-Identifier: Apache-2.0
//
// The recurve-executor program, started as an operator starts it, with a real recurve-planner beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/integration/child_process.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobEvent;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr char kExecutor[] = RECURVE_EXECUTOR_BINARY;
constexpr char kPlanner[] = RECURVE_PLANNER_BINARY;
constexpr char kGrpcOn[] = "serves gRPC on 127.0.0.1:";
constexpr char kMetricsOn[] = "metrics http://127.0.0.1:";

std::vector<std::string> OnFreePorts(const std::string& program, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command{program, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"};
  if (program == kExecutor && std::find(more.begin(), more.end(), "--state-dir") == more.end()) {
    command.insert(command.end(), {"--state-dir", "none"});
  }
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

// The number that follows `text` in the log.
int GrpcPort(ChildProcess& process) {
  EXPECT_TRUE(process.WaitForOutput("no TLS")) << process.output();
  return NumberAfter(process.output(), kGrpcOn);
}

std::string OutputOf(const std::vector<std::string>& command, int exit_status) {
  ChildProcess process(command);
  EXPECT_EQ(process.Wait(), exit_status) << process.output();
  return process.output();
}

TEST(ExecutorBinaryTest, SaysWhatItIs) {
  EXPECT_THAT(OutputOf({kExecutor, "--version"}, 0),
              AllOf(ContainsRegex("^recurve-executor [0-9.]+\n"), ContainsRegex("\nSQLite [0-9.]+"),
                    ContainsRegex("\ngRPC [0-9.]+"), ContainsRegex("\nglibc [0-9.]+\n")));
  const std::string help = OutputOf({kExecutor, "--help"}, 0);
  for (const char* flag :
       {"--listen",        "--metrics-listen", "--planner",       "--planner-timeout", "--max-queued",
        "--max-jobs",      "--max-running",    "--state-dir",     "--resume-jobs",     "--device-memory",
        "--drain-timeout", "--max-upload",     "--max-transfers", "--max-watchers",    "--threads",
        "--data-root",     "--model-root",     "--drain-time",    "--log-format",      "--log-level",
        "--core-dumps",    "--version",        "127.0.0.1:7402",  "127.0.0.1:9402",    "recurve submit"}) {
    EXPECT_THAT(help, HasSubstr(flag));
  }
}

TEST(ExecutorBinaryTest, WrongOptionsAreOneLine) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--nonsense"},
                                             {"--max-queued", "0"},
                                             {"--threads", "-1"},
                                             {"--drain-time", "soon"},
                                             {"--log-format", "xml"},
                                             {"--log-level", "loud"},
                                             {"--listen", "nonsense"},
                                             {"--listen", "127.0.0.1:74120"},
                                             {"--metrics-listen", "http://127.0.0.1:9402"},
                                             {"--planner", ""},
                                             {"--planner", "127.0.0.1"},
                                             {"--planner", "127.0.0.1:74120"},
                                             {"--planner", "http://127.0.0.1:7401"},
                                             {"extra"}}) {
    std::vector<std::string> command{kExecutor};
    command.insert(command.end(), wrong.begin(), wrong.end());
    const std::string output = OutputOf(command, 2);
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_THAT(output, HasSubstr(wrong[0]));
  }
}

TEST(ExecutorBinaryTest, WhatItCannotStartWithIsOneLine) {
  ChildProcess first(OnFreePorts(kExecutor));
  const std::string taken = "127.0.0.1:" + std::to_string(GrpcPort(first));
  const std::string free = "127.0.0.1:0";
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--metrics-listen", free, "--listen", taken},
           {"--listen", free, "--metrics-listen", taken},
           {"--metrics-listen", free, "--listen", free, "--data-root", "/no/such/folder"},
           {"--metrics-listen", free, "--listen", free, "--model-root", "/no/such/folder"}}) {
    std::vector<std::string> command{kExecutor};
    command.insert(command.end(), flags.begin(), flags.end());
    const std::string output = OutputOf(command, 1);
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_THAT(output, HasSubstr("recurve-executor: "));
    EXPECT_THAT(output, HasSubstr(flags.back()));
  }
}

// A job that is stopped by SIGTERM, then by SIGKILL, reaches the weights of one that is not stopped.
TEST(ExecutorBinaryTest, JobsOutliveTheDaemon) {
  const TrainingFolder folder;
  const std::vector<std::string> command =
      OnFreePorts(kExecutor, {"--state-dir", folder.At("state"), "--max-running", "1"});
  executor::v1::JobSpec spec = TinySpec(folder.text(), 3000);
  spec.set_checkpoint_every(20);
  std::string disturbed, undisturbed;
  int64_t sequence = 0;  // of the last event seen
  const auto watch_until_step = [&](DaemonClient& client, int64_t step) {
    client.Watch(disturbed, sequence + 1, [&](const JobEvent& event) {
      EXPECT_GT(event.sequence(), sequence);
      sequence = event.sequence();
      return event.progress().step() >= step;
    });
  };
  {
    ChildProcess daemon(command);
    DaemonClient client(GrpcPort(daemon));
    disturbed = client.Submit(spec).id();
    undisturbed = client.Submit(spec).id();
    watch_until_step(client, 100);
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.Wait(), 0) << daemon.output();
  }
  {
    ChildProcess daemon(command);
    DaemonClient client(GrpcPort(daemon));
    EXPECT_THAT(client.Get(undisturbed).reason(), HasSubstr("accepted"));
    watch_until_step(client, 300);
    daemon.Signal(SIGKILL);
    daemon.Wait();
  }
  ChildProcess daemon(command);
  DaemonClient client(GrpcPort(daemon));
  const Job first = client.WaitForEnd(disturbed);
  const Job second = client.WaitForEnd(undisturbed);
  EXPECT_EQ(first.state(), executor::v1::JOB_STATE_SUCCEEDED) << first.reason();
  EXPECT_EQ(first.starts(), 3);
  EXPECT_EQ(second.starts(), 1);
  EXPECT_EQ(first.result().weights_sha256(), second.result().weights_sha256());
}

TEST(ExecutorBinaryTest, ASecondDaemonOnAStateDirectoryNamesTheFirst) {
  const TrainingFolder folder;
  const std::vector<std::string> command = OnFreePorts(kExecutor, {"--state-dir", folder.At("state")});
  ChildProcess daemon(command);
  const int port = GrpcPort(daemon);
  EXPECT_THAT(OutputOf(command, 1), HasSubstr("at 127.0.0.1:" + std::to_string(port)));
}

TEST(ExecutorBinaryTest, SigintWhenIdle) {
  ChildProcess daemon(OnFreePorts(kExecutor));
  GrpcPort(daemon);
  daemon.Signal(SIGINT);
  EXPECT_EQ(daemon.Wait(), 0) << daemon.output();
}

TEST(ExecutorBinaryTest, WithAPlannerThatGoesAway) {
  const TrainingFolder folder;
  ChildProcess planner(OnFreePorts(kPlanner));
  const int planner_port = GrpcPort(planner);
  ChildProcess daemon(OnFreePorts(kExecutor, {"--planner", "127.0.0.1:" + std::to_string(planner_port)}));
  DaemonClient client(GrpcPort(daemon));
  const Job remote = client.WaitForEnd(client.Submit(TinySpec(folder.text(), 3)).id());
  ASSERT_EQ(remote.state(), executor::v1::JOB_STATE_SUCCEEDED) << remote.reason();
  EXPECT_EQ(remote.plan().source(), executor::v1::PLAN_SOURCE_REMOTE);

  planner.Signal(SIGTERM);
  EXPECT_EQ(planner.Wait(), 0) << planner.output();
  const std::string id = client.Submit(TinySpec(folder.text(), 3)).id();
  EXPECT_THAT(Notes(client.EventsToTheEnd(id)), testing::ElementsAre(HasSubstr("planned by the embedded planner")));
  const Job embedded = client.Get(id);
  EXPECT_EQ(embedded.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_EQ(embedded.plan().forward_count_per_batch(), remote.plan().forward_count_per_batch());
  EXPECT_EQ(embedded.result().weights_sha256(), remote.result().weights_sha256());

  const std::string text = HttpGet(NumberAfter(daemon.output(), kMetricsOn), "/metrics");
  EXPECT_EQ(Sample(text, "recurve_executor_plans_total{source=\"remote\"}"), 1);
  EXPECT_EQ(Sample(text, "recurve_executor_plans_total{source=\"embedded\"}"), 1);
}

}  // namespace
}  // namespace recurve
