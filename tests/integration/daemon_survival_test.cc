// SPDX-License-Identifier: Apache-2.0
//
// What the environment does to a daemon that trains: floods of connections, readers of its log that go away or sleep,
// terminals that hang up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/integration/child_process.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// recurve-executor on free ports, started by another program or none.
class SurvivingDaemon {
 public:
  explicit SurvivingDaemon(std::vector<std::string> starter = {}) : process_(Command(std::move(starter))) {
    EXPECT_TRUE(process_.WaitForOutput("no TLS")) << process_.output();
  }

  int port() const { return NumberAfter("serves gRPC on 127.0.0.1:"); }
  double Metric(const std::string& name) const {
    return Sample(HttpGet(NumberAfter("metrics http://127.0.0.1:"), "/metrics"), name);
  }
  ChildProcess& process() { return process_; }

 private:
  static std::vector<std::string> Command(std::vector<std::string> command) {
    command.insert(command.end(), {RECURVE_EXECUTOR_BINARY, "--state-dir", "none", "--listen", "127.0.0.1:0",
                                   "--metrics-listen", "127.0.0.1:0"});
    return command;
  }
  int NumberAfter(const std::string& text) const {
    const size_t at = process_.output().find(text);
    return at == std::string::npos ? 0 : std::atoi(process_.output().c_str() + at + text.size());
  }

  ChildProcess process_;
};

// The client goes: an idle one hears of a drain only every few seconds.
void ExpectToSucceed(DaemonClient client, const executor::v1::JobSpec& spec) {
  const executor::v1::Job job = client.WaitForEnd(client.Submit(spec).id());
  EXPECT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
}

TEST(DaemonSurvivalTest, FloodsOfConnectionsLeaveDescriptorsToJobsAndPortsToOthers) {
  const TrainingFolder folder;
  SurvivingDaemon daemon({"/usr/bin/prlimit", "--nofile=256:256"});
  DaemonClient before(daemon.port());
  before.WaitForEnd(before.Submit(TinySpec(folder.text(), 1)).id());  // connected from here on
  {
    const SilentConnections flood(daemon.port(), 400);
    while (!(daemon.Metric("recurve_server_connections_refused_total{port=\"grpc\"}") >= 1)) {
    }
    executor::v1::JobSpec spec = TinySpec(folder.text(), 20);
    spec.set_save_path(folder.At("model.safetensors"));
    ExpectToSucceed(std::move(before), spec);
    EXPECT_GT(std::filesystem::file_size(folder.At("model.safetensors")), 1000U);
  }
  ExpectToSucceed(DaemonClient(daemon.port()), TinySpec(folder.text(), 1));
  EXPECT_EQ(daemon.Metric("recurve_server_grpc_port_answers"), 1);
}

TEST(DaemonSurvivalTest, ALogThatNobodyReadsDropsLinesAndHoldsUpNothing) {
  const TrainingFolder folder;
  SurvivingDaemon daemon;
  daemon.process().ShortenPipe();
  while (!(daemon.Metric("recurve_server_log_lines_dropped_total") >= 1)) {
    ExpectToSucceed(DaemonClient(daemon.port()), TinySpec(folder.text(), 1));
  }
  ASSERT_TRUE(daemon.process().WaitForOutput("job is PLANNING"));  // reads all that the pipe holds
  ExpectToSucceed(DaemonClient(daemon.port()), TinySpec(folder.text(), 1));
  EXPECT_TRUE(daemon.process().WaitForOutput(" lines of this log were dropped"));
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
}

TEST(DaemonSurvivalTest, ALogWhoseReaderIsGoneChangesNothing) {
  const TrainingFolder folder;
  SurvivingDaemon daemon;
  daemon.process().CloseOutput();
  ExpectToSucceed(DaemonClient(daemon.port()), TinySpec(folder.text(), 1));
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
}

TEST(DaemonSurvivalTest, ATerminalThatHangsUpDrainsItUnlessThatIsIgnored) {
  SurvivingDaemon ends;
  ends.process().Signal(SIGHUP);
  EXPECT_EQ(ends.process().Wait(), 0);
  EXPECT_THAT(ends.process().output(), HasSubstr("draining"));

  const TrainingFolder folder;
  SurvivingDaemon stays({"/bin/sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""});  // as nohup does
  stays.process().Signal(SIGHUP);
  ExpectToSucceed(DaemonClient(stays.port()), TinySpec(folder.text(), 1));
  stays.process().Signal(SIGTERM);
  EXPECT_EQ(stays.process().Wait(), 0);
}

TEST(DaemonSurvivalTest, UnreadableAndOversizedRequestsAreToldWhatIsWrong) {
  SurvivingDaemon daemon;
  const auto channel = PlainChannel(daemon.port());
  constexpr char kCreateJob[] = "/recurve.executor.v1.ExecutorService/CreateJob";
  const grpc::Status unreadable = CallWithBytes(channel, kCreateJob, "\x0a\xff");
  EXPECT_EQ(unreadable.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(unreadable.error_message(), HasSubstr("CreateJob"));
  executor::v1::CreateJobRequest request;
  request.mutable_spec()->mutable_language_model()->set_data_path("xxxxxxxx");
  std::string bytes = request.SerializeAsString();
  bytes[bytes.size() - 1] = '\xff';
  const grpc::Status not_utf8 = CallWithBytes(channel, kCreateJob, bytes);
  EXPECT_EQ(not_utf8.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(not_utf8.error_message(), HasSubstr("recurve.executor.v1.LanguageModelTask.data_path is not UTF-8"));

  const TrainingFolder folder;
  *request.mutable_spec() = TinySpec(folder.text(), 1);
  request.mutable_spec()->set_device(std::string(1 << 20, 'x'));
  DaemonClient client(daemon.port());
  executor::v1::Job job;
  const grpc::Status oversized = client.Create(request, &job);
  EXPECT_EQ(oversized.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << oversized.error_message();
  EXPECT_THAT(oversized.error_message(), HasSubstr("device"));
}

}  // namespace
}  // namespace recurve
