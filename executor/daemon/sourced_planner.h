// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_SOURCED_PLANNER_H_
#define RECURVE_EXECUTOR_DAEMON_SOURCED_PLANNER_H_

#include <chrono>
#include <memory>
#include <string>

#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

// The planner of one job: the planner service if there is one, else the planner in this process. Remembers which of the
// two it was. Once the service gave no answer, the job does not wait for it again. Not thread-safe: of the thread that
// runs the job.
//
//   SourcedPlanner planner("127.0.0.1:7401", std::chrono::seconds(10));
//   auto job = TrainingJob::Prepare(spec, {planner, planner}, known_costs, {});
//   if (planner.source() == executor::v1::PLAN_SOURCE_EMBEDDED) Warn(planner.why_embedded());
class SourcedPlanner final : public Planner, public TwoLevelPlanner {
 public:
  // Empty `target`: no planner service.
  SourcedPlanner(const std::string& target, std::chrono::milliseconds timeout);

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;
  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override;

  // Embedded when any of the job's plans came from there.
  executor::v1::PlanSource source() const { return source_; }
  // Why the embedded planner was asked, as a sentence goes on after "because". Empty when it was not.
  const std::string& why_embedded() const { return why_embedded_; }

 private:
  void UseEmbedded(const absl::Status& why);

  executor::v1::PlanSource source_;
  std::string why_embedded_;
  EmbeddedPlanner embedded_;
  EmbeddedChainPlanner embedded_chains_;
  std::unique_ptr<Planner> remote_;  // falls back, and then uses the embedded one
  std::unique_ptr<ChainPlanner> remote_chains_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_SOURCED_PLANNER_H_
