// SPDX-License-Identifier: Apache-2.0
//
// Ports and daemons, with real sockets.
#include "client/doctor/daemon_checks.h"

#include <gmock/gmock.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <chrono>
#include <memory>
#include <string>

#include "client/doctor/checks.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/grpc_server/server_identity.h"
#include "tests/client/doctor/finding_matchers.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

// The server of a planner, with its metrics.
std::unique_ptr<Server> StartServer(bool serving = true, const TlsFiles& tls = {}) {
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildGauge().Name("recurve_planner_build_info").Register(*registry).Add({{"version", "1.2.3"}}).Set(1);
  return Server::Start({.program = "recurve-planner/1.2.3", .serving = serving, .tls = tls}, {}, registry).value();
}

// The health service of a daemon whose clock is ahead, and which answers with any bytes.
class OddDaemon final : public grpc::health::v1::Health::Service {
 public:
  OddDaemon(std::string program, std::chrono::hours ahead) : program_(std::move(program)), ahead_(ahead) {
    grpc::EnableDefaultHealthCheckService(false);  // that of Server
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    grpc::EnableDefaultHealthCheckService(true);
  }
  int port() const { return port_; }

  grpc::Status Check(grpc::ServerContext* context, const grpc::health::v1::HealthCheckRequest*,
                     grpc::health::v1::HealthCheckResponse* response) override {
    const auto time = std::chrono::system_clock::now().time_since_epoch() + ahead_;
    context->AddInitialMetadata(kProgramKey, program_);
    context->AddInitialMetadata(kTimeKey, std::to_string(std::chrono::duration_cast<milliseconds>(time).count()));
    response->set_status(grpc::health::v1::HealthCheckResponse::SERVING);
    return grpc::Status::OK;
  }

 private:
  const std::string program_;
  const std::chrono::hours ahead_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(PortCheck, AFreePortStaysFree) {
  std::string address;
  {
    const auto listener = Listener::Bind({.host = "127.0.0.1"}, "this test").value();
    address = ToString(listener->address());
  }
  for (int i = 0; i < 2; ++i) EXPECT_THAT(CheckPort(address, Severity::kFailure), Ok(address + " is free"));
}

TEST(PortCheck, TheDaemonThereIsNamed) {
  const auto server = StartServer();
  EXPECT_THAT(CheckPort(Local(server->port()), Severity::kFailure),
              Ok(Local(server->port()) + " is used by recurve-planner 1.2.3, which is SERVING"));
  EXPECT_THAT(CheckPort(Local(server->metrics_port()), Severity::kFailure),
              Ok(Local(server->metrics_port()) + " is used by the metrics of recurve-planner 1.2.3"));
  EXPECT_THAT(CheckPort("0.0.0.0:" + std::to_string(server->port()), Severity::kFailure),
              Ok(HasSubstr("recurve-planner")));
  const auto starting = StartServer(/*serving=*/false);
  EXPECT_THAT(CheckPort(Local(starting->port()), Severity::kFailure), Ok(HasSubstr("NOT_SERVING")));
}

TEST(PortCheck, TheDaemonThereIsNamedOverTls) {
  const ScratchDirectory scratch;
  const TestAuthority authority("authority");
  const PemPair own = authority.Issue();
  const auto server = StartServer(/*serving=*/true, {.certificate = scratch.Write("tls.crt", own.certificate),
                                                     .key = scratch.Write("tls.key", own.key),
                                                     .authorities = scratch.Write("ca.crt", authority.certificate())});
  const PemPair client = authority.Issue();
  const TlsCredentials tls = {
      .certificate = client.certificate, .key = client.key, .authorities = authority.certificate()};
  EXPECT_THAT(CheckPort(Local(server->port()), Severity::kFailure, tls), Ok(HasSubstr("recurve-planner 1.2.3")));
  EXPECT_THAT(CheckPort(Local(server->metrics_port()), Severity::kFailure, tls),
              Ok(Local(server->metrics_port()) + " is used by the metrics of recurve-planner 1.2.3"));
  EXPECT_THAT(CheckPort(Local(server->metrics_port()), Severity::kFailure),
              Failure(HasSubstr("the port is in use"), HasSubstr("recognized with --ca-file")));
}

TEST(PortCheck, AnotherProgramIsInTheWay) {
  const auto listener = Listener::Bind({.host = "127.0.0.1"}, "this test").value();  // accepts, but says nothing
  const std::string address = ToString(listener->address());
  EXPECT_THAT(CheckPort(address, Severity::kFailure),
              Failure(AllOf(HasSubstr(address), HasSubstr("the port is in use")), HasSubstr("ss -ltnp")));
}

TEST(PortCheck, AHostOfAnotherMachineIsRefused) {
  EXPECT_THAT(CheckPort("192.0.2.1:7401", Severity::kWarning),
              Warning(HasSubstr("not an address of this machine"), HasSubstr("choose another address")));
}

TEST(PortCheck, AUnixSocketToo) {
  const ScratchDirectory scratch;
  const std::string address = "unix:" + scratch.File("socket");
  EXPECT_THAT(CheckPort(address, Severity::kFailure), Ok(address + " is free"));
  EXPECT_EQ(scratch.Count(), 0);
}

TEST(DaemonCheck, ADaemonOfThisVersionIsOk) {
  const auto server = StartServer();
  const std::string target = Local(server->port());
  const auto health = AskHealth({.target = target});
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->clock_ahead, milliseconds(0));
  EXPECT_THAT(JudgeDaemon("recurve-planner", target, health, "1.2.3"),
              ElementsAre(Ok("recurve-planner 1.2.3 at " + target + " is SERVING")));
  EXPECT_THAT(JudgeDaemon("recurve-planner", target, health, "2.0.0"),
              ElementsAre(Warning(HasSubstr("this program is version 2.0.0"), HasSubstr("same version"))));
  EXPECT_THAT(JudgeDaemon("recurve-executor", target, health, "1.2.3"),
              ElementsAre(Failure(HasSubstr("is not recurve-executor"), HasSubstr("address"))));
}

