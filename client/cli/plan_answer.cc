// SPDX-License-Identifier: Apache-2.0
#include "client/cli/plan_answer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text_table.h"
#include "client/pictures/plan_figures.h"
#include "planner_service/planning/slot_search.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr Strategy kAllStrategies[] = {Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm,
                                       Strategy::kIsm,      Strategy::kMsm,  Strategy::kAuto};

int64_t SlotBytes(Strategy strategy, const ByteBudget& bytes) {
  return strategy == Strategy::kIsm ? bytes.state_bytes + bytes.tape_bytes : bytes.state_bytes;
}

// A budget in slots as bytes, where a hidden state is one byte. A budget in bytes excludes the start state.
ByteBudget InBytes(const std::variant<ByteBudget, SlotBudget>& budget) {
  if (const auto* bytes = std::get_if<ByteBudget>(&budget)) return *bytes;
  const auto& slots = std::get<SlotBudget>(budget);
  return {.state_bytes = 1, .tape_bytes = slots.alpha - 1, .budget_bytes = slots.slots - 1};
}

bool InSlots(const PlanAnswer& answer) { return std::holds_alternative<SlotBudget>(answer.request.budget); }

std::string BudgetText(const PlanAnswer& answer, int64_t budget) {
  return InSlots(answer) ? CountText(budget) + " slots" : FormatBytesRounded(budget);
}

int64_t PeakOf(const PlanAnswer& answer) { return InSlots(answer) ? answer.plan.peak_slots : answer.plan.peak_bytes; }

double RatioOf(const PlanAnswer& answer) {
  return static_cast<double>(answer.plan.forward_count) / static_cast<double>(answer.request.length);
}

std::string PeakText(const PlanAnswer& answer) {
  std::string text = BudgetText(answer, PeakOf(answer));
  if (InSlots(answer)) return text + ", including the start state";
  const auto& bytes = std::get<ByteBudget>(answer.request.budget);
  const double store_all = StoreAllSize(answer.request.length, bytes.state_bytes, bytes.tape_bytes);
  if (store_all > 0) {
    absl::StrAppend(&text, ", ", PercentText(static_cast<double>(answer.plan.peak_bytes), store_all),
                    " of store-all's");
  }
  return text;
}

std::string SecondsLine(const PlanAnswer& answer) {
  const double store_all = PredictSeconds(answer.request.length, answer.request.length, *answer.request.costs);
  std::string text = SecondsText(*answer.plan.predicted_seconds);
  if (store_all > 0) {
    absl::StrAppend(&text, absl::StrFormat(", %.2f times store-all's", *answer.plan.predicted_seconds / store_all));
  }
  return text;
}

