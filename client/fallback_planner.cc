// SPDX-License-Identifier: Apache-2.0
#include "client/fallback_planner.h"

#include <utility>

#include "absl/status/status.h"

namespace recurve {

bool IsUnreachable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

namespace {

class FallbackPlanner final : public Planner {
 public:
  FallbackPlanner(std::unique_ptr<Planner> preferred, std::unique_ptr<Planner> fallback,
                  std::function<void(const absl::Status&)> on_fallback)
      : preferred_(std::move(preferred)), fallback_(std::move(fallback)), on_fallback_(std::move(on_fallback)) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<Plan> plan = preferred_->MakePlan(request, cancelled);
    if (plan.ok() || !IsUnreachable(plan.status())) return plan;
    if (on_fallback_) on_fallback_(plan.status());
    return fallback_->MakePlan(request, cancelled);
  }

 private:
  const std::unique_ptr<Planner> preferred_;
  const std::unique_ptr<Planner> fallback_;
  const std::function<void(const absl::Status&)> on_fallback_;
};

}  // namespace

std::unique_ptr<Planner> MakeFallbackPlanner(std::unique_ptr<Planner> preferred, std::unique_ptr<Planner> fallback,
                                             std::function<void(const absl::Status&)> on_fallback) {
  return std::make_unique<FallbackPlanner>(std::move(preferred), std::move(fallback), std::move(on_fallback));
}

}  // namespace recurve
