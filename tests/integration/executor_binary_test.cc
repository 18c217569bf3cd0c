// SPDX-License-Identifier: Apache-2.0
//
// The recurve-executor program, started as an operator starts it, with a real recurve-planner beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/integration/child_process.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobEvent;
using testing::HasSubstr;

constexpr char kExecutor[] = RECURVE_EXECUTOR_BINARY;
constexpr char kPlanner[] = RECURVE_PLANNER_BINARY;
constexpr char kGrpcOn[] = "serves gRPC on 127.0.0.1:";
constexpr char kMetricsOn[] = "metrics http://127.0.0.1:";

std::vector<std::string> OnFreePorts(const std::string& program, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command{program, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"};
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
  EXPECT_THAT(OutputOf({kExecutor, "--version"}, 0), HasSubstr("recurve-executor "));
  const std::string help = OutputOf({kExecutor, "--help"}, 0);
  for (const char* flag : {"--listen", "--metrics-listen", "--planner", "--planner-timeout", "--max-queued",
                           "--keep-jobs", "--max-watchers", "--threads", "--data-root", "--model-root", "--drain-time",
                           "--version", "127.0.0.1:7402", "127.0.0.1:9402", "recurve submit"}) {
    EXPECT_THAT(help, HasSubstr(flag));
  }
}

TEST(ExecutorBinaryTest, WrongOptionsAreOneLine) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--nonsense"},
                                             {"--max-queued", "0"},
                                             {"--threads", "-1"},
                                             {"--drain-time", "soon"},
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

TEST(ExecutorBinaryTest, SigtermWhileAJobRuns) {
  const TrainingFolder folder;
  ChildProcess daemon(OnFreePorts(kExecutor));
  DaemonClient client(GrpcPort(daemon));
  executor::v1::JobSpec spec = EndlessSpec(folder.text());
  spec.set_save_path(folder.At("model.safetensors"));
  spec.set_checkpoint_every(1);
  const std::string running = client.Submit(spec).id();
  const std::string waiting = client.Submit(spec).id();
  std::vector<JobEvent> events, events_of_waiting;
  std::atomic<bool> watches_waiting{false};
  std::thread watcher([&] {
    const grpc::Status status = client.Watch(waiting, 0, [&](const JobEvent& event) {
      events_of_waiting.push_back(event);
      watches_waiting = true;
      return false;
    });
    EXPECT_TRUE(status.ok()) << status.error_message();
  });
  bool signalled = false;
  const grpc::Status status = client.Watch(running, 0, [&](const JobEvent& event) {
    events.push_back(event);
    if (event.progress().step() >= 3 && watches_waiting && !signalled) {
      daemon.Signal(SIGTERM);
      signalled = true;
    }
    return false;
  });
  watcher.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(daemon.Wait(), 0) << daemon.output();
  for (const std::vector<JobEvent>& seen : {events, events_of_waiting}) {
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back().state_change().state(), executor::v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(seen.back().state_change().reason(), "the daemon was shut down");
  }
  EXPECT_GT(std::filesystem::file_size(folder.At("model.safetensors")), 1000u);
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