// Plans `answer.request`, for a strategy that takes slots; false if the table would be too large. A budget in bytes is
// converted to the most slots that stay within it.
absl::StatusOr<bool> PlanInSlots(const PlanRequest& request, Planner& planner, const CancelCheck& cancelled,
                                 PlanAnswer& answer) {
  if (const auto* slots = std::get_if<SlotBudget>(&request.budget)) {
    if (answer.request.strategy == Strategy::kIsm) {
      answer.request.budget = SlotBudget{.slots = 1 + (slots->slots - 1) / slots->alpha, .alpha = slots->alpha};
    }
    if (!CheckRequest(answer.request).ok()) return false;
    ASSIGN_OR_RETURN(answer.plan, planner.MakePlan(answer.request, cancelled));
    return true;
  }
  const auto& bytes = std::get<ByteBudget>(request.budget);
  answer.request.budget = SlotSearch::MostSlots(request.length, answer.request.strategy, bytes);
  if (!CheckRequest(answer.request).ok()) return false;
  const SlotSearch::Solve solve = [&planner](const PlanRequest& in_slots, const CancelCheck& check) {
    return planner.MakePlan(in_slots, check);
  };
  ASSIGN_OR_RETURN(
      SlotSearch::Found found,
      SlotSearch(request.length, answer.request.strategy, bytes, solve).MostWithin(bytes.budget_bytes, cancelled));
  answer.request.budget = found.budget;
  answer.plan = std::move(found.plan);
  if (request.costs) {
    answer.plan.predicted_seconds = PredictSeconds(answer.plan.forward_count, request.length, *request.costs);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<PlanAnswer>> CompareStrategies(const PlanRequest& request, Planner& planner,
                                                          const CancelCheck& cancelled) {
  std::vector<PlanAnswer> answers;
  const ByteBudget bytes = InBytes(request.budget);
  for (const Strategy strategy : kAllStrategies) {
    PlanAnswer answer{.request = request, .slot_bytes = SlotBytes(strategy, bytes)};
    answer.request.strategy = strategy;
    const bool takes_slots = strategy == Strategy::kIsm || strategy == Strategy::kMsm;
    if (takes_slots) {
      if (request.length > kMaxSlotLinks) continue;
      ASSIGN_OR_RETURN(const bool planned, PlanInSlots(request, planner, cancelled, answer));
      if (planned) answers.push_back(std::move(answer));
      continue;
    }
    if (strategy != Strategy::kHsm) answer.request.budget = bytes;
    ASSIGN_OR_RETURN(answer.plan, planner.MakePlan(answer.request, cancelled));
    answers.push_back(std::move(answer));
  }
  return answers;
}

Json PlanJson(const PlanAnswer& answer) {
  const Plan& plan = answer.plan;
  Json json = {{"feasible", plan.feasible},
               {"strategy", std::string(ToString(answer.request.strategy))},
               {"length", answer.request.length}};
  if (const auto* bytes = std::get_if<ByteBudget>(&answer.request.budget)) {
    json["state_bytes"] = bytes->state_bytes;
    json["tape_bytes"] = bytes->tape_bytes;
    json["budget_bytes"] = bytes->budget_bytes;
  } else {
    const auto& slots = std::get<SlotBudget>(answer.request.budget);
    json["slots"] = slots.slots;
    json["alpha"] = slots.alpha;
  }
  const char* peak = InSlots(answer) ? "peak_slots" : "peak_bytes";
  json["smallest_feasible_budget"] = plan.smallest_feasible_budget;
  for (const char* key :
       {"forward_count", "recompute_ratio", "forward_count_lower_bound", "forward_count_upper_bound"}) {
    json[key] = nullptr;
  }
  json[peak] = nullptr;
  if (!plan.feasible) return json;
  json["forward_count"] = plan.forward_count;
  json["recompute_ratio"] = RatioOf(answer);
  json["forward_count_lower_bound"] = plan.forward_count_lower_bound;
  json["forward_count_upper_bound"] = plan.forward_count_upper_bound;
  json[peak] = PeakOf(answer);
  if (InSlots(answer) && plan.peak_bytes > 0) json["peak_bytes"] = plan.peak_bytes;
  if (plan.predicted_seconds) json["predicted_seconds"] = *plan.predicted_seconds;
  return json;
}

std::string PlanText(const PlanAnswer& answer) {
  const Plan& plan = answer.plan;
  const auto* bytes = std::get_if<ByteBudget>(&answer.request.budget);
  std::string text =
      absl::StrCat(std::string(ToString(answer.request.strategy)), " for ", Counted(answer.request.length, "link"));
  if (bytes != nullptr) {
    absl::StrAppend(&text, " of ", FormatBytesRounded(bytes->state_bytes), " state and ",
                    FormatBytesRounded(bytes->tape_bytes), " tape, in ", FormatBytesRounded(bytes->budget_bytes), "\n");
  } else {
    absl::StrAppend(&text, " in ", BudgetText(answer, std::get<SlotBudget>(answer.request.budget).slots), "\n");
  }
  absl::StrAppend(&text, "  forwards     ", CountText(plan.forward_count),
                  absl::StrFormat(" (%.3f per link); ", RatioOf(answer)), "bounds ",
                  CountText(plan.forward_count_lower_bound), " to ", CountText(plan.forward_count_upper_bound), "\n");
  absl::StrAppend(&text, "  peak         ", PeakText(answer), "\n");
  absl::StrAppend(&text, "  minimum      ", BudgetText(answer, plan.smallest_feasible_budget),
                  " is the smallest feasible budget\n");
  if (plan.predicted_seconds) absl::StrAppend(&text, "  predicted    ", SecondsLine(answer), "\n");
  return text;
}

std::string ComparisonText(const PlanRequest& request, const std::vector<PlanAnswer>& answers) {
  const bool in_slots = std::holds_alternative<SlotBudget>(request.budget);
  const auto size = [in_slots](const PlanAnswer& answer, int64_t budget) {
    const int64_t bytes = InSlots(answer) ? (budget - 1) * answer.slot_bytes : budget;
    return in_slots ? Counted(bytes + 1, "state") : FormatBytesRounded(bytes);
  };
  const auto peak = [&](const PlanAnswer& answer) {
    return in_slots ? size(answer, PeakOf(answer)) : FormatBytesRounded(answer.plan.peak_bytes);
  };
  const bool seconds = request.costs.has_value();
  std::vector<std::vector<std::string>> rows = {{"strategy", "forwards", "per link", "peak", "smallest budget"}};
  if (seconds) rows.front().push_back("predicted");
  for (const PlanAnswer& answer : answers) {
    const Plan& plan = answer.plan;
    std::vector<std::string> row = {std::string(ToString(answer.request.strategy))};
    if (plan.feasible) {
      row.insert(row.end(), {CountText(plan.forward_count), absl::StrFormat("%.3f", RatioOf(answer)), peak(answer)});
    } else {
      row.insert(row.end(), {"too small", "-", "-"});
    }
    row.push_back(size(answer, plan.smallest_feasible_budget));
    if (seconds) row.push_back(plan.predicted_seconds ? SecondsText(*plan.predicted_seconds) : "-");
    rows.push_back(std::move(row));
  }
  return TextTable(rows);
}

std::string InfeasibleText(const PlanAnswer& answer) {
  const auto* bytes = std::get_if<ByteBudget>(&answer.request.budget);
  const std::string prefix = absl::StrCat(std::string(ToString(answer.request.strategy)), " cannot do ",
                                          Counted(answer.request.length, "link"), " in ");
  const int64_t least = answer.plan.smallest_feasible_budget;
  if (bytes == nullptr) {
    return absl::StrCat(prefix, Counted(std::get<SlotBudget>(answer.request.budget).slots, "slot"),
                        "; give at least --slots ", least);
  }
  return absl::StrCat(prefix, FormatBytes(bytes->budget_bytes), "; give --memory at least ", AtLeastText(least),
                      ", or use --strategy auto");
}

}  // namespace recurve
