// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/metrics_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "planner_service/grpc_server/server.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class MetricsEndpointTest : public ::testing::Test {
 protected:
  void Start(const std::string& listen = "127.0.0.1:0") {
    prometheus::BuildCounter().Name("cookies_total").Help("Eaten.").Register(*registry_).Add({}).Increment(3);
    auto server = Server::Start({.metrics_listen = listen}, {}, registry_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Answer(const std::string& method, const std::string& path, const std::string& host = "127.0.0.1") {
    return HttpAnswer(host, server_->metrics_port(), method, path);
  }

  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::unique_ptr<Server> server_;
};

TEST_F(MetricsEndpointTest, AnswersAsHttpWantsIt) {
  Start();
  const auto found = AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(Answer("GET", "/metrics"), AllOf(found, HasSubstr("\ncookies_total 3\n")));
  EXPECT_THAT(Answer("GET", "/metrics?name=x"), AllOf(found, HasSubstr("\ncookies_total 3\n")));
  EXPECT_THAT(Answer("HEAD", "/metrics"), AllOf(found, EndsWith("\r\n\r\n"), Not(HasSubstr("Content-Length: 0"))));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    EXPECT_THAT(Answer(method, "/metrics"), AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  }
  for (const char* path : {"/", "/metricsx", "/metrics/", "/Metrics", "/metrics%00", "/metrics%00x", "/%6detrics"}) {
    EXPECT_THAT(Answer("GET", path), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(MetricsEndpointTest, AnswersInOpenMetricsToWhomPrefersIt) {
  Start();
  const auto open_metrics = AllOf(HasSubstr("\r\nContent-Type: application/openmetrics-text; version=1.0.0;"),
                                  HasSubstr("\r\nVary: Accept\r\n"));
  const std::string accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
  EXPECT_THAT(HttpAnswer("127.0.0.1", server_->metrics_port(), "GET", "/metrics", accept),
              AllOf(open_metrics, HasSubstr("\n# TYPE cookies counter\n"), HasSubstr("\ncookies_total 3\n"),
                    EndsWith("\n# EOF\n")));
  EXPECT_THAT(HttpAnswer("127.0.0.1", server_->metrics_port(), "HEAD", "/metrics", accept),
              AllOf(open_metrics, EndsWith("\r\n\r\n")));
  EXPECT_THAT(HttpAnswer("127.0.0.1", server_->metrics_port(), "GET", "/metrics", "text/html,*/*;q=0.8"),
              HasSubstr("\r\nContent-Type: text/plain; version=0.0.4;"));
}

TEST_F(MetricsEndpointTest, ListensOnIpv6) {
  Start("[::1]:0");
  EXPECT_THAT(Answer("GET", "/metrics", "::1"), HasSubstr("cookies_total 3"));
  EXPECT_EQ(server_->metrics_address(), "http://[::1]:" + std::to_string(server_->metrics_port()) + "/metrics");
}

TEST_F(MetricsEndpointTest, TellsHowPortsAndDescriptorsAre) {
  Start();
  EXPECT_EQ(HealthOf(PlainChannel(server_->port()), ""), "SERVING");
  EXPECT_THAT(Answer("GET", "/metrics"),
              AllOf(HasSubstr("recurve_server_grpc_port_answers 1\n"),
                    HasSubstr("recurve_server_connections_accepted_total{port=\"grpc\"} 1\n"),
                    HasSubstr("recurve_server_connections_refused_total{port=\"metrics\"} 0\n"),
                    HasSubstr("recurve_server_rebinds_total{port=\"grpc\"} 0\n"),
                    HasSubstr("recurve_server_log_lines_dropped_total ")));
}

TEST_F(MetricsEndpointTest, TellsHowTheProcessIs) {
  Start();
  const std::string answer = Answer("GET", "/metrics");
  const auto value = [&](const std::string& name) {
    const size_t at = answer.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(answer.substr(at + name.size() + 2));
  };
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_GT(value("process_cpu_seconds_total"), 0);
  EXPECT_GT(value("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(value("process_virtual_memory_bytes"), value("process_resident_memory_bytes"));
  EXPECT_LE(value("process_start_time_seconds"), now + 2);  // the system's start is known to the second
  EXPECT_GT(value("process_start_time_seconds"), now - 3600);
  EXPECT_GE(value("process_threads"), 2);  // this one and that of the endpoint
  EXPECT_GT(value("process_open_fds"), 4);
  EXPECT_GE(value("process_max_fds"), value("process_open_fds"));
}

TEST_F(MetricsEndpointTest, IdleSlowAndBrokenClientsKeepNobodyWaiting) {
  Start();
  const auto before = std::chrono::steady_clock::now();
  SilentConnections idle(server_->metrics_port(), 100);
  SilentConnections slow(server_->metrics_port(), 100);
  slow.Say("GET /met");
  SilentConnections broken(server_->metrics_port(), 100);
  broken.Say(std::string(100'000, '\xff'));
  SilentConnections deaf(server_->metrics_port(), 100);
  for (int i = 0; i < 20; ++i) deaf.Say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(Answer("GET", "/metrics"), HasSubstr("cookies_total 3"));
    slow.Say("r");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
}

}  // namespace
}  // namespace recurve
