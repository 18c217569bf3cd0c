// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/plan_check.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planner_service/planning/mixed_chain.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/schedule/recount.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr double kRounding = 1e-9;  // relative difference between sums of seconds in different orders

absl::Status Broken(absl::string_view why) { return absl::InternalError(absl::StrCat("the plan's schedule ", why)); }

absl::Status CheckShape(const Schedule& schedule, int64_t length) {
  if (absl::Status status = CheckWellFormed(schedule); !status.ok()) {
    return absl::InternalError(absl::StrCat("the plan's ", status.message()));
  }
  if (schedule.length() == length) return absl::OkStatus();
  return Broken(absl::StrCat("has ", schedule.length(), " links; the chain has ", length));
}

absl::Status CheckWithin(absl::string_view unit, int64_t peak, int64_t budget) {
  if (peak <= budget) return absl::OkStatus();
  return Broken(absl::StrCat("needs ", peak, " ", unit, "; the budget is ", budget));
}

// Whether the bytes of so many states and tapes, which exceed every budget, could overflow int64 while being summed.
bool Overflows(int64_t states, int64_t tapes, int64_t state_bytes, int64_t tape_bytes) {
  return SaturatingAdd(SaturatingMultiply(2 * states + tapes + 1, state_bytes),
                       SaturatingMultiply(tapes, tape_bytes)) >= kSaturated / 2;
}

// A claim of a plan and its recount.
struct Figure {
  const char* name;
  int64_t claimed;
  int64_t counted;
};

absl::Status CheckFigures(std::initializer_list<Figure> figures) {
  for (const Figure& figure : figures) {
    if (figure.claimed != figure.counted) {
      return absl::InternalError(absl::StrCat("the plan claims a ", figure.name, " of ", figure.claimed,
                                              "; its schedule has ", figure.counted));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ReplayResult> ReplayAll(const Schedule& schedule, const ReplayCosts& costs,
                                       const CancelCheck& cancelled) {
  absl::StatusOr<ReplayResult> counted = Replay(schedule, costs, kMaxActionsPerLink * schedule.length(), cancelled);
  if (counted.ok() || absl::IsCancelled(counted.status())) return counted;
  return Broken(absl::StrCat("cannot be executed: ", counted.status().message()));
}

}  // namespace

absl::StatusOr<ReplayResult> CountPlan(const PlanRequest& request, const Schedule& schedule) {
  RETURN_IF_ERROR(CheckShape(schedule, request.length));
  const bool uses_host = std::any_of(schedule.runs.begin(), schedule.runs.end(), [](const Run& run) {
    return run.kind == Run::Kind::kSplitHost || run.kind == Run::Kind::kFetch;
  });
  if (uses_host) return Broken("stores states on the host, which the request does not allow");
  if (const auto* slots = std::get_if<SlotBudget>(&request.budget)) {
    // A slot is one internal state for ism, one hidden state otherwise.
    const int64_t alpha = request.strategy == Strategy::kIsm ? 1 : slots->alpha;
    const ReplayResult counted = Recount(schedule, {.state_bytes = 1, .tape_bytes = alpha - 1});
    RETURN_IF_ERROR(CheckWithin("slots", counted.peak_paper_bytes, slots->slots));
    return counted;
  }
  const auto& bytes = std::get<ByteBudget>(request.budget);
  const ReplayResult pieces = Recount(schedule, {.state_bytes = 1, .tape_bytes = 0});
  if (Overflows(pieces.peak_states, pieces.peak_tapes, bytes.state_bytes, bytes.tape_bytes)) {
    return CheckWithin("bytes or more", kSaturated / 4, bytes.budget_bytes);
  }
  const ReplayResult counted = Recount(schedule, {.state_bytes = bytes.state_bytes, .tape_bytes = bytes.tape_bytes});
  RETURN_IF_ERROR(CheckWithin("bytes", counted.peak_bytes, bytes.budget_bytes));
  return counted;
}

absl::StatusOr<ReplayResult> CountPlan(const TwoLevelRequest& request, const Schedule& schedule,
                                       const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckShape(schedule, request.length));
  if (Overflows(request.length, request.length, request.state_bytes, request.tape_bytes)) {
    ASSIGN_OR_RETURN(const ReplayResult pieces,
                     ReplayAll(schedule, {.state_bytes = 1, .tape_bytes = 0, .start = request.start}, cancelled));
    if (Overflows(std::max(pieces.peak_states, pieces.host_peak_bytes), pieces.peak_tapes, request.state_bytes,
                  request.tape_bytes)) {
      return CheckWithin("bytes or more", kSaturated / 4, std::max(request.device.bytes, request.host.bytes));
    }
  }
  ASSIGN_OR_RETURN(
      ReplayResult counted,
      ReplayAll(schedule,
                {.state_bytes = request.state_bytes, .tape_bytes = request.tape_bytes, .start = request.start},
                cancelled));
  absl::Status status = CheckWithin("bytes on the device", counted.peak_bytes, request.device.bytes);
  status.Update(CheckWithin("bytes on the host", counted.host_peak_bytes, request.host.bytes));
  if (!status.ok()) return status;
  return counted;
}

absl::StatusOr<ReplayResult> CountPlan(const ChainRequest& request, const LinkSums& sums, const Schedule& schedule,
                                       const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckShape(schedule, sums.length()));
  ASSIGN_OR_RETURN(ReplayResult counted, ReplayAll(schedule, {.links = &sums}, cancelled));
  absl::Status status = CheckWithin("bytes", counted.peak_bytes, request.budget_bytes);
  status.Update(CheckWithin("bytes on the host", counted.host_peak_bytes, 0));
  if (!status.ok()) return status;
  return counted;
}

