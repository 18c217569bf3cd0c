// SPDX-License-Identifier: Apache-2.0
//
// The service over a real connection, together with the planner service, with a shared gate as in the binary.
#include "planner_service/service/advisor_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <functional>
#include <thread>
#include <vector>

#include "planner_service/codec/advice_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/admission_planner.h"
#include "planner_service/service/planner_service.h"
#include "tests/planner_service/grpc_server/probes.h"
#include "tests/planner_service/service/gated_advisor.h"

namespace recurve {
namespace {

namespace v1 = planner::v1;
using grpc::StatusCode;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr milliseconds kLongCall{60'000};
constexpr char kServiceName[] = "recurve.planner.v1.AdvisorService";

const Workload kChain = ChainWorkload{.length = 300, .state_bytes = 8, .tape_bytes = 24};

class AdvisorServiceTest : public ::testing::Test {
 protected:
  using Stub = v1::AdvisorService::Stub;

  template <typename Request, typename Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // Serves both services with this limit on the solve time.
  void Serve(milliseconds longest_solve = kLongCall) {
    gate_.emplace(SolveLimits{.max_solves = 2, .max_waiting = 0, .longest_solve = longest_solve}, metrics_);
    admission_.emplace(planner_, *gate_);
    const CallRules rules{.deadline = milliseconds(80), .metrics = metrics_, .access = access_};
    plans_.emplace(*admission_, rules);
    advice_.emplace(advisor_, *gate_, rules);
    auto server = Server::Start({}, {&*plans_, &*advice_}, registry_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = PlainChannel(server_->port());
    stub_ = v1::AdvisorService::NewStub(channel_);
  }

  // Calls with a deadline, or without one if `timeout` is 0.
  grpc::Status Advise(grpc::ClientContext& context, milliseconds timeout = kLongCall) {
    if (timeout.count() != 0) context.set_deadline(std::chrono::system_clock::now() + timeout);
    v1::AdviseResponse response;
    return stub_->Advise(&context, EncodeQuestion(AdviseQuestion{kChain, Strategy::kAuto, 500}), &response);
  }
  grpc::Status Advise(milliseconds timeout = kLongCall) {
    grpc::ClientContext context;
    return Advise(context, timeout);
  }

  // Expects the answer over the network to equal that of the advisor in this process.
  template <typename Request, typename Response, typename Answer>
  void ExpectSame(Method<Request, Response> method, const Request& request, const absl::StatusOr<Answer>& here) {
    grpc::ClientContext context;
    Response there;
    const grpc::Status status = ((*stub_).*method)(&context, request, &there);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_TRUE(here.ok()) << here.status();
    Response expected;
    EncodeAnswer(*here, expected);
    EXPECT_EQ(there.DebugString(), expected.DebugString());
  }

  template <typename Request, typename Response>
  void ExpectWrong(Method<Request, Response> method, const std::string& message) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = ((*stub_).*method)(&context, Request(), &response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  }

  std::string Metrics() { return HttpGet(server_->metrics_port(), "/metrics"); }

  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics_{*registry_, "test"};
  const Access access_;
  GatedAdvisor advisor_;
  EmbeddedPlanner planner_;
  std::optional<SolveGate> gate_;
  std::optional<AdmissionPlanner> admission_;
  std::optional<PlannerService> plans_;
  std::optional<AdvisorService> advice_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(AdvisorServiceTest, AnswersEveryQuestionAsTheEmbeddedAdvisor) {
  Serve();
  EmbeddedAdvisor here;
  const Workload model = ModelWorkload{.model = {.hidden = 64}, .batch = 4, .length = 200};
  const std::vector<Strategy> strategies = {Strategy::kChen, Strategy::kAuto};
  const Strategy automatic = Strategy::kAuto;
  ExpectSame(&Stub::Advise, EncodeQuestion(AdviseQuestion{model, automatic, 8 << 20}),
             here.Advise(model, automatic, 8 << 20, {}));
  ExpectSame(&Stub::FindBudget, EncodeQuestion(BudgetQuestion{kChain, automatic, 1.25}),
             here.FindBudget(kChain, automatic, 1.25, {}));
  ExpectSame(&Stub::MakeCurves, EncodeQuestion(CurvesQuestion{kChain, strategies, 20}),
             here.MakeCurves(kChain, strategies, 20, {}));
  ExpectSame(&Stub::FindLargest, EncodeQuestion(LargestQuestion{model, Dimension::kBatch, automatic, 8 << 20, 1.5}),
             here.FindLargest(model, Dimension::kBatch, automatic, 8 << 20, 1.5, {}));
  ExpectSame(&Stub::PlanLengths, EncodeQuestion(LengthsQuestion{kChain, {5, 300}, automatic, 100}),
             here.PlanLengths(kChain, {5, 300}, automatic, 100, {}));
  ExpectSame(&Stub::SplitBudget,
             EncodeQuestion(SplitQuestion{{kChain, model}, automatic, 12 << 20, SplitGoal::kLeastSlowdown}),
             here.SplitBudget({kChain, model}, automatic, 12 << 20, SplitGoal::kLeastSlowdown, {}));
}

TEST_F(AdvisorServiceTest, NamesTheFieldThatIsWrong) {
  Serve();
  ExpectWrong(&Stub::Advise, "workload is unset");
  ExpectWrong(&Stub::FindBudget, "workload is unset");
  ExpectWrong(&Stub::MakeCurves, "strategies has 0 entries");
  ExpectWrong(&Stub::FindLargest, "workload is unset");
  ExpectWrong(&Stub::PlanLengths, "lengths has 0 entries");
  ExpectWrong(&Stub::SplitBudget, "workloads has 0 entries");
  EXPECT_EQ(advisor_.gate.calls(), 0);
}

TEST_F(AdvisorServiceTest, WhatOnlyTheAdvisorKnowsIsWrongToo) {
  Serve();
  grpc::ClientContext context;
  v1::FindLargestResponse response;
  const LargestQuestion question{kChain, Dimension::kHidden, Strategy::kAuto, 100, 2};
  const grpc::Status status = stub_->FindLargest(&context, EncodeQuestion(question), &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("dimension"));
}

TEST_F(AdvisorServiceTest, TheClientsDeadlineStopsTheSolver) {
  Serve();
  ASSERT_TRUE(Advise().ok());  // connected from here on
  advisor_.gate.Close();
  EXPECT_EQ(Advise(milliseconds(200)).error_code(), StatusCode::DEADLINE_EXCEEDED);
  advisor_.gate.AwaitEnds(2);
  EXPECT_EQ(advisor_.gate.cancellations(), 1);
}

TEST_F(AdvisorServiceTest, AQuestionWithoutADeadlineGetsTheServers) {
  Serve();
  advisor_.gate.Close();
  const grpc::Status status = Advise(milliseconds(0));
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(status.error_message(), HasSubstr("no answer within 80ms"));
}

TEST_F(AdvisorServiceTest, NoDeadlineKeepsASolverForLong) {
  Serve(milliseconds(30));
  advisor_.gate.Close();
  const grpc::Status status = Advise(kLongCall);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr("no answer after 30ms of solving"), HasSubstr("--max-solve-time")));
  EXPECT_EQ(advisor_.gate.cancellations(), 1);
}

TEST_F(AdvisorServiceTest, AClientThatGoesAwayFreesItsSolver) {
  Serve();
  advisor_.gate.Close();
  std::vector<grpc::ClientContext> contexts(2);
  std::vector<std::thread> clients;
  for (grpc::ClientContext& context : contexts) {
    clients.emplace_back([&] { EXPECT_EQ(Advise(context).error_code(), StatusCode::CANCELLED); });
  }
  advisor_.gate.AwaitCalls(2);
  EXPECT_EQ(Advise().error_code(), StatusCode::RESOURCE_EXHAUSTED);  // both solvers are in use
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  for (std::thread& client : clients) client.join();
  advisor_.gate.AwaitEnds(2);
  advisor_.gate.Open();
  grpc::Status status;
  do {
    status = Advise();  // the solvers become free slightly after the solves have ended
  } while (status.error_code() == StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(AdvisorServiceTest, AQuestionThatTakesTooLongIsRefusedAtOnce) {
  Serve(milliseconds(10'000));
  const Workload long_chain = ChainWorkload{.length = kMaxChainLength, .state_bytes = 1000, .tape_bytes = 3};
  const CurvesQuestion question{long_chain, std::vector<Strategy>(kMaxCurves, Strategy::kAuto), kMaxCurvePoints};
  grpc::ClientContext context;
  v1::MakeCurvesResponse response;
  const grpc::Status status = stub_->MakeCurves(&context, EncodeQuestion(question), &response);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("--max-solve-time"), HasSubstr("fewer max_points")));
  EXPECT_EQ(context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 0U);
  EXPECT_EQ(advisor_.gate.calls(), 0);
}

TEST_F(AdvisorServiceTest, ALongQuestionStopsInTheMidst) {
  Serve(std::chrono::hours(1'000));
  // Without the gate of the test: the advisor itself computes the corners of a thousand curves.
  const Workload long_chain = ChainWorkload{.length = kMaxChainLength, .state_bytes = 1000, .tape_bytes = 3};
  const CurvesQuestion question{long_chain, std::vector<Strategy>(kMaxCurves, Strategy::kAuto), kMaxCurvePoints};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1'000));
  v1::MakeCurvesResponse response;
  std::thread leaver([&] {
    advisor_.gate.AwaitEnds(1);
    context.TryCancel();
  });
  const grpc::Status status = stub_->MakeCurves(&context, EncodeQuestion(question), &response);
  leaver.join();
  EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
  while (metrics_.solves_in_flight.Value() != 0) std::this_thread::yield();
}

TEST_F(AdvisorServiceTest, OverloadIsShedWhileHealthAndMetricsAnswer) {
  Serve();
  advisor_.gate.Close();
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) clients.emplace_back([&] { EXPECT_TRUE(Advise().ok()); });
  advisor_.gate.AwaitCalls(2);
  grpc::ClientContext context;
  const grpc::Status shed = Advise(context);
  EXPECT_EQ(shed.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(shed.error_message(), HasSubstr("try again later"));
  EXPECT_EQ(context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 1U);

  // A plan is solved by the same solvers.
  grpc::ClientContext plan_context;
  v1::MakePlanResponse plan;
  const v1::MakePlanRequest plan_request = EncodeRequest({.length = 10, .budget = ByteBudget{1, 1, 1}});
  EXPECT_EQ(v1::PlannerService::NewStub(channel_)->MakePlan(&plan_context, plan_request, &plan).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);

  EXPECT_EQ(HealthOf(channel_, kServiceName), "SERVING");
  EXPECT_THAT(Metrics(),
              AllOf(HasSubstr("recurve_planner_shed_total 2\n"), HasSubstr("recurve_planner_solves_in_flight 2\n")));
  advisor_.gate.Open();
  for (std::thread& client : clients) client.join();
}

TEST_F(AdvisorServiceTest, CountsWhatItAnswers) {
  Serve();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Advise().ok());
  ExpectWrong(&Stub::SplitBudget, "workloads");
  EXPECT_THAT(Metrics(),
              AllOf(HasSubstr("recurve_planner_requests_total{code=\"OK\",method=\"Advise\"} 3\n"),
                    HasSubstr("recurve_planner_requests_total{code=\"INVALID_ARGUMENT\",method=\"SplitBudget\"} 1\n"),
                    HasSubstr("recurve_planner_solve_seconds_count 3\n")));
}

TEST_F(AdvisorServiceTest, IsReflected) {
  Serve();
  EXPECT_THAT(ReflectedServices(channel_), HasSubstr(kServiceName));
  EXPECT_THAT(ReflectedFileOf(channel_, kServiceName), HasSubstr("FindLargestRequest"));
}

}  // namespace
}  // namespace recurve
