// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_WARM_UP_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_WARM_UP_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// The requests in a file: each line is a recurve.planner.v1.MakePlanRequest in protobuf's JSON, as grpcurl takes it;
// empty lines and those that begin with # are skipped. `path` may be a pipe; `cancelled` is asked while nothing comes,
// and ends the reading with CANCELLED. INVALID_ARGUMENT names the file, the line and what is wrong with it; also when
// there are more than 100,000 lines or 64 MiB. NOT_FOUND when the file cannot be read.
//
//   {"length": 1000, "bytes": {"state_bytes": 524288, "tape_bytes": 1048576, "budget_bytes": 15728640}}
absl::StatusOr<std::vector<PlanRequest>> ReadWarmUp(const std::string& path, const CancelCheck& cancelled);

// Asks a planner, in a thread of its own, one after the other for plans that are to be remembered before anybody wants
// them; then calls `done`, once. What fails is logged. Refers to the planner, which must outlive it.
class WarmUp {
 public:
  // RESOURCE_EXHAUSTED when the system gives no thread.
  static absl::StatusOr<std::unique_ptr<WarmUp>> Start(Planner& planner, std::vector<PlanRequest> requests,
                                                       std::function<void()> done);
  // Stops after the plan that is being made, which is cancelled; `done` may then never be called.
  ~WarmUp();

 private:
  WarmUp() = default;
  void MakePlans(Planner& planner, const std::vector<PlanRequest>& requests, const std::function<void()>& done);

  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_WARM_UP_H_
