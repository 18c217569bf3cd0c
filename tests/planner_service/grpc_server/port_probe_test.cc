// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/port_probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/server.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kInterval{20};

// The descriptor of this process that listens on a port, or -1.
int ListeningOn(int port) {
  for (int fd = 0; fd < 1000; ++fd) {
    int listens = 0;
    socklen_t bytes = sizeof(listens);
    sockaddr_in address{};
    socklen_t address_bytes = sizeof(address);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 && listens == 1 &&
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_bytes) == 0 &&
        ntohs(address.sin_port) == port) {
      return fd;
    }
  }
  return -1;
}

class PortProbeTest : public ::testing::Test {
 protected:
  PortProbeTest() : folder_(::testing::TempDir() + "port_probe." + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~PortProbeTest() override { std::filesystem::remove_all(folder_); }

  void Start(const std::string& listen) {
    auto server = Server::Start({.listen = listen, .probe_interval = kInterval}, {}, registry_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  // Waits until the metrics contain a line with this prefix.
  void WaitForMetric(const std::string& line) {
    while (HttpGet(server_->metrics_port(), "/metrics").find("\n" + line) == std::string::npos) {
      std::this_thread::sleep_for(kInterval);
    }
  }

  // Waits until the port has been bound again; on a busy machine that may happen more than once.
  void WaitForRebind(const std::string& port) {
    const std::string line = "\nrecurve_server_rebinds_total{port=\"" + port + "\"} ";
    while (true) {
      const std::string metrics = HttpGet(server_->metrics_port(), "/metrics");
      const size_t at = metrics.find(line);
      if (at != std::string::npos && metrics[at + line.size()] != '0') return;
      std::this_thread::sleep_for(kInterval);
    }
  }

  // Waits until the health on a new connection is SERVING.
  void WaitForHealth() {
    while (HealthOf(PlainChannel(server_->port()), "") != "SERVING") std::this_thread::sleep_for(kInterval);
  }

  const std::string folder_;
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::unique_ptr<Server> server_;
};

TEST_F(PortProbeTest, ASocketThatListensNoMoreIsBoundAgain) {
  Start("127.0.0.1:0");
  for (const int port : {server_->port(), server_->metrics_port()}) {
    ASSERT_EQ(shutdown(ListeningOn(port), SHUT_RDWR), 0);
  }
  WaitForRebind("grpc");
  WaitForRebind("metrics");
  WaitForHealth();
}

TEST_F(PortProbeTest, ADeafPortIsNoticedAndBoundAgain) {
  Start("127.0.0.1:0");
  const auto before = PlainChannel(server_->port());
  EXPECT_EQ(HealthOf(before, ""), "SERVING");
  // From now on, the listening descriptor refers to another socket.
  const int elsewhere = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ASSERT_EQ(listen(elsewhere, 1), 0);
  ASSERT_GE(dup2(elsewhere, ListeningOn(server_->port())), 0);
  close(elsewhere);
  WaitForRebind("grpc");
  WaitForHealth();
  WaitForMetric("recurve_server_grpc_port_answers 1");
  EXPECT_EQ(HealthOf(before, ""), "SERVING");
  EXPECT_TRUE(server_->CheckResponsive().ok());
}

TEST_F(PortProbeTest, APortThatCannotBeBoundAgainIsToldAndEndsTheWait) {
  Start("unix:" + folder_ + "/socket");
  const auto before = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(HealthOf(before, ""), "SERVING");
  // The test's connection and two of the probe, the first of which was answered by then.
  WaitForMetric("recurve_server_connections_accepted_total{port=\"grpc\"} 3");
  std::filesystem::remove_all(folder_);
  WaitForMetric("recurve_server_grpc_port_answers 0");
  EXPECT_EQ(HealthOf(before, ""), "NOT_SERVING");
  const absl::StatusOr<int> signal = WaitForTermination(*server_, milliseconds(100), [] {});
  EXPECT_EQ(signal.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(signal.status().message()), HasSubstr(server_->address()));
}

TEST_F(PortProbeTest, UnixSocketsAreTakenOverOnlyWhenNobodyListens) {
  const std::string listen = "unix:" + folder_ + "/socket";
  Start(listen);
  EXPECT_EQ(server_->address(), listen);
  EXPECT_EQ(HealthOf(grpc::CreateChannel(listen, grpc::InsecureChannelCredentials()), ""), "SERVING");
  const auto second = Server::Start({.listen = listen}, {}, registry_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(listen + " for gRPC: the path is in use"));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/socket"));

  // Left behind by a killed server.
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{.sun_family = AF_UNIX};
  absl::StrCat(folder_, "/socket").copy(name.sun_path, sizeof(name.sun_path) - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
  close(left);
  Start(listen);
  // A file that is not a socket must not be removed.
  const std::string file = folder_ + "/file";
  close(creat(file.c_str(), 0600));
  EXPECT_EQ(Server::Start({.listen = "unix:" + file}, {}, registry_).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace recurve
