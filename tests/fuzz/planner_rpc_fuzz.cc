// SPDX-License-Identifier: Apache-2.0
//
// Every method of the planner's services, on a server as recurve-planner assembles it, with small limits. The input is
// a RpcScript.
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include "planner_service/capacity/advisor.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/admission_planner.h"
#include "planner_service/service/advisor_service.h"
#include "planner_service/service/caching_planner.h"
#include "planner_service/service/chain_service.h"
#include "planner_service/service/planner_metrics.h"
#include "planner_service/service/planner_service.h"
#include "planner_service/service/schedule_service.h"
#include "planner_service/service/solve_gate.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/rpc_fuzzer.h"

namespace recurve {
namespace {

const RpcMethods& Methods() {
  static const auto& methods = *new RpcMethods(
      MethodsOf({planner::v1::PlannerService::service_full_name(), planner::v1::AdvisorService::service_full_name(),
                 planner::v1::ChainService::service_full_name(), planner::v1::ScheduleService::service_full_name()}));
  return methods;
}

class Planners {
 public:
  Planners() {
    spdlog::set_level(spdlog::level::off);
    ServerOptions options{.program = "recurve-planner/fuzz", .metrics_listen = ""};
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(options, {&plans_, &schedules_, &advice_, &chains_}, registry_);
    FuzzCheck(server.ok(), server.status().ToString().c_str());
    server_ = *std::move(server);
    fuzzer_.emplace(Methods(), server_->address());
  }

  RpcFuzzer& fuzzer() { return *fuzzer_; }

 private:
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics_{*registry_, "fuzz"};
  EmbeddedPlanner solver_;
  SolveGate gate_{{.max_solves = 1, .max_waiting = 2, .longest_solve = std::chrono::milliseconds(300)}, metrics_};
  AdmissionPlanner admission_{solver_, gate_};
  CachingPlanner caching_{admission_, 1 << 20, metrics_};
  const Access access_;
  const CallRules rules_{.deadline = std::chrono::seconds(10), .metrics = metrics_, .access = access_};
  PlannerService plans_{caching_, rules_};
  ScheduleService schedules_{caching_, {.max_streams = 2, .stream_time = std::chrono::minutes(2)}, rules_};
  EmbeddedAdvisor advisor_;
  AdvisorService advice_{advisor_, gate_, rules_};
  EmbeddedChainPlanner chain_planner_;
  ChainService chains_{chain_planner_, gate_, rules_};
  std::unique_ptr<Server> server_;
  std::optional<RpcFuzzer> fuzzer_;
};

}  // namespace
}  // namespace recurve

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  return recurve::MutateScript(recurve::Methods(), data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* other,
                                            size_t other_size, uint8_t* out, size_t max_size, unsigned int /*seed*/) {
  return recurve::CrossScripts(one, one_size, other, other_size, out, max_size);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static recurve::Planners planners;
  recurve::fuzz::RpcScript script;
  if (script.ParseFromArray(data, static_cast<int>(size))) planners.fuzzer().Run(script);
  return 0;
}
