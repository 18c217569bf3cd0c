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
  explicit HintingPlanner(const ServiceOption& service)
      : remote_(MakeRemotePlanner({.target = service.target, .tls = service.tls})), service_(service) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<Plan> plan = remote_->MakePlan(request, cancelled);
    if (!plan.ok()) return WithoutPlannerHint(plan.status(), service_);
    return plan;
  }

 private:
  const std::unique_ptr<Planner> remote_;
  const ServiceOption service_;
};

}  // namespace

void AddPlannerOption(const Section& section, ServiceOption& planner) {
  AddService(section, "--planner", planner, "use this planner service instead of the planner in this process");
}

absl::Status WithoutPlannerHint(const absl::Status& status, const ServiceOption& service) {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  return absl::Status(status.code(), absl::StrCat("planner ", service.target, " does not answer (", status.message(),
                                                  "); without --planner, this process plans itself"));
}

std::unique_ptr<Planner> MakePlannerFor(const ServiceOption& service) {
  if (service.target.empty()) return std::make_unique<EmbeddedPlanner>();
  return std::make_unique<HintingPlanner>(service);
}

FallbackPlanner MakeJobPlanner(const ServiceOption& service, bool json) {
  return FallbackPlanner({.target = service.target, .tls = service.tls}, [json](const Fallback& fallback) {
    PrintNote(absl::StrCat("planned in this process because ", fallback.why), json);
  });
}

std::unique_ptr<ChainPlanner> MakeChainPlannerFor(const ServiceOption& service) {
  if (service.target.empty()) return std::make_unique<EmbeddedChainPlanner>();
  return MakeRemoteChainPlanner({.target = service.target, .tls = service.tls});
}

}  // namespace recurve
