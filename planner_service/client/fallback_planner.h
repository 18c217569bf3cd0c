// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_FALLBACK_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_FALLBACK_PLANNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "planner_service/client/planner_call_options.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Why the planner service is not used.
enum class FallbackReason : uint8_t {
  kUnavailable,  // it cannot be reached
  kTimeout,      // it did not answer in time
  kOverloaded,   // it is overloaded
  kError,        // it answered with another error
  kBroken,       // its answer is not a valid plan for the request
  kWorse,        // its plan costs more than the one made in this process
};
inline constexpr FallbackReason kFallbackReasons[] = {FallbackReason::kUnavailable, FallbackReason::kTimeout,
                                                      FallbackReason::kOverloaded,  FallbackReason::kError,
                                                      FallbackReason::kBroken,      FallbackReason::kWorse};
std::string_view ToString(FallbackReason reason);  // "unavailable", "timeout", ...

struct Fallback {
  FallbackReason reason;
  std::string why;  // completes a sentence after "because"; may quote the service
};

// The planner of a job. Asks the planner service and the planner in this process, and uses the plan of the service
// unless it is broken or costs more. After the first answer that it cannot use, for whatever reason, it does not ask
// the service again. Errors are those of the planner in this process. Not thread-safe.
//
//   FallbackPlanner planner({.target = "127.0.0.1:7401"}, [](const Fallback& fallback) { Warn(fallback.why); });
//   auto job = TrainingJob::Prepare(spec, {planner, planner}, known_costs, {});
class FallbackPlanner final : public Planner, public ChainPlanner {
 public:
  // With an empty target, no service is used. `on_fallback` is called at most once.
  FallbackPlanner(const PlannerCallOptions& service, std::function<void(const Fallback&)> on_fallback);

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;
  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override;
  absl::StatusOr<ChainPlan> PlanChain(const ChainRequest& request, const CancelCheck& cancelled) override;

  // Whether all plans so far came from the service.
  bool uses_service() const { return uses_service_; }

 private:
  template <typename AnyPlan>
  absl::StatusOr<AnyPlan> Choose(absl::StatusOr<AnyPlan> own, const std::function<absl::StatusOr<AnyPlan>()>& ask);
  void FallBack(const Fallback& fallback);

  const std::string target_;
  const std::function<void(const Fallback&)> on_fallback_;
  bool uses_service_;
  EmbeddedPlanner embedded_;
  EmbeddedChainPlanner embedded_chains_;
  std::unique_ptr<Planner> service_;
  std::unique_ptr<ChainPlanner> service_chains_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_FALLBACK_PLANNER_H_
