// SPDX-License-Identifier: Apache-2.0
//
// The service over a real connection, with the chain of planners of the binary.
#include "planner_service/service/planner_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <thread>
#include <vector>

#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/admission_planner.h"
#include "planner_service/service/caching_planner.h"
#include "tests/planner_service/grpc_server/probes.h"
#include "tests/planner_service/service/gated_planner.h"

namespace recurve {
namespace {

using grpc::StatusCode;
using planner::v1::MakePlanRequest;
using planner::v1::MakePlanResponse;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr milliseconds kLong{60'000};

MakePlanRequest Request(int64_t length) { return EncodeRequest({.length = length, .budget = ByteBudget{8, 24, 500}}); }

class PlannerServiceTest : public ::testing::Test {
 protected:
  struct Answer {
    grpc::Status status;
    MakePlanResponse response;
    std::string retry_delay;
  };

  void SetUp() override {
    auto server = Server::Start({}, {&service_}, registry_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = PlainChannel(server_->port());
  }

  // Calls with a deadline, or without one if `timeout` is 0.
  Answer Ask(const MakePlanRequest& request, milliseconds timeout = kLong) {
    grpc::ClientContext context;
    return Ask(context, request, timeout);
  }

  Answer Ask(grpc::ClientContext& context, const MakePlanRequest& request, milliseconds timeout = kLong) {
    if (timeout.count() != 0) context.set_deadline(std::chrono::system_clock::now() + timeout);
    Answer answer;
    answer.status = planner::v1::PlannerService::NewStub(channel_)->MakePlan(&context, request, &answer.response);
    const auto delay = context.GetServerTrailingMetadata().find("grpc-retry-pushback-ms");
    if (delay != context.GetServerTrailingMetadata().end()) {
      answer.retry_delay.assign(delay->second.data(), delay->second.size());
    }
    return answer;
  }

  // Waits until the server has counted `count` answers with this code.
  void AwaitCounted(const std::string& code, int count) {
    const std::string line =
        "recurve_planner_requests_total{code=\"" + code + "\",method=\"MakePlan\"} " + std::to_string(count) + "\n";
    while (Metrics().find(line) == std::string::npos) std::this_thread::yield();
  }

  std::string Metrics() { return HttpGet(server_->metrics_port(), "/metrics"); }

  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics_{*registry_, "test"};
  const Access access_;
  GatedPlanner solver_{true};
  SolveGate gate_{{.max_solves = 2, .max_waiting = 0}, metrics_};
  AdmissionPlanner admission_{solver_, gate_};
  CachingPlanner caching_{admission_, 1 << 20, metrics_};
  PlannerService service_{caching_, {.deadline = milliseconds(80), .metrics = metrics_, .access = access_}};
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(PlannerServiceTest, AnswersAsTheEmbeddedPlanner) {
  PlanRequest request{.length = 1000, .budget = ByteBudget{524288, 1048576, 15728640}, .costs = LinkCosts{1, 2, 3}};
  const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
  ASSERT_TRUE(plan.ok());
  const Answer answer = Ask(EncodeRequest(request));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.response.SerializeAsString(), EncodePlan(*plan).SerializeAsString());
}

TEST_F(PlannerServiceTest, ABudgetThatIsTooSmallIsAnAnswer) {
  MakePlanRequest request = Request(100);
  request.set_strategy(planner::v1::STRATEGY_STORE_ALL);
  const Answer answer = Ask(request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_FALSE(answer.response.feasible());
  EXPECT_EQ(answer.response.smallest_feasible_budget(), 99 * 24 + 98 * 8);
  EXPECT_FALSE(answer.response.has_schedule());

  request.mutable_bytes()->set_budget_bytes(answer.response.smallest_feasible_budget());
  EXPECT_TRUE(Ask(request).response.feasible());
  request.mutable_bytes()->set_budget_bytes(answer.response.smallest_feasible_budget() - 1);
  EXPECT_FALSE(Ask(request).response.feasible());
}

TEST_F(PlannerServiceTest, NamesTheFieldThatIsWrong) {
  MakePlanRequest request = Request(100);
  request.mutable_bytes()->set_state_bytes(0);
  const Answer answer = Ask(request);
  EXPECT_EQ(answer.status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(answer.status.error_message(), "bytes.state_bytes is 0; must be 1 to 1125899906842624");
  EXPECT_EQ(Ask(MakePlanRequest()).status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(solver_.calls(), 0);
}

TEST_F(PlannerServiceTest, TheClientsDeadlineStopsTheSolver) {
  ASSERT_TRUE(Ask(Request(1)).status.ok());  // connected from here on
  solver_.Close();
  EXPECT_EQ(Ask(Request(100), milliseconds(200)).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  solver_.AwaitEnds(2);
  EXPECT_EQ(solver_.cancellations(), 1);
}

TEST_F(PlannerServiceTest, ARequestWithoutADeadlineGetsTheServers) {
  solver_.Close();
  const Answer answer = Ask(Request(100), milliseconds(0));
  EXPECT_EQ(answer.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(answer.status.error_message(), AllOf(HasSubstr("no answer within 80ms"), HasSubstr("set a deadline")));
  EXPECT_EQ(solver_.cancellations(), 1);
}

TEST_F(PlannerServiceTest, ADeadlineOfTheClientsOwnMayBeLonger) {
  solver_.Close();
  std::thread opener([&] {
    solver_.AwaitCalls(1);
    std::this_thread::sleep_for(milliseconds(120));
    solver_.Open();
  });
  EXPECT_TRUE(Ask(Request(100)).status.ok());
  opener.join();
}

TEST_F(PlannerServiceTest, AClientThatGoesAwayStopsTheSolver) {
  solver_.Close();
  grpc::ClientContext context;
  std::thread canceller([&] {
    solver_.AwaitCalls(1);
    context.TryCancel();
  });
  EXPECT_EQ(Ask(context, Request(100)).status.error_code(), StatusCode::CANCELLED);
  canceller.join();
  solver_.AwaitEnds(1);
  EXPECT_EQ(solver_.cancellations(), 1);
  AwaitCounted("CANCELLED", 1);
}

TEST_F(PlannerServiceTest, ManyClientsAskForOneColdPlan) {
  constexpr int kClients = 50;
  solver_.Close();
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      const Answer answer = Ask(Request(300));
      if (answer.status.ok() && answer.response.feasible()) ++good;
    });
  }
  while (metrics_.memo_shared.Value() < kClients - 1) std::this_thread::yield();
  solver_.Open();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, kClients);
  EXPECT_EQ(solver_.calls(), 1);
}

TEST_F(PlannerServiceTest, OverloadIsShedWhileHealthMetricsAndHitsAnswer) {
  ASSERT_TRUE(Ask(Request(50)).status.ok());
  solver_.Close();
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) clients.emplace_back([&, i] { EXPECT_TRUE(Ask(Request(100 + i)).status.ok()); });
  solver_.AwaitCalls(3);
  const Answer shed = Ask(Request(200));
  EXPECT_EQ(shed.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(shed.status.error_message(), HasSubstr("try again later"));
  EXPECT_EQ(shed.retry_delay, "200");
  EXPECT_EQ(HealthOf(channel_, "recurve.planner.v1.PlannerService"), "SERVING");
  EXPECT_TRUE(Ask(Request(50)).status.ok());
  EXPECT_THAT(Metrics(),
              AllOf(HasSubstr("recurve_planner_shed_total 1\n"), HasSubstr("recurve_planner_solves_in_flight 2\n"),
                    HasSubstr("recurve_planner_memo_hits_total 1\n")));
  solver_.Open();
  for (std::thread& client : clients) client.join();
}

TEST_F(PlannerServiceTest, TheLongestChainInNoMemoryIsASmallMessage) {
  MakePlanRequest request = Request(kMaxChainLength);
  request.mutable_bytes()->set_budget_bytes(0);  // one sweep per link
  const Answer answer = Ask(request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_LT(answer.response.ByteSizeLong(), 100U);
}

TEST_F(PlannerServiceTest, CountsWhatItAnswers) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Ask(Request(60)).status.ok());
  EXPECT_FALSE(Ask(MakePlanRequest()).status.ok());
  EXPECT_THAT(
      Metrics(),
      AllOf(HasSubstr("recurve_planner_requests_total{code=\"OK\",method=\"MakePlan\"} 3\n"),
            HasSubstr("recurve_planner_requests_total{code=\"INVALID_ARGUMENT\",method=\"MakePlan\"} 1\n"),
            HasSubstr("recurve_planner_request_seconds_count{method=\"MakePlan\"} 4\n"),
            HasSubstr("recurve_planner_solve_seconds_count 1\n"), HasSubstr("recurve_planner_memo_hits_total 2\n"),
            HasSubstr("recurve_planner_memo_misses_total 1\n"), HasSubstr("recurve_planner_memo_entries 1\n"),
            HasSubstr("recurve_planner_build_info{version=\"test\"} 1\n")));
}

}  // namespace
}  // namespace recurve