int64_t CostOf(const TwoLevelRequest& request, const ReplayResult& counted) {
  return request.length * (request.taped_forward_cost + request.backward_cost) +
         (counted.forward_count - request.length) * request.forward_cost +
         counted.device.writes * request.device.write_cost + counted.device.reads * request.device.read_cost +
         counted.host.writes * request.host.write_cost + counted.host.reads * request.host.read_cost;
}

absl::Status CheckPlan(const PlanRequest& request, const Plan& plan) {
  if (plan.strategy != request.strategy) {
    return absl::InternalError(absl::StrCat("the plan is of strategy ", std::string(ToString(plan.strategy)),
                                            "; requested was ", std::string(ToString(request.strategy))));
  }
  if (!plan.feasible) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ReplayResult counted, CountPlan(request, plan.schedule));
  if (request.costs) {
    const double seconds = PredictSeconds(counted.forward_count, request.length, *request.costs);
    const double claimed = plan.predicted_seconds.value_or(std::numeric_limits<double>::quiet_NaN());
    if (!(std::abs(claimed - seconds) <= kRounding * seconds)) {  // also rejects NaN
      return absl::InternalError(absl::StrCat("the plan predicts ", claimed, " seconds; its schedule takes ", seconds));
    }
  }
  const bool in_slots = std::holds_alternative<SlotBudget>(request.budget);
  return CheckFigures({{"forward_count", plan.forward_count, counted.forward_count},
                       {"peak_bytes", plan.peak_bytes, in_slots ? 0 : counted.peak_bytes},
                       {"peak_slots", plan.peak_slots, in_slots ? counted.peak_paper_bytes : 0}});
}

absl::Status CheckPlan(const TwoLevelRequest& request, const TwoLevelPlan& plan, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const ReplayResult counted, CountPlan(request, plan.schedule, cancelled));
  return CheckFigures({{"cost", plan.cost, CostOf(request, counted)},
                       {"forward_count", plan.forward_count, counted.forward_count},
                       {"device_peak_bytes", plan.device_peak_bytes, counted.peak_bytes},
                       {"host_peak_bytes", plan.host_peak_bytes, counted.host_peak_bytes},
                       {"device.writes", plan.device.writes, counted.device.writes},
                       {"device.reads", plan.device.reads, counted.device.reads},
                       {"host.writes", plan.host.writes, counted.host.writes},
                       {"host.reads", plan.host.reads, counted.host.reads}});
}

absl::Status CheckPlan(const ChainRequest& request, const ChainPlan& plan, const CancelCheck& cancelled) {
  const LinkSums sums = SumLinks(request.segments);
  ASSIGN_OR_RETURN(const ReplayResult counted, CountPlan(request, sums, plan.schedule, cancelled));
  return CheckFigures({{"cost", plan.cost, plan.store_all_cost + counted.forward_cost},
                       {"peak_bytes", plan.peak_bytes, counted.peak_bytes}});
}

}  // namespace recurve
