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

// Reads the requests in a file: each line is a recurve.planner.v1.MakePlanRequest in protobuf's JSON, as for grpcurl;
// empty lines and those that begin with # are skipped. `path` may be a pipe; CANCELLED when `cancelled`, which is
// polled while waiting, returns true. INVALID_ARGUMENT names the file, the line and the problem, or the limit, 100,000
// lines and 64 MiB. NOT_FOUND when the file cannot be read.
//
//   {"length": 1000, "bytes": {"state_bytes": 524288, "tape_bytes": 1048576, "budget_bytes": 15728640}}
absl::StatusOr<std::vector<PlanRequest>> ReadWarmUp(const std::string& path, const CancelCheck& cancelled);

// Requests plans from a planner one by one, in its own thread, so that they are cached before clients need them; then
// calls `done` once. Failures are logged. The planner must outlive it.
class WarmUp {
 public:
  // RESOURCE_EXHAUSTED when no thread can be started.
  static absl::StatusOr<std::unique_ptr<WarmUp>> Start(Planner& planner, std::vector<PlanRequest> requests,
                                                       std::function<void()> done);
  // Cancels the current plan and stops; `done` may then never be called.
  ~WarmUp();

 private:
  WarmUp() = default;
  void MakePlans(Planner& planner, const std::vector<PlanRequest>& requests, const std::function<void()>& done);

  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_WARM_UP_H_
