// SPDX-License-Identifier: Apache-2.0
//
// A planner service on a real socket that makes correct plans and then corrupts them, and the ways in which it can.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_CLIENT_SPOILING_PLANNER_H_
#define RECURVE_TESTS_PLANNER_SERVICE_CLIENT_SPOILING_PLANNER_H_

#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "planner_service/client/fallback_planner.h"
#include "planner_service/codec/chain_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/mutex.h"
#include "recurve/planner/v1/chain.grpc.pb.h"
#include "recurve/planner/v1/planner.grpc.pb.h"

namespace recurve {

// A change to a correct answer, and the status of the call.
struct Spoil {
  std::function<grpc::Status(const planner::v1::MakePlanRequest&, planner::v1::MakePlanResponse&)> plan =
      [](const auto&, auto&) { return grpc::Status::OK; };
  std::function<grpc::Status(const planner::v1::PlanTwoLevelRequest&, planner::v1::PlanTwoLevelResponse&)> two_level =
      [](const auto&, auto&) { return grpc::Status::OK; };
};

class SpoilingPlanner final : public planner::v1::PlannerService::Service, public planner::v1::ChainService::Service {
 public:
  explicit SpoilingPlanner(Spoil spoil = {},
                           std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials(),
                           const std::string& listen = "127.0.0.1:0")
      : spoil_(std::move(spoil)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(listen, std::move(credentials), &port_);
    builder.RegisterService(static_cast<planner::v1::PlannerService::Service*>(this));
    builder.RegisterService(static_cast<planner::v1::ChainService::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~SpoilingPlanner() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  int plan_calls() const { return plan_calls_; }
  int two_level_calls() const { return two_level_calls_; }
  void SpoilBy(Spoil spoil) {
    const MutexLock lock(mutex_);
    spoil_ = std::move(spoil);
  }

  grpc::Status MakePlan(grpc::ServerContext*, const planner::v1::MakePlanRequest* request,
                        planner::v1::MakePlanResponse* response) override {
    ++plan_calls_;
    const absl::StatusOr<PlanRequest> decoded = DecodeRequest(*request);
    if (!decoded.ok()) return ToGrpcStatus(decoded.status());
    const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(*decoded, {});
    if (!plan.ok()) return ToGrpcStatus(plan.status());
    *response = EncodePlan(*plan);
    return TheSpoil().plan(*request, *response);
  }

  grpc::Status PlanTwoLevel(grpc::ServerContext*, const planner::v1::PlanTwoLevelRequest* request,
                            planner::v1::PlanTwoLevelResponse* response) override {
    ++two_level_calls_;
    const absl::StatusOr<TwoLevelRequest> decoded = DecodeRequest(*request);
    if (!decoded.ok()) return ToGrpcStatus(decoded.status());
    const absl::StatusOr<TwoLevelPlan> plan = EmbeddedChainPlanner().PlanTwoLevel(*decoded, {});
    if (!plan.ok()) return ToGrpcStatus(plan.status());
    *response = EncodePlan(*plan);
    return TheSpoil().two_level(*request, *response);
  }

 private:
  Spoil TheSpoil() const {
    const MutexLock lock(mutex_);
    return spoil_;
  }

  mutable Mutex mutex_;
  Spoil spoil_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int> plan_calls_{0};
  std::atomic<int> two_level_calls_{0};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// A corruption and the expected reason.
struct Lie {
  std::string name;
  FallbackReason reason;
  Spoil spoil;
};

// A plan of the same chain with unlimited memory, or none.
inline planner::v1::MakePlanResponse PlanIn(int64_t budget_bytes, const planner::v1::MakePlanRequest& request) {
  PlanRequest other = *DecodeRequest(request);
  std::get<ByteBudget>(other.budget).budget_bytes = budget_bytes;
  return EncodePlan(*EmbeddedPlanner().MakePlan(other, {}));
}

inline std::vector<Lie> Lies() {
  using Request = planner::v1::MakePlanRequest;
  using Response = planner::v1::MakePlanResponse;
  std::vector<Lie> lies;
  const auto add = [&](const std::string& name, FallbackReason reason,
                       std::function<void(const Request&, Response&)> lie) {
    lies.push_back({name, reason, {.plan = [lie = std::move(lie)](const Request& request, Response& response) {
                      lie(request, response);
                      return grpc::Status::OK;
                    }}});
  };
  const auto broken = [&](const std::string& name, std::function<void(const Request&, Response&)> lie) {
    add(name, FallbackReason::kBroken, std::move(lie));
  };
  broken("no schedule", [](const Request&, Response& plan) { plan.clear_schedule(); });
  broken("an empty answer", [](const Request&, Response& plan) { plan.Clear(); });
  broken("a schedule that is not well formed", [](const Request&, Response& plan) {
    plan.mutable_schedule()->set_lengths(plan.schedule().lengths_size() - 1, 999);
  });
  broken("a run of a kind that there is not", [](const Request&, Response& plan) {
    plan.mutable_schedule()->set_kinds(0, static_cast<schedule::v1::RunKind>(77));
  });
  broken("a schedule of a shorter chain", [](const Request& request, Response& plan) {
    Request shorter = request;
    shorter.set_length(request.length() - 1);
    plan = PlanIn(request.bytes().budget_bytes(), shorter);
  });
  broken("a schedule that needs more than the budget", [](const Request& request, Response& plan) {
    *plan.mutable_schedule() = PlanIn(kMaxBytes, request).schedule();
  });
  broken("all of a plan that needs more than the budget",
         [](const Request& request, Response& plan) { plan = PlanIn(kMaxBytes, request); });
  broken("a schedule that forwards more than it says", [](const Request& request, Response& plan) {
    *plan.mutable_schedule() = PlanIn(0, request).schedule();
    plan.set_peak_bytes(0);
  });
  broken("a smaller count than its schedule has", [](const Request&, Response& plan) {
    plan.set_forward_count(plan.forward_count() - 1);
    plan.set_forward_count_lower_bound(0);
  });
  broken("a smaller peak than its schedule has",
         [](const Request&, Response& plan) { plan.set_peak_bytes(plan.peak_bytes() - 1); });
  broken("a larger peak than its schedule has",
         [](const Request&, Response& plan) { plan.set_peak_bytes(plan.peak_bytes() + 1); });
  broken("a count below 0", [](const Request&, Response& plan) { plan.set_forward_count(-1); });
  broken("bounds the wrong way round",
         [](const Request&, Response& plan) { plan.set_forward_count_upper_bound(plan.forward_count() - 1); });
  broken("another strategy",
         [](const Request&, Response& plan) { plan.set_strategy(planner::v1::STRATEGY_STORE_ALL); });
  broken("a strategy that there is not",
         [](const Request&, Response& plan) { plan.set_strategy(static_cast<planner::v1::Strategy>(99)); });
  broken("seconds that are no number",
         [](const Request&, Response& plan) { plan.set_predicted_seconds(std::numeric_limits<double>::quiet_NaN()); });
  broken("a state on the host", [](const Request& request, Response& plan) {
    const absl::StatusOr<TwoLevelPlan> host =
        EmbeddedChainPlanner().PlanTwoLevel({.length = request.length(), .forward_cost = 1, .host = {.bytes = 2}}, {});
    *plan.mutable_schedule() = EncodeSchedule(host->schedule);
  });
  broken("not feasible", [](const Request& request, Response& plan) {
    plan.Clear();
    plan.set_strategy(request.strategy());
    plan.set_smallest_feasible_budget(1 << 30);
  });
  add("a plan that is right and costs more than need be", FallbackReason::kWorse,
      [](const Request& request, Response& plan) { plan = PlanIn(0, request); });
  const std::pair<grpc::StatusCode, FallbackReason> errors[] = {
      {grpc::StatusCode::UNKNOWN, FallbackReason::kError},
      {grpc::StatusCode::INVALID_ARGUMENT, FallbackReason::kError},
      {grpc::StatusCode::NOT_FOUND, FallbackReason::kError},
      {grpc::StatusCode::ALREADY_EXISTS, FallbackReason::kError},
      {grpc::StatusCode::PERMISSION_DENIED, FallbackReason::kError},
      {grpc::StatusCode::FAILED_PRECONDITION, FallbackReason::kError},
      {grpc::StatusCode::ABORTED, FallbackReason::kError},
      {grpc::StatusCode::OUT_OF_RANGE, FallbackReason::kError},
      {grpc::StatusCode::UNIMPLEMENTED, FallbackReason::kError},
      {grpc::StatusCode::INTERNAL, FallbackReason::kError},
      {grpc::StatusCode::UNAUTHENTICATED, FallbackReason::kError},
      {grpc::StatusCode::DATA_LOSS, FallbackReason::kBroken},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, FallbackReason::kOverloaded},
      {grpc::StatusCode::DEADLINE_EXCEEDED, FallbackReason::kTimeout},
      {grpc::StatusCode::UNAVAILABLE, FallbackReason::kUnavailable},
      {grpc::StatusCode::CANCELLED, FallbackReason::kUnavailable},
  };
  for (const auto& [code, reason] : errors) {
    const grpc::Status status(code, "not today");
    lies.push_back({"status " + std::to_string(code),
                    reason,
                    {.plan = [status](const Request&, Response&) { return status; },
                     .two_level = [status](const auto&, auto&) { return status; }}});
  }
  return lies;
}

// Lies() for plans with states on the host.
inline std::vector<Lie> TwoLevelLies() {
  using Request = planner::v1::PlanTwoLevelRequest;
  using Response = planner::v1::PlanTwoLevelResponse;
  std::vector<Lie> lies;
  const auto add = [&](const std::string& name, FallbackReason reason,
                       std::function<void(const Request&, Response&)> lie) {
    lies.push_back({name, reason, {.two_level = [lie = std::move(lie)](const Request& request, Response& response) {
                      lie(request, response);
                      return grpc::Status::OK;
                    }}});
  };
  const auto plan_in = [](int64_t device, int64_t host, const Request& request) {
    TwoLevelRequest other = *DecodeRequest(request);
    other.device.bytes = device;
    other.host.bytes = host;
    return EncodePlan(*EmbeddedChainPlanner().PlanTwoLevel(other, {}));
  };
  add("no schedule", FallbackReason::kBroken, [](const Request&, Response& plan) { plan.clear_schedule(); });
  add("a lower cost than its schedule has", FallbackReason::kBroken, [](const Request&, Response& plan) {
    plan.set_cost(plan.cost() - 1);
    plan.set_store_all_cost(0);
  });
  add("other counts than its schedule has", FallbackReason::kBroken,
      [](const Request&, Response& plan) { plan.set_forward_count(plan.forward_count() + 1); });
  add("fewer writes than its schedule has", FallbackReason::kBroken,
      [](const Request&, Response& plan) { plan.mutable_host()->set_writes(plan.host().writes() + 1); });
  add("more on the host than there is", FallbackReason::kBroken, [plan_in](const Request& request, Response& plan) {
    plan = plan_in(request.device().bytes(), request.host().bytes() + request.state_bytes(), request);
  });
  add("more on the device than there is", FallbackReason::kBroken, [plan_in](const Request& request, Response& plan) {
    plan = plan_in(request.device().bytes() + (int64_t{1} << 30), request.host().bytes(), request);
  });
  add("a plan that is right and costs more than need be", FallbackReason::kWorse,
      [plan_in](const Request& request, Response& plan) { plan = plan_in(0, 0, request); });
  return lies;
}

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_CLIENT_SPOILING_PLANNER_H_
