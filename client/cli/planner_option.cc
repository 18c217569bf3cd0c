// SPDX-License-Identifier: Apache-2.0
#include "client/cli/planner_option.h"

#include "absl/strings/str_cat.h"
#include "client/cli/training_display.h"
#include "planner_service/client/remote_chain_planner.h"
#include "planner_service/client/remote_planner.h"

namespace recurve {
namespace {

// Adds a hint to plan without the service if it does not answer.
class HintingPlanner final : public Planner {
 public:
  HintingPlanner(std::unique_ptr<Planner> remote, std::string target)
      : remote_(std::move(remote)), target_(std::move(target)) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<Plan> plan = remote_->MakePlan(request, cancelled);
    if (!plan.ok()) return WithoutPlannerHint(plan.status(), target_);
    return plan;
  }

 private:
  const std::unique_ptr<Planner> remote_;
  const std::string target_;
};

}  // namespace

void AddPlannerOption(const Section& section, std::string& target) {
  AddTarget(section, "--planner", target, "use this planner service instead of the planner in this process");
}

absl::Status WithoutPlannerHint(const absl::Status& status, const std::string& target) {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  return absl::Status(status.code(), absl::StrCat("planner ", target, " does not answer (", status.message(),
                                                  "); without --planner, this process plans itself"));
}

std::unique_ptr<Planner> MakePlannerFor(const std::string& target) {
  if (target.empty()) return std::make_unique<EmbeddedPlanner>();
  return std::make_unique<HintingPlanner>(MakeRemotePlanner({.target = target}), target);
}

FallbackPlanner MakeJobPlanner(const std::string& target, bool json) {
  return FallbackPlanner({.target = target}, [json](const Fallback& fallback) {
    PrintNote(absl::StrCat("planned in this process because ", fallback.why), json);
  });
}

std::unique_ptr<ChainPlanner> MakeChainPlannerFor(const std::string& target) {
  if (target.empty()) return std::make_unique<EmbeddedChainPlanner>();
  return MakeRemoteChainPlanner({.target = target});
}

}  // namespace recurve
