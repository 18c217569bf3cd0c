// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/plan.h"

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

struct Named {
  Strategy strategy;
  std::string_view name;
};

constexpr Named kNames[] = {
    {Strategy::kAuto, "auto"}, {Strategy::kStoreAll, "store-all"},
    {Strategy::kChen, "chen"}, {Strategy::kHsm, "hsm"},
    {Strategy::kIsm, "ism"},   {Strategy::kMsm, "msm"},
};

}  // namespace

std::string_view ToString(Strategy strategy) {
  for (const Named& named : kNames) {
    if (named.strategy == strategy) return named.name;
  }
  return "unknown";
}

absl::StatusOr<Strategy> ParseStrategy(std::string_view name) {
  for (const Named& named : kNames) {
    if (named.name == name) return named.strategy;
  }
  return absl::InvalidArgumentError(absl::StrCat("strategy is '", absl::string_view(name.data(), name.size()),
                                                 "', must be auto, store-all, chen, hsm, ism or msm"));
}

double PredictSeconds(int64_t forward_count, int64_t length, const LinkCosts& costs) {
  return static_cast<double>(forward_count - length) * costs.forward_seconds +
         static_cast<double>(length) * (costs.taped_forward_seconds + costs.backward_seconds);
}

}  // namespace recurve
