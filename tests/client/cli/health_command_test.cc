// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "executor/daemon/executor_daemon.h"
#include "planner_service/grpc_server/server.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

// Accepts connections, through the kernel, and says nothing.
class SilentPort {
 public:
  SilentPort() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    target_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { close(fd_); }
  const std::string& target() const { return target_; }

 private:
  const int fd_;
  std::string target_;
};

TEST(HealthCommand, SaysWhatTheDaemonSays) {
  const auto executor = ExecutorDaemon::Start({.threads = 1});
  ASSERT_TRUE(executor.ok()) << executor.status();
  const std::string target = "127.0.0.1:" + std::to_string((*executor)->port());
  for (const std::string service : {"", "recurve.executor.v1.ExecutorService"}) {
    const Outcome outcome = RunRecurve({"health", target, "--service", service});
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "SERVING\n");
  }
  const nlohmann::json json = JsonOf({"health", target, "--json"});
  EXPECT_EQ(json, nlohmann::json({{"target", target}, {"service", ""}, {"health", "SERVING"}}));
  ExpectRefused({"health", target, "--service", "recurve.planner.v1.PlannerService"}, 1,
                {target, "has no service \"recurve.planner.v1.PlannerService\""});
}

TEST(HealthCommand, FailsUntilTheDaemonServes) {
  auto server = Server::Start({.metrics_listen = "", .serving = false}, {}, std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string target = "127.0.0.1:" + std::to_string((*server)->port());
  const Outcome before = RunRecurve({"health", target});
  EXPECT_EQ(before.exit, 1);
  EXPECT_EQ(before.out, "NOT_SERVING\n");
  EXPECT_EQ(before.err, "");
  EXPECT_EQ(RunRecurve({"health", target, "--json"}).exit, 1);
  (*server)->SetServing();
  EXPECT_EQ(RunRecurve({"health", target}).exit, 0);
}

TEST(HealthCommand, SaysWhyThereIsNoAnswer) {
  ExpectRefused({"health", "127.0.0.1:1"}, 1, {"daemon at 127.0.0.1:1"});
  const SilentPort port;
  ExpectRefused({"health", port.target(), "--timeout", "100ms"}, 1, {"daemon at " + port.target()});
  ExpectRefused({"health"}, 2, {"target is required"});
  ExpectRefused({"health", "127.0.0.1"}, 2, {"'127.0.0.1' has no port", "give HOST:PORT"});
  ExpectRefused({"health", "127.0.0.1:1", "--timeout", "0s"}, 2, {"--timeout", "out of range"});
}

}  // namespace
}  // namespace recurve
