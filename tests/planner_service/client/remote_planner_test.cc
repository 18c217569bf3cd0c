// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/remote_planner.h"

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
#include "planner_service/codec/plan_codec.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/planner_service.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr PlanRequest kSmallRequest{.length = 10, .budget = ByteBudget{1, 1, 5}};

// Behaves as configured by a test.
class ScriptedPlannerService final : public planner::v1::PlannerService::Service {
 public:
  using Script = std::function<grpc::Status(grpc::ServerContext&, int call, planner::v1::MakePlanResponse&)>;
  explicit ScriptedPlannerService(Script script) : script_(std::move(script)) {}
  grpc::Status MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest*,
                        planner::v1::MakePlanResponse* response) override {
    return script_(*context, ++calls, *response);
  }
  std::atomic<int> calls = 0;

 private:
  const Script script_;
};

std::unique_ptr<Server> Serve(grpc::Service& service, const std::string& listen = "127.0.0.1:0") {
  auto server = Server::Start({.listen = listen, .metrics_listen = "", .drain_time = milliseconds(100)}, {&service},
                              std::make_shared<prometheus::Registry>());
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

std::unique_ptr<Planner> Remote(int port, milliseconds timeout = milliseconds(30'000)) {
  return MakeRemotePlanner({.target = absl::StrCat("127.0.0.1:", port), .timeout = timeout});
}

// A port without a listener.
int FreePort() {
  ScriptedPlannerService service([](auto&&...) { return grpc::Status::OK; });
  return Serve(service)->port();
}

class RemotePlannerTest : public ::testing::Test {
 protected:
  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  const Access access_;
  EmbeddedPlanner embedded_;
  PlannerService service_{embedded_, {.deadline = milliseconds(10'000), .metrics = metrics_, .access = access_}};
};

TEST_F(RemotePlannerTest, AnswersAsTheEmbeddedPlanner) {
  const auto server = Serve(service_);
  const auto remote = Remote(server->port());
  std::mt19937_64 random(1);
  for (int i = 0; i < 300; ++i) {
    PlanRequest request{.length = static_cast<int64_t>(1 + random() % (i % 10 == 0 ? 2'000 : 60)),
                        .strategy = static_cast<Strategy>(random() % 6)};
    if (random() % 2 == 0) {
      request.budget = ByteBudget{static_cast<int64_t>(1 + random() % 9), static_cast<int64_t>(random() % 20),
                                  static_cast<int64_t>(random() % 1'000)};
    } else {
      request.budget = SlotBudget{static_cast<int64_t>(1 + random() % 30), static_cast<int64_t>(1 + random() % 4)};
    }
    if (random() % 2 == 0) request.costs = LinkCosts{0.5, 0.25, 1.5};
    const absl::StatusOr<Plan> here = embedded_.MakePlan(request, {});
    const absl::StatusOr<Plan> there = remote->MakePlan(
        request, i % 2 == 0 ? CancelCheck() : [] { return false; });
    ASSERT_EQ(there.status().code(), here.status().code()) << there.status() << here.status();
    if (!here.ok()) continue;
    EXPECT_EQ(there->feasible, here->feasible);
    EXPECT_EQ(there->strategy, here->strategy);
    EXPECT_EQ(there->smallest_feasible_budget, here->smallest_feasible_budget);
    EXPECT_EQ(there->forward_count, here->forward_count);
    EXPECT_EQ(there->forward_count_lower_bound, here->forward_count_lower_bound);
    EXPECT_EQ(there->forward_count_upper_bound, here->forward_count_upper_bound);
    EXPECT_EQ(there->peak_bytes, here->peak_bytes);
    EXPECT_EQ(there->peak_slots, here->peak_slots);
    EXPECT_EQ(there->predicted_seconds, here->predicted_seconds);
    EXPECT_EQ(there->schedule, here->schedule);
  }
}

TEST_F(RemotePlannerTest, PassesErrorsOnWithTheTarget) {
  const auto server = Serve(service_);
  const auto plan = Remote(server->port())->MakePlan({.length = 0, .budget = ByteBudget{1, 1, 1}}, {});
  EXPECT_EQ(plan.status(), absl::InvalidArgumentError(absl::StrCat("planner at 127.0.0.1:", server->port(),
                                                                   ": length is 0; must be 1 to 10000000")));
}

TEST_F(RemotePlannerTest, IsUnavailableWhereNobodyListens) {
  for (const CancelCheck& cancelled : {CancelCheck(), CancelCheck([] { return false; })}) {
    const auto plan = Remote(FreePort())->MakePlan(kSmallRequest, cancelled);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kUnavailable) << plan.status();
    EXPECT_THAT(std::string(plan.status().message()), HasSubstr("planner at 127.0.0.1:"));
  }
}

TEST_F(RemotePlannerTest, IsUnavailableForATargetThatIsNone) {
  const auto plan = MakeRemotePlanner({.target = "no-such-host.invalid:1", .timeout = milliseconds(5'000)})
                        ->MakePlan(kSmallRequest, {});
  EXPECT_THAT(plan.status().code(),
              ::testing::AnyOf(absl::StatusCode::kUnavailable, absl::StatusCode::kDeadlineExceeded));
}

TEST_F(RemotePlannerTest, TriesAgainWhenTheServiceIsUnavailable) {
  ScriptedPlannerService service([](grpc::ServerContext&, int call, planner::v1::MakePlanResponse& response) {
    if (call < 3) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not yet");
    response.set_strategy(planner::v1::STRATEGY_AUTO);
    response.set_smallest_feasible_budget(77);
    return grpc::Status::OK;
  });
  const auto server = Serve(service);
  const absl::StatusOr<Plan> plan = Remote(server->port())->MakePlan(kSmallRequest, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->smallest_feasible_budget, 77);
  EXPECT_EQ(service.calls, 3);
}

TEST_F(RemotePlannerTest, GivesUpAfterSomeTries) {
  ScriptedPlannerService service([](auto&&...) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "never"); });
  const auto server = Serve(service);
  EXPECT_EQ(Remote(server->port())->MakePlan(kSmallRequest, {}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(service.calls, 4);
}

TEST_F(RemotePlannerTest, DoesNotTryAgainWhenShed) {
  ScriptedPlannerService service([](auto&&...) { return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "busy"); });
  const auto server = Serve(service);
  EXPECT_EQ(Remote(server->port())->MakePlan(kSmallRequest, {}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(service.calls, 1);
}

TEST_F(RemotePlannerTest, StopsWaitingAtItsTimeoutOrWhenCancelled) {
  ScriptedPlannerService service([](grpc::ServerContext& context, auto&&...) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(1));
    return grpc::Status::CANCELLED;
  });
  const auto server = Serve(service);
  EXPECT_EQ(Remote(server->port(), milliseconds(50))->MakePlan(kSmallRequest, {}).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Remote(server->port(), milliseconds(50))->MakePlan(kSmallRequest, [] { return false; }).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  std::atomic<int> polls = 0;
  EXPECT_EQ(Remote(server->port())->MakePlan(kSmallRequest, [&] { return ++polls > 2; }).status().code(),
            absl::StatusCode::kCancelled);
}

TEST_F(RemotePlannerTest, AServerThatCancelsIsUnavailable) {
  ScriptedPlannerService service([](auto&&...) { return grpc::Status::CANCELLED; });
  const auto server = Serve(service);
  EXPECT_EQ(Remote(server->port())->MakePlan(kSmallRequest, [] { return false; }).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(RemotePlannerTest, DoesNotTrustTheAnswer) {
  const absl::StatusOr<Plan> other = embedded_.MakePlan({.length = 11, .budget = ByteBudget{1, 1, 5}}, {});
  ASSERT_TRUE(other.ok());
  const struct {
    std::function<void(planner::v1::MakePlanResponse&)> answer;
    const char* message;
  } cases[] = {
      {[](auto& r) { r.set_feasible(true); }, "schedule.kinds has 0 entries"},
      {[](auto& r) { r.set_strategy(planner::v1::STRATEGY_HSM); }, "of strategy hsm; requested was auto"},
      {[&](auto& r) { r = EncodePlan(*other); }, "has 11 links; the chain has 10"},
  };
  for (const auto& c : cases) {
    ScriptedPlannerService service([&](grpc::ServerContext&, int, planner::v1::MakePlanResponse& response) {
      c.answer(response);
      return grpc::Status::OK;
    });
    const auto server = Serve(service);
    const absl::StatusOr<Plan> plan = Remote(server->port())->MakePlan(kSmallRequest, {});
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(plan.status().message()), HasSubstr(c.message));
  }
}

TEST_F(RemotePlannerTest, FindsAServiceThatCameBack) {
  auto server = Serve(service_);
  const std::string address = absl::StrCat("127.0.0.1:", server->port());
  const auto remote = Remote(server->port());
  ASSERT_TRUE(remote->MakePlan(kSmallRequest, {}).ok());
  server.reset();
  EXPECT_FALSE(remote->MakePlan(kSmallRequest, {}).ok());
  server = Serve(service_, address);
  absl::StatusOr<Plan> plan;
  do {
    plan = remote->MakePlan(kSmallRequest, {});
  } while (absl::IsUnavailable(plan.status()));
  EXPECT_TRUE(plan.ok()) << plan.status();
}

TEST_F(RemotePlannerTest, SpreadsCallsOverReplicas) {
  const auto answer = [](grpc::ServerContext&, int, planner::v1::MakePlanResponse&) { return grpc::Status::OK; };
  ScriptedPlannerService first(answer);
  ScriptedPlannerService second(answer);
  const auto first_server = Serve(first);
  const auto second_server = Serve(second);
  const auto remote = MakeRemotePlanner(
      {.target = absl::StrCat("ipv4:127.0.0.1:", first_server->port(), ",127.0.0.1:", second_server->port())});
  for (int i = 0; i < 10'000 && (first.calls == 0 || second.calls == 0); ++i) (void)remote->MakePlan(kSmallRequest, {});
  EXPECT_GT(first.calls, 0);
  EXPECT_GT(second.calls, 0);
}

}  // namespace
}  // namespace recurve
