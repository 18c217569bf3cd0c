// SPDX-License-Identifier: Apache-2.0
//
// recurve-planner: the planner service.
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/grpc_server/daemon_log.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/failures.h"
#include "planner_service/service/admission_planner.h"
#include "planner_service/service/advisor_service.h"
#include "planner_service/service/caching_planner.h"
#include "planner_service/service/chain_service.h"
#include "planner_service/service/planner_flags.h"
#include "planner_service/service/planner_metrics.h"
#include "planner_service/service/planner_service.h"
#include "planner_service/service/schedule_service.h"
#include "planner_service/service/solve_gate.h"
#include "planner_service/service/warm_up.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

void LogStart(const PlannerFlags& flags, const Server& server) {
  spdlog::info("recurve-planner {} serves gRPC on {}, metrics {}; memo {}, {} solves at once, no TLS", RECURVE_VERSION,
               server.address(), server.metrics_address(), FormatBytes(flags.memo_bytes), flags.admission.max_solves);
}

int Fail(const absl::Status& status) {
  std::cerr << "recurve-planner: " << Printable(std::string(status.message())) << "\n";
  return 1;
}

int Serve(const PlannerFlags& flags) {
  absl::StatusOr<std::vector<PlanRequest>> first_plans = absl::NotFoundError("no file of plans to make first");
  if (!flags.warm_up.empty()) {
    first_plans = ReadWarmUp(flags.warm_up, TerminationRequested);
    if (absl::IsCancelled(first_plans.status())) return 0;
    if (!first_plans.ok()) return Fail(first_plans.status());
  }

  const auto registry = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics(*registry, RECURVE_VERSION);

  // A request goes through these from the last to the first.
  EmbeddedPlanner solver;
  SolveGate gate(flags.admission, metrics);
  AdmissionPlanner admission(solver, gate);
  CachingPlanner caching(admission, flags.memo_bytes, metrics);
  const CallRules rules{.deadline = flags.deadline, .metrics = metrics};
  PlannerService plans(caching, rules);
  ScheduleService schedules(caching, flags.streams, rules);
  EmbeddedAdvisor advisor;
  AdvisorService advice(advisor, gate, rules);
  EmbeddedChainPlanner chain_planner;
  ChainService chains(chain_planner, gate, rules);

  const absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(flags.server, {&plans, &schedules, &advice, &chains}, registry);
  if (!server.ok()) return Fail(server.status());
  LogStart(flags, **server);
  std::unique_ptr<WarmUp> warm_up;
  if (first_plans.ok()) {
    absl::StatusOr<std::unique_ptr<WarmUp>> started =
        WarmUp::Start(caching, *std::move(first_plans), [&server] { (*server)->SetServing(); });
    if (!started.ok()) return Fail(started.status());
    warm_up = *std::move(started);
  }
  const absl::StatusOr<int> signal = WaitForTermination(**server);
  spdlog::info("{}: draining, calls under way get {}",
               signal.ok() ? absl::StrCat("signal ", *signal) : std::string(signal.status().message()),
               FormatDuration(flags.server.drain_time));
  warm_up.reset();
  (*server)->Drain();
  return signal.ok() ? 0 : 1;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) try {
  recurve::QuietGrpcLog();
  recurve::TakeSignals();
  recurve::StartDaemonLog("recurve-planner");
  int exit_status = 0;
  const std::optional<recurve::PlannerFlags> flags = recurve::ParsePlannerFlags(argc, argv, exit_status);
  return flags ? recurve::Serve(*flags) : exit_status;
} catch (...) {
  return recurve::Fail(recurve::StatusOfException("the planner"));
}