TEST(DaemonCheck, ADaemonThatDoesNotServeFails) {
  const auto server = StartServer(/*serving=*/false);
  const std::string target = Local(server->port());
  EXPECT_THAT(JudgeDaemon("recurve-planner", target, AskHealth({.target = target}), "1.2.3"),
              ElementsAre(Failure(HasSubstr("NOT_SERVING"), HasSubstr("log"))));
  EXPECT_THAT(JudgeDaemon("recurve-planner", "127.0.0.1:1", AskHealth({.target = "127.0.0.1:1"}), "1.2.3"),
              ElementsAre(Failure(HasSubstr("127.0.0.1:1"), HasSubstr("start recurve-planner"))));
}

TEST(DaemonCheck, ClocksAreCompared) {
  const OddDaemon ahead("recurve-planner/1", std::chrono::hours(3));
  const OddDaemon behind("recurve-planner/1", std::chrono::hours(-3));
  const std::string fast = Local(ahead.port());
  const std::string slow = Local(behind.port());
  EXPECT_THAT(
      JudgeDaemon("recurve-planner", fast, AskHealth({.target = fast}), "1"),
      ElementsAre(Ok(HasSubstr("SERVING")), Warning(HasSubstr(" ahead of the clock here"), HasSubstr("time server"))));
  EXPECT_THAT(
      JudgeDaemon("recurve-planner", slow, AskHealth({.target = slow}), "1"),
      ElementsAre(Ok(HasSubstr("SERVING")), Warning(HasSubstr(" behind the clock here"), HasSubstr("time server"))));
}

TEST(DaemonCheck, OtherServersHaveNoVersion) {
  const OddDaemon other("", std::chrono::hours(0));
  const std::string target = Local(other.port());
  EXPECT_THAT(JudgeDaemon("recurve-planner", target, AskHealth({.target = target}), "1"),
              ElementsAre(Warning(HasSubstr("the server at " + target + " is SERVING"), HasSubstr("same version"))));
}

TEST(DaemonCheck, DaemonsThatAreNotNamedAreNotAsked) {
  for (const Check& check : DaemonChecks()) {
    if (check.name != "planner" && check.name != "executor") continue;
    EXPECT_THAT(check.run({}), IsEmpty()) << check.name;
  }
}

}  // namespace
}  // namespace recurve
