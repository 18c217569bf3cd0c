// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/service_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "tests/planner_service/process/notify_socket.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::StartsWith;

class ServiceReportsTest : public ::testing::Test {
 protected:
  ServiceReportsTest() : folder_(::testing::TempDir() + "service_reports." + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~ServiceReportsTest() override { std::filesystem::remove_all(folder_); }

  void Start(const ServerOptions& options) {
    auto server = Server::Start(options, {}, std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  static void SetWatchdog(const char* microseconds) { setenv("WATCHDOG_USEC", microseconds, 1); }

  const std::string folder_;
  const NotifySocket socket_{"@recurve-reports-" + std::to_string(getpid())};
  std::unique_ptr<Server> server_;
};

TEST_F(ServiceReportsTest, ReadyIsSaidOnceWhenHealthIsServing) {
  Start({.serving = false});
  ServiceReports reports(*server_);
  reports.Report();
  EXPECT_EQ(socket_.Next(), "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=Making plans in advance");
  server_->SetServing();
  reports.Report();
  EXPECT_EQ(socket_.Next(),
            "READY=1\nSTATUS=Serving gRPC on " + server_->address() + ", metrics " + server_->metrics_address());
  reports.Report();
  EXPECT_EQ(socket_.Next(), "");
}

TEST_F(ServiceReportsTest, StoppingTakesNoLongerThanSaid) {
  Start({});
  ServiceReports(*server_).Stopping("draining", milliseconds(5000));
  EXPECT_EQ(socket_.Next(), "STOPPING=1\nSTATUS=Stopping: draining\nEXTEND_TIMEOUT_USEC=20000000");
}

TEST_F(ServiceReportsTest, TheWatchdogIsToldTwiceInItsTime) {
  Start({});
  EXPECT_EQ(ServiceReports(*server_).interval(), milliseconds(1000));
  SetWatchdog("3600000000");
  ServiceReports seldom(*server_);
  EXPECT_EQ(seldom.interval(), milliseconds(1000));
  seldom.Report();
  EXPECT_THAT(socket_.Next(), StartsWith("READY=1"));
  EXPECT_EQ(socket_.Next(), "WATCHDOG=1");
  seldom.Report();
  EXPECT_EQ(socket_.Next(), "") << "half an hour has not passed";

  SetWatchdog("20000");
  ServiceReports often(*server_);
  EXPECT_EQ(often.interval(), milliseconds(10));
  often.Report();
  EXPECT_THAT(socket_.Next(), StartsWith("READY=1"));
  EXPECT_EQ(socket_.Next(), "WATCHDOG=1");
  std::this_thread::sleep_for(often.interval());
  often.Report();
  EXPECT_EQ(socket_.Next(), "WATCHDOG=1");
}

TEST_F(ServiceReportsTest, AServerThatDoesNotAnswerIsNotAlive) {
  SetWatchdog("2");
  Start({.listen = "unix:" + folder_ + "/socket", .probe_interval = milliseconds(5)});
  ServiceReports reports(*server_);
  reports.Report();
  EXPECT_THAT(socket_.Next(), StartsWith("READY=1"));
  EXPECT_EQ(socket_.Next(), "WATCHDOG=1");
  std::filesystem::remove_all(folder_);
  while (server_->Answers()) std::this_thread::yield();
  reports.Report();
  EXPECT_EQ(socket_.Next(), "");
}

}  // namespace
}  // namespace recurve
