// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/check.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {
namespace {

constexpr double kLeastLinkSeconds = 1e-12;

absl::Status CheckSeconds(const char* field, double value) {
  if (value >= 0 && value <= kMaxLinkSeconds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", must be 0..", kMaxLinkSeconds));
}

}  // namespace

absl::Status CheckRate(const char* field, double rate) {
  if (rate >= 0 && rate < 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", rate, ", must be in [0, 1)"));
}

absl::Status CheckBudget(const char* field, int64_t bytes) { return CheckRange(field, bytes, 0, kMaxBytes); }

absl::Status CheckSlowdown(double max_slowdown) {
  if (std::isfinite(max_slowdown) && max_slowdown >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("max_slowdown is ", max_slowdown, ", must be finite and at least 1"));
}

absl::Status CheckTakesBytes(Strategy strategy) {
  if (strategy != Strategy::kIsm && strategy != Strategy::kMsm) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", std::string(ToString(strategy)),
                                                 ", must be auto, store-all, chen or hsm: it counts memory in slots; "
                                                 "only a single budget or a curve is converted to bytes"));
}

absl::Status CheckCosts(const LinkCosts& costs) {
  for (const absl::Status& status : {CheckSeconds("forward_seconds", costs.forward_seconds),
                                     CheckSeconds("taped_forward_seconds", costs.taped_forward_seconds),
                                     CheckSeconds("backward_seconds", costs.backward_seconds)}) {
    if (!status.ok()) return status;
  }
  const double link = costs.taped_forward_seconds + costs.backward_seconds;
  if (link >= kLeastLinkSeconds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("taped_forward_seconds and backward_seconds are ", link,
                                                 " together, must be at least ", kLeastLinkSeconds,
                                                 ": slowdowns are relative to them"));
}

absl::Status CheckPlannedLinks(int64_t links) {
  if (links <= kMaxPlannedLinks) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("the request needs plans of at least ", links,
                                                   " links in total; the limit is ", kMaxPlannedLinks,
                                                   "; divide it into several requests"));
}

}  // namespace recurve
