// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/remote_advisor.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/advice_codec.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/advisor_service.h"

namespace recurve {
namespace {

namespace v1 = planner::v1;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

const Workload kChain = ChainWorkload{.length = 10, .state_bytes = 1, .tape_bytes = 1};

// Behaves as configured by a test.
class ScriptedService final : public v1::AdvisorService::Service {
 public:
  using Script = std::function<grpc::Status(grpc::ServerContext&, int call, v1::AdviseResponse&)>;
  explicit ScriptedService(Script script) : script_(std::move(script)) {}
  grpc::Status Advise(grpc::ServerContext* context, const v1::AdviseRequest*, v1::AdviseResponse* response) override {
    return script_(*context, ++calls, *response);
  }
  grpc::Status PlanLengths(grpc::ServerContext*, const v1::PlanLengthsRequest*,
                           v1::PlanLengthsResponse* response) override {
    *response = lengths;
    return grpc::Status::OK;
  }
  std::atomic<int> calls = 0;
  v1::PlanLengthsResponse lengths;

 private:
  const Script script_;
};

std::unique_ptr<Server> Serve(grpc::Service& service) {
  auto server = Server::Start({.metrics_listen = "", .drain_time = milliseconds(100)}, {&service},
                              std::make_shared<prometheus::Registry>());
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

std::unique_ptr<Advisor> Remote(int port, milliseconds timeout = milliseconds(30'000)) {
  return MakeRemoteAdvisor({.target = absl::StrCat("127.0.0.1:", port), .timeout = timeout});
}

class RemoteAdvisorTest : public ::testing::Test {
 protected:
  // Workloads that take little time, some of them invalid.
  Workload AnyWorkload() {
    if (Draw(2) == 0) {
      ChainWorkload chain{
          .length = 1 + Draw(80), .state_bytes = 1 + Draw(9), .tape_bytes = Draw(20), .fixed_bytes = Draw(50)};
      if (Draw(2) == 0) chain.costs = LinkCosts{0.5, 0.25, 1.5};
      return chain;
    }
    ModelWorkload model{.model = {.layers = Draw(3), .hidden = 1 + Draw(40)},
                        .optimizer = static_cast<OptimizerKind>(Draw(2)),
                        .batch = 1 + Draw(4),
                        .length = 1 + Draw(60),
                        .link = Draw(5),
                        .carry_state = Draw(2) == 0};
    if (Draw(2) == 0) model.link_costs = {{4, {1, 1.5, 2}}, {8, {1.75, 2.5, 3.5}}};
    return model;
  }

  int64_t Draw(int64_t below) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(below)); }
  Strategy AnyStrategy() { return static_cast<Strategy>(Draw(6)); }
  int64_t AnyBudget() { return Draw(2) == 0 ? Draw(1'000) : Draw(2'000'000); }

  template <typename Response, typename Answer>
  void ExpectSame(const absl::StatusOr<Answer>& here, const absl::StatusOr<Answer>& there) {
    ASSERT_EQ(there.status().code(), here.status().code()) << there.status() << here.status();
    if (!here.ok()) return;
    ++answered_;
    Response expected;
    Response got;
    EncodeAnswer(*here, expected);
    EncodeAnswer(*there, got);
    EXPECT_EQ(got.DebugString(), expected.DebugString());
  }

  std::mt19937_64 random_{1};
  int answered_ = 0;
  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  const Access access_;
  EmbeddedAdvisor embedded_;
  SolveGate gate_{{.max_solves = 2, .max_waiting = 10}, metrics_};
  AdvisorService service_{embedded_, gate_, {.deadline = milliseconds(10'000), .metrics = metrics_, .access = access_}};
};

TEST_F(RemoteAdvisorTest, AnswersAsTheEmbeddedAdvisor) {
  const auto server = Serve(service_);
  const auto remote = Remote(server->port());
  for (int i = 0; i < 60; ++i) {
    const Workload workload = AnyWorkload();
    const Strategy strategy = AnyStrategy();
    const int64_t budget = AnyBudget();
    const double slowdown = 1 + static_cast<double>(Draw(8)) / 4;
    const auto dimension = static_cast<Dimension>(Draw(3));
    const std::vector<int64_t> lengths = {1 + Draw(30), 1 + Draw(30)};
    const std::vector<Workload> workloads = {workload, AnyWorkload()};
    const auto goal = static_cast<SplitGoal>(Draw(2));
    const CancelCheck never = i % 2 == 0 ? CancelCheck() : [] { return false; };
    ExpectSame<v1::AdviseResponse>(embedded_.Advise(workload, strategy, budget, {}),
                                   remote->Advise(workload, strategy, budget, never));
    ExpectSame<v1::FindBudgetResponse>(embedded_.FindBudget(workload, strategy, slowdown, {}),
                                       remote->FindBudget(workload, strategy, slowdown, never));
    ExpectSame<v1::MakeCurvesResponse>(embedded_.MakeCurves(workload, {strategy, Strategy::kAuto}, 9, {}),
                                       remote->MakeCurves(workload, {strategy, Strategy::kAuto}, 9, never));
    ExpectSame<v1::FindLargestResponse>(embedded_.FindLargest(workload, dimension, strategy, budget, slowdown, {}),
                                        remote->FindLargest(workload, dimension, strategy, budget, slowdown, never));
    ExpectSame<v1::PlanLengthsResponse>(embedded_.PlanLengths(workload, lengths, strategy, budget, {}),
                                        remote->PlanLengths(workload, lengths, strategy, budget, never));
    ExpectSame<v1::SplitBudgetResponse>(embedded_.SplitBudget(workloads, strategy, budget, goal, {}),
                                        remote->SplitBudget(workloads, strategy, budget, goal, never));
  }
  EXPECT_GT(answered_, 100);
}

TEST_F(RemoteAdvisorTest, PassesErrorsOnWithTheTarget) {
  const auto server = Serve(service_);
  const auto advice = Remote(server->port())->FindBudget(kChain, Strategy::kAuto, 0.5, {});
  EXPECT_EQ(advice.status(),
            absl::InvalidArgumentError(absl::StrCat("planner at 127.0.0.1:", server->port(),
                                                    ": max_slowdown is 0.5; must be finite and at least 1")));
}

TEST_F(RemoteAdvisorTest, IsUnavailableWhereNobodyListens) {
  const int port = Serve(service_)->port();
  const auto advice = Remote(port)->Advise(kChain, Strategy::kAuto, 5, {});
  EXPECT_EQ(advice.status().code(), absl::StatusCode::kUnavailable) << advice.status();
  EXPECT_THAT(std::string(advice.status().message()), HasSubstr(absl::StrCat("planner at 127.0.0.1:", port)));
}

TEST_F(RemoteAdvisorTest, TriesAgainWhenTheServiceIsUnavailable) {
  const absl::StatusOr<Advice> here = embedded_.Advise(kChain, Strategy::kAuto, 5, {});
  ASSERT_TRUE(here.ok()) << here.status();
  ScriptedService service([&](grpc::ServerContext&, int call, v1::AdviseResponse& response) {
    if (call < 3) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not yet");
    EncodeAnswer(*here, response);
    return grpc::Status::OK;
  });
  const auto server = Serve(service);
  const absl::StatusOr<Advice> advice = Remote(server->port())->Advise(kChain, Strategy::kAuto, 5, {});
  ASSERT_TRUE(advice.ok()) << advice.status();
  EXPECT_EQ(advice->forward_count, here->forward_count);
  EXPECT_EQ(service.calls, 3);
}

TEST_F(RemoteAdvisorTest, StopsWaitingAtItsTimeoutOrWhenCancelled) {
  ScriptedService service([](grpc::ServerContext& context, auto&&...) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(1));
    return grpc::Status::CANCELLED;
  });
  const auto server = Serve(service);
  const auto ask = [&](milliseconds timeout, const CancelCheck& cancelled) {
    return Remote(server->port(), timeout)->Advise(kChain, Strategy::kAuto, 5, cancelled).status().code();
  };
  EXPECT_EQ(ask(milliseconds(50), {}), absl::StatusCode::kDeadlineExceeded);
  std::atomic<int> polls = 0;
  EXPECT_EQ(ask(milliseconds(30'000), [&] { return ++polls > 2; }), absl::StatusCode::kCancelled);
}

TEST_F(RemoteAdvisorTest, DoesNotTrustTheAnswer) {
  const absl::StatusOr<Advice> good = embedded_.Advise(kChain, Strategy::kHsm, 5, {});
  ASSERT_TRUE(good.ok()) << good.status();
  const struct {
    std::function<void(v1::Advice&)> change;
    const char* message;
  } cases[] = {
      {[](auto&) {}, "it is of another strategy"},
      {[](auto& m) { m.set_peak_bytes(77); }, "advice.peak_bytes is 77"},
      {[](auto& m) { m.Clear(); }, "advice.sizing is unset"},
  };
  for (const auto& c : cases) {
    ScriptedService service([&](grpc::ServerContext&, int, v1::AdviseResponse& response) {
      EncodeAnswer(*good, response);
      c.change(*response.mutable_advice());
      return grpc::Status::OK;
    });
    EncodeAnswer(std::vector<Advice>{*good}, service.lengths);
    const auto server = Serve(service);
    const auto remote = Remote(server->port());
    const absl::Status status = remote->Advise(kChain, Strategy::kAuto, 5, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
    EXPECT_THAT(std::string(remote->PlanLengths(kChain, {1, 2}, Strategy::kHsm, 5, {}).status().message()),
                HasSubstr("it has 1 entries; requested were 2"));
  }
}

}  // namespace
}  // namespace recurve
