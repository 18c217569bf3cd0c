// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_SOURCED_PLANNER_H_
#define RECURVE_EXECUTOR_DAEMON_SOURCED_PLANNER_H_

#include <chrono>
#include <memory>
#include <string>

#include "planner_service/planning/planner.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

// Asks the planner service if there is one, else the planner in this process, and remembers which of the two it was.
// Not thread-safe: of the one thread that runs jobs.
//
//   SourcedPlanner planner("127.0.0.1:7401", std::chrono::seconds(10));
//   planner.MakePlan(request, {});
//   if (planner.source() == executor::v1::PLAN_SOURCE_EMBEDDED) Warn(planner.why_embedded());
class SourcedPlanner final : public Planner {
 public:
  // Empty `target`: no planner service.
  SourcedPlanner(const std::string& target, std::chrono::milliseconds timeout);

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;

  // Of the last plan; unspecified before the first.
  executor::v1::PlanSource source() const { return source_; }
  // Why the embedded planner made the last plan, as a sentence goes on after "because". Empty when it did not.
  const std::string& why_embedded() const { return why_embedded_; }

 private:
  const std::string target_;
  executor::v1::PlanSource source_ = executor::v1::PLAN_SOURCE_UNSPECIFIED;
  std::string why_embedded_;
  std::unique_ptr<Planner> planner_;  // writes the two above when it falls back
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_SOURCED_PLANNER_H_
