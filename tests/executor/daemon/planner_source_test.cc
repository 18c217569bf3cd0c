// SPDX-License-Identifier: Apache-2.0
//
// Where plans come from: a planner service that answers, one that cannot be reached, and ones that lie.
#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/codec/job_codec.h"
#include "executor/job/link_sizing.h"
#include "planner_service/codec/chain_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/serving/grpc_status.h"
#include "recurve/planner/v1/chain.grpc.pb.h"
#include "recurve/planner/v1/planner.grpc.pb.h"
#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/planner_service/serving/probes.h"

namespace recurve {
namespace {

using executor::v1::Job;
using planner::v1::MakePlanRequest;
using planner::v1::MakePlanResponse;
using testing::HasSubstr;
using testing::IsEmpty;
using Spoil = std::function<grpc::Status(const MakePlanRequest&, MakePlanResponse&)>;

// Makes right plans with states on the host.
class TestChainPlanner final : public planner::v1::ChainService::Service {
 public:
  grpc::Status PlanTwoLevel(grpc::ServerContext*, const planner::v1::PlanTwoLevelRequest* request,
                            planner::v1::PlanTwoLevelResponse* response) override {
    ++calls;
    const absl::StatusOr<TwoLevelRequest> decoded = DecodeRequest(*request);
    if (!decoded.ok()) return ToGrpcStatus(decoded.status());
    const absl::StatusOr<TwoLevelPlan> plan = EmbeddedChainPlanner().PlanTwoLevel(*decoded, {});
    if (!plan.ok()) return ToGrpcStatus(plan.status());
    *response = EncodePlan(*plan);
    return answer;
  }

  std::atomic<int> calls{0};
  grpc::Status answer;
};

// A planner service that makes right plans and then spoils them.
class TestPlanner final : public planner::v1::PlannerService::Service {
 public:
  explicit TestPlanner(Spoil spoil) : spoil_(std::move(spoil)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    builder.RegisterService(&chains);
    server_ = builder.BuildAndStart();
  }
  ~TestPlanner() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  int calls() const { return calls_; }
  TestChainPlanner chains;

  grpc::Status MakePlan(grpc::ServerContext*, const MakePlanRequest* request, MakePlanResponse* response) override {
    ++calls_;
    const absl::StatusOr<PlanRequest> decoded = DecodeRequest(*request);
    if (!decoded.ok()) return ToGrpcStatus(decoded.status());
    const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(*decoded, {});
    if (!plan.ok()) return ToGrpcStatus(plan.status());
    *response = EncodePlan(*plan);
    return spoil_(*request, *response);
  }

 private:
  const Spoil spoil_;
  std::atomic<int> calls_{0};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

grpc::Status Honest(const MakePlanRequest&, MakePlanResponse&) { return grpc::Status::OK; }

// Puts another schedule of the same chain into a plan, whose promises stay.
void UseScheduleOf(Strategy strategy, int64_t budget_bytes, const MakePlanRequest& request,
                   MakePlanResponse& response) {
  PlanRequest other = *DecodeRequest(request);
  other.strategy = strategy;
  std::get<ByteBudget>(other.budget).budget_bytes = budget_bytes;
  *response.mutable_schedule() = *EncodePlan(*EmbeddedPlanner().MakePlan(other, {})).mutable_schedule();
}

class PlannerSourceTest : public testing::Test {
 protected:
  // In so little memory on the device that nothing can be stored there.
  executor::v1::JobSpec TinyOffload() {
    executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
    spec.set_link(1);
    spec.set_host_memory_bytes(1 << 20);
    const auto backend = MakeCpuBackend({.threads = 1}).value();
    spec.set_memory_bytes(SizeLink(DecodeJobSpec(spec).value(), 1, *backend).fixed.total());
    return spec;
  }
  Job RunWith(const std::string& target) { return RunWith(target, TinySpec(folder_.text(), 2)); }
  Job RunWith(const std::string& target, const executor::v1::JobSpec& spec) {
    ExecutorDaemonOptions options;
    options.planner_target = target;
    options.planner_timeout = std::chrono::seconds(20);
    daemon_ = StartDaemon(std::move(options));
    ExecutorClient client(daemon_->port());
    const std::string id = client.Submit(spec).id();
    events_ = client.EventsToTheEnd(id);
    return client.Get(id);
  }
  double Metric(const std::string& name) { return Sample(HttpGet(daemon_->metrics_port(), "/metrics"), name); }
  double PlansFrom(const std::string& source) {
    return Metric("recurve_executor_plans_total{source=\"" + source + "\"}");
  }
  // Whatever the planner did to its answer, the job must end before it trains.
  void ExpectRefused(const Spoil& spoil, const std::string& reason) {
    const TestPlanner planner(spoil);
    const Job job = RunWith(planner.target());
    EXPECT_EQ(job.state(), executor::v1::JOB_STATE_FAILED) << reason;
    EXPECT_THAT(job.reason(), HasSubstr(reason));
    EXPECT_FALSE(job.has_progress());
    EXPECT_THAT(States(events_), testing::Not(testing::Contains(executor::v1::JOB_STATE_RUNNING)));
    EXPECT_EQ(PlansFrom("remote"), 0);
    EXPECT_EQ(PlansFrom("embedded"), 0);
  }

  TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::vector<executor::v1::JobEvent> events_;
};

TEST_F(PlannerSourceTest, TheServiceIsAskedFirst) {
  const TestPlanner planner(Honest);
  const Job job = RunWith(planner.target());
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_THAT(Notes(events_), IsEmpty());
  EXPECT_GE(planner.calls(), 1);
  EXPECT_EQ(PlansFrom("remote"), 1);
  EXPECT_EQ(PlansFrom("embedded"), 0);
  const std::string digest = job.result().weights_sha256();
  EXPECT_EQ(RunWith("").result().weights_sha256(), digest) << "the embedded planner gives the same training";
}

TEST_F(PlannerSourceTest, TheServiceIsAskedForPlansWithStatesOnTheHost) {
  TestPlanner planner(Honest);
  const executor::v1::JobSpec spec = TinyOffload();
  const Job job = RunWith(planner.target(), spec);
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_THAT(Notes(events_), IsEmpty());
  EXPECT_EQ(planner.chains.calls, 1);
  EXPECT_GT(job.plan().host_bytes(), 0);
  EXPECT_EQ(job.progress().measured_host_peak_bytes(), job.plan().host_bytes());
  EXPECT_EQ(job.result().planned_host_peak_bytes(), job.plan().host_bytes());
  EXPECT_EQ(job.result().measured_host_peak_bytes(), job.plan().host_bytes());

  planner.chains.answer = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many plans");
  const Job embedded = RunWith(planner.target(), spec);
  EXPECT_THAT(Notes(events_), testing::ElementsAre(HasSubstr("RESOURCE_EXHAUSTED")));
  EXPECT_EQ(embedded.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_GT(embedded.plan().host_bytes(), 0);
  EXPECT_EQ(embedded.result().weights_sha256(), job.result().weights_sha256());
}

TEST_F(PlannerSourceTest, NobodyListens) {
  const Job job = RunWith("127.0.0.1:1");
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_THAT(Notes(events_), testing::ElementsAre(testing::AllOf(HasSubstr("planned by the embedded planner because"),
                                                                  HasSubstr("127.0.0.1:1"))));
  EXPECT_EQ(PlansFrom("remote"), 0);
  EXPECT_EQ(PlansFrom("embedded"), 1);
}

TEST_F(PlannerSourceTest, TheServiceIsOverloaded) {
  const TestPlanner planner([](const MakePlanRequest&, MakePlanResponse&) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many plans");
  });
  const Job job = RunWith(planner.target());
  EXPECT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_THAT(Notes(events_), testing::ElementsAre(HasSubstr("RESOURCE_EXHAUSTED")));
}

TEST_F(PlannerSourceTest, AServiceThatSleepsIsWaitedForOnce) {
  const TestPlanner planner([](const MakePlanRequest&, MakePlanResponse&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return grpc::Status::OK;
  });
  ExecutorDaemonOptions options;
  options.planner_target = planner.target();
  options.planner_timeout = std::chrono::milliseconds(50);
  daemon_ = StartDaemon(std::move(options));
  ExecutorClient client(daemon_->port());
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
  spec.set_link(0);  // several cuts of the sequence are planned
  const std::string id = client.Submit(spec).id();
  EXPECT_THAT(Notes(client.EventsToTheEnd(id)), testing::ElementsAre(HasSubstr("DEADLINE_EXCEEDED")));
  EXPECT_EQ(client.Get(id).plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_EQ(planner.calls(), 1);
}

TEST_F(PlannerSourceTest, AJobCanBeCancelledWhileTheServiceSleeps) {
  std::atomic<bool> asked{false};
  const TestPlanner planner([&](const MakePlanRequest&, MakePlanResponse&) {
    asked = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return grpc::Status::OK;
  });
  ExecutorDaemonOptions options;
  options.planner_target = planner.target();
  daemon_ = StartDaemon(std::move(options));
  ExecutorClient client(daemon_->port());
  const std::string id = client.Submit(EndlessSpec(folder_.text())).id();
  while (!asked) std::this_thread::yield();
  client.Cancel(id);
  EXPECT_EQ(client.WaitForEnd(id).state(), executor::v1::JOB_STATE_CANCELLED);
}

TEST_F(PlannerSourceTest, AScheduleThatIsNotWellFormed) {
  ExpectRefused(
      [](const MakePlanRequest&, MakePlanResponse& response) {
        response.mutable_schedule()->set_lengths(response.schedule().lengths_size() - 1, 999);
        return grpc::Status::OK;
      },
      "schedule");
}

TEST_F(PlannerSourceTest, NoScheduleAtAll) {
  ExpectRefused(
      [](const MakePlanRequest&, MakePlanResponse& response) {
        response.clear_schedule();
        return grpc::Status::OK;
      },
      "schedule");
}

TEST_F(PlannerSourceTest, AScheduleOfAShorterChain) {
  ExpectRefused(
      [](const MakePlanRequest& request, MakePlanResponse& response) {
        MakePlanRequest shorter = request;
        shorter.set_length(request.length() - 1);
        response = EncodePlan(*EmbeddedPlanner().MakePlan(*DecodeRequest(shorter), {}));
        return grpc::Status::OK;
      },
      "links");
}

TEST_F(PlannerSourceTest, AScheduleThatNeedsMoreThanTheBudget) {
  ExpectRefused(
      [](const MakePlanRequest& request, MakePlanResponse& response) {
        UseScheduleOf(Strategy::kStoreAll, kMaxBytes, request, response);
        return grpc::Status::OK;
      },
      "does not keep its promise");
}

TEST_F(PlannerSourceTest, AScheduleThatForwardsMoreThanItSays) {
  ExpectRefused(
      [](const MakePlanRequest& request, MakePlanResponse& response) {
        UseScheduleOf(Strategy::kAuto, 0, request, response);
        response.set_peak_bytes(0);
        return grpc::Status::OK;
      },
      "forwards");
}

TEST_F(PlannerSourceTest, AnotherStrategyThanAsked) {
  ExpectRefused(
      [](const MakePlanRequest&, MakePlanResponse& response) {
        response.set_strategy(planner::v1::STRATEGY_STORE_ALL);
        return grpc::Status::OK;
      },
      "strategy");
}

TEST_F(PlannerSourceTest, AnErrorThatIsNotAboutReachingItIsTheJobsEnd) {
  ExpectRefused(
      [](const MakePlanRequest&, MakePlanResponse&) { return grpc::Status(grpc::StatusCode::INTERNAL, "hm"); },
      "INTERNAL: ");
}

}  // namespace
}  // namespace recurve
