// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/check.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {
namespace {

constexpr double kLeastLinkSeconds = 1e-12;

}  // namespace

absl::Status CheckTakesBytes(Strategy strategy) {
  if (strategy != Strategy::kIsm && strategy != Strategy::kMsm) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", std::string(ToString(strategy)),
                                                 "; must be auto, store-all, chen or hsm: it counts in slots, and only "
                                                 "one budget or a curve of it is put in bytes"));
}

absl::Status CheckLinkTime(absl::string_view prefix, const LinkCosts& costs) {
  const double link = costs.taped_forward_seconds + costs.backward_seconds;
  if (link >= kLeastLinkSeconds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(prefix, "taped_forward_seconds and ", prefix, "backward_seconds are ",
                                                 link, " together; must be at least ", kLeastLinkSeconds,
                                                 ": slowdowns are relative to them"));
}

absl::Status CheckPlannedLinks(int64_t links) {
  if (links <= kMaxPlannedLinks) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("the request needs plans of at least ", links,
                                                   " links in total; the limit is ", kMaxPlannedLinks,
                                                   "; divide it into several requests"));
}

}  // namespace recurve
