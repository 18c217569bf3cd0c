// SPDX-License-Identifier: Apache-2.0
//
// recurve-planner: the planner service.
#include <prometheus/registry.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/access/access.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/grpc_server/daemon.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/admission_planner.h"
#include "planner_service/service/advisor_service.h"
#include "planner_service/service/caching_planner.h"
#include "planner_service/service/call_memory.h"
#include "planner_service/service/chain_service.h"
#include "planner_service/service/planner_flags.h"
#include "planner_service/service/planner_metrics.h"
#include "planner_service/service/planner_service.h"
#include "planner_service/service/schedule_service.h"
#include "planner_service/service/solve_gate.h"
#include "planner_service/service/warm_up.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

absl::StatusOr<int> Serve(const PlannerFlags& flags) {
  absl::StatusOr<std::vector<PlanRequest>> first_plans = absl::NotFoundError("no warm-up file");
  if (!flags.warm_up.empty()) {
    first_plans = ReadWarmUp(flags.warm_up, TerminationRequested);
    if (absl::IsCancelled(first_plans.status())) return 0;
    RETURN_IF_ERROR(first_plans.status());
  }

  const auto registry = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics(*registry, RECURVE_VERSION);

  // A request passes through these from the last to the first.
  EmbeddedPlanner solver;
  SolveGate gate(flags.admission, metrics);
  AdmissionPlanner admission(solver, gate);
  CachingPlanner caching(admission, flags.memo_bytes, metrics);
  ASSIGN_OR_RETURN(const std::unique_ptr<Access> access, OpenAccess(flags.server));
  CallMemory memory(flags.call_bytes, metrics);
  const CallRules rules{.deadline = flags.deadline, .metrics = metrics, .access = *access, .memory = &memory};
  PlannerService plans(caching, rules);
  ScheduleService schedules(caching, flags.streams, rules);
  EmbeddedAdvisor advisor;
  AdvisorService advice(advisor, gate, rules);
  EmbeddedChainPlanner chain_planner;
  ChainService chains(chain_planner, gate, rules);

  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                   Server::Start(flags.server, {&plans, &schedules, &advice, &chains}, registry, access.get()));
  LogServing("recurve-planner " RECURVE_VERSION, *server,
             absl::StrCat("memo ", FormatBytes(flags.memo_bytes), " of ", FormatBytes(flags.memory_limit), ", ",
                          flags.admission.max_solves, " concurrent solves"));
  std::unique_ptr<WarmUp> warm_up;
  if (first_plans.ok()) {
    ASSIGN_OR_RETURN(warm_up, WarmUp::Start(caching, *std::move(first_plans), [&server] { server->SetServing(); }));
  }
  const std::string what_follows =
      absl::StrCat("draining, calls in progress get ", FormatDuration(flags.server.drain_time));
  return ServeUntilSignal(*server, what_follows, flags.server.drain_time, [&] {
    warm_up.reset();
    server->Drain();
  });
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  return recurve::RunDaemon("planner", [&]() -> absl::StatusOr<int> {
    int exit_status = 0;
    const std::optional<recurve::PlannerFlags> flags = recurve::ParsePlannerFlags(argc, argv, exit_status);
    if (!flags) return exit_status;
    return recurve::Serve(*flags);
  });
}
