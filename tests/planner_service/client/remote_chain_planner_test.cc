// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/remote_chain_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/chain_codec.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/chain_service.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Random = std::mt19937_64;

const ChainRequest kSmall = {.segments = {{.links = 5, .state_bytes = 1, .tape_bytes = 3, .forward_cost = 1}}};

int64_t Below(Random& random, int64_t limit) { return static_cast<int64_t>(random() % limit); }

class RemoteChainPlannerTest : public ::testing::Test {
 protected:
  void Serve(grpc::Service& service) {
    auto server = Server::Start({.listen = "127.0.0.1:0", .metrics_listen = "", .drain_time = milliseconds(100)},
                                {&service}, std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    remote_ = MakeRemoteChainPlanner({.target = absl::StrCat("127.0.0.1:", server_->port())});
  }

  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  const Access access_;
  EmbeddedChainPlanner embedded_;
  const CallRules rules_{.deadline = milliseconds(10'000), .metrics = metrics_, .access = access_};
  std::unique_ptr<Server>
      server_;  // drained before a test's own service is destroyed, since a call may still be in progress
  std::unique_ptr<ChainPlanner> remote_;
};

TEST_F(RemoteChainPlannerTest, AnswersAsTheEmbeddedPlanner) {
  SolveGate gate({.max_solves = 2}, metrics_);
  ChainService service(embedded_, gate, rules_);
  Serve(service);
  Random random(1);
  for (int round = 0; round < 40; ++round) {
    ChainRequest chain = {.budget_bytes = Below(random, 100), .max_corners = Below(random, 5)};
    for (int64_t segment = Below(random, 3); segment >= 0; --segment) {
      chain.segments.push_back({1 + Below(random, 9), Below(random, 9), Below(random, 30), Below(random, 9),
                                Below(random, 9), Below(random, 9)});
    }
    const absl::StatusOr<ChainPlan> here = embedded_.PlanChain(chain, {});
    const absl::StatusOr<ChainPlan> there = remote_->PlanChain(chain, {});
    ASSERT_TRUE(here.ok() && there.ok()) << here.status() << there.status();
    EXPECT_EQ(there->cost, here->cost);
    EXPECT_EQ(there->curve, here->curve);
    EXPECT_EQ(there->schedule, here->schedule);

    const TwoLevelRequest two = {.length = 1 + Below(random, 30),
                                 .state_bytes = 1 + Below(random, 3),
                                 .tape_bytes = Below(random, 9),
                                 .forward_cost = Below(random, 9),
                                 .device = {Below(random, 9), 0, 0},
                                 .host = {Below(random, 9), Below(random, 9), Below(random, 9)}};
    const absl::StatusOr<TwoLevelPlan> two_here = embedded_.PlanTwoLevel(two, {});
    const absl::StatusOr<TwoLevelPlan> two_there = remote_->PlanTwoLevel(two, [] { return false; });
    ASSERT_TRUE(two_here.ok() && two_there.ok()) << two_here.status() << two_there.status();
    EXPECT_EQ(two_there->cost, two_here->cost);
    EXPECT_EQ(two_there->schedule, two_here->schedule);
  }
}

TEST_F(RemoteChainPlannerTest, PassesErrorsOnWithTheTarget) {
  SolveGate gate({.max_solves = 1}, metrics_);
  ChainService service(embedded_, gate, rules_);
  Serve(service);
  const std::string prefix = absl::StrCat("planner at 127.0.0.1:", server_->port(), ": ");
  EXPECT_EQ(remote_->PlanChain({}, {}).status(),
            absl::InvalidArgumentError(prefix + "segments has 0 entries; must have 1 to 2000"));
  EXPECT_EQ(remote_->PlanTwoLevel({.length = 0}, {}).status(),
            absl::InvalidArgumentError(prefix + "length is 0; must be 1 to 20000"));
}

TEST_F(RemoteChainPlannerTest, WaitsForRoomOrIsTurnedAway) {
  SolveGate full({.max_solves = 0, .max_waiting = 0}, metrics_);
  ChainService service(embedded_, full, rules_);
  Serve(service);
  EXPECT_EQ(remote_->PlanChain(kSmall, {}).status().code(), absl::StatusCode::kResourceExhausted);
}

// A solve ends when its client disconnects.
TEST_F(RemoteChainPlannerTest, CancellingStopsTheSolve) {
  SolveGate gate({.max_solves = 1, .max_waiting = 1}, metrics_);
  ChainService service(embedded_, gate, rules_);
  Serve(service);
  TwoLevelRequest large = {.length = 1'000, .state_bytes = 1, .tape_bytes = 1, .forward_cost = 1};
  large.device.bytes = 20;
  large.host.bytes = 90;
  int polls = 0;
  EXPECT_EQ(remote_->PlanTwoLevel(large, [&] { return ++polls > 3; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(remote_->PlanChain(kSmall, {}).ok());  // the only solver is free again
  server_->Drain();
}

TEST_F(RemoteChainPlannerTest, RefusesAPlanOfAnotherLength) {
  class OtherLength final : public planner::v1::ChainService::Service {
    grpc::Status PlanChain(grpc::ServerContext*, const planner::v1::PlanChainRequest*,
                           planner::v1::PlanChainResponse* response) override {
      response->mutable_schedule()->add_kinds(schedule::v1::RUN_KIND_TAPE_ALL);
      response->mutable_schedule()->add_lengths(4);
      response->mutable_schedule()->add_lefts(0);
      response->mutable_schedule()->add_rights(0);
      return grpc::Status::OK;
    }
  };
  OtherLength service;
  Serve(service);
  const absl::Status status = remote_->PlanChain(kSmall, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has 4 links; the chain has 5"));
}

}  // namespace
}  // namespace recurve
