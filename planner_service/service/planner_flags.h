// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_FLAGS_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_FLAGS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "planner_service/grpc_server/server.h"
#include "planner_service/service/schedule_service.h"
#include "planner_service/service/solve_gate.h"

namespace recurve {

// The command line of recurve-planner.
struct PlannerFlags {
  ServerOptions server;
  int64_t memory_limit = 0;  // of the process, which the memory below adds up to
  int64_t memo_bytes = 0;
  int64_t call_bytes = 0;  // decoded requests and their answers
  SolveLimits admission;
  StreamLimits streams;
  std::chrono::milliseconds deadline{10'000};  // for requests without one
  std::string warm_up;                         // file of plans to make first; empty: none
};

// Parses the command line. When the program must exit instead (--help, --version, an invalid flag), prints the output,
// sets `exit_status` and returns nullopt.
std::optional<PlannerFlags> ParsePlannerFlags(int argc, char** argv, int& exit_status);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_FLAGS_H_
