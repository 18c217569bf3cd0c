// SPDX-License-Identifier: Apache-2.0
#include "client/cli/plan_answer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/schedule_picture.h"
#include "client/cli/text_table.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/units/number_text.h"
#include "planner_service/units/units.h"

namespace recurve {
namespace {

constexpr Strategy kAllStrategies[] = {Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm,
                                       Strategy::kIsm,      Strategy::kMsm,  Strategy::kAuto};
constexpr int64_t kMostLinksDrawn = 100'000;
constexpr int64_t kMostLinksInSlots = 10'000;  // of a comparison by ism and msm

int64_t SlotBytes(Strategy strategy, const ByteBudget& bytes) {
  return strategy == Strategy::kIsm ? bytes.state_bytes + bytes.tape_bytes : bytes.state_bytes;
}

SlotBudget SlotsFor(Strategy strategy, const ByteBudget& bytes, int64_t length) {
  const int64_t alpha = (2 * bytes.state_bytes + bytes.tape_bytes - 1) / bytes.state_bytes;
  const int64_t all = strategy == Strategy::kIsm ? length : length * std::min(alpha, kMaxAlpha) + 1;
  return {.slots = std::min(all, 1 + bytes.budget_bytes / SlotBytes(strategy, bytes)),
          .alpha = std::min(alpha, kMaxAlpha)};
}

// A budget in slots as bytes, where a hidden state is one byte. The start state is no part of a budget in bytes.
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

// Bytes that the store holds when every tape is kept.
double StoreAllBytes(const PlanAnswer& answer) {
  const auto& bytes = std::get<ByteBudget>(answer.request.budget);
  const auto links = static_cast<double>(answer.request.length);
  return std::max(0.0, links - 1) * static_cast<double>(bytes.tape_bytes) +
         std::max(0.0, links - 2) * static_cast<double>(bytes.state_bytes);
}

std::string PeakText(const PlanAnswer& answer) {
  std::string text = BudgetText(answer, PeakOf(answer));
  if (InSlots(answer)) return text + ", the start state included";
  const double store_all = StoreAllBytes(answer);
  if (store_all > 0) {
    absl::StrAppend(&text, ", ", PercentText(static_cast<double>(answer.plan.peak_bytes), store_all),
                    " of what store-all keeps");
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

// The paper's units do not count what real bytes do: what follows a stored internal state may take more. So the slots
// of `request` are lowered until a replay stays within `bytes`.
absl::StatusOr<Plan> MostSlotsWithin(const ByteBudget& bytes, PlanRequest& request, Planner& planner,
                                     const CancelCheck& cancelled) {
  auto& slots = std::get<SlotBudget>(request.budget);
  int64_t fits = 0;
  int64_t most = slots.slots;
  absl::StatusOr<Plan> best = absl::InternalError("no number of slots fits");
  while (fits < most) {
    slots.slots = fits + (most - fits + 1) / 2;
    absl::StatusOr<Plan> plan = planner.MakePlan(request, cancelled);
    if (!plan.ok()) return plan;
    const absl::StatusOr<ReplayResult> replay =
        Replay(plan->schedule, {.state_bytes = bytes.state_bytes, .tape_bytes = bytes.tape_bytes}, INT64_MAX);
    if (!replay.ok()) return replay.status();
    if (replay->peak_bytes <= bytes.budget_bytes || slots.slots == 1) {
      fits = slots.slots;
      best = std::move(plan);
      best->peak_bytes = replay->peak_bytes;
    } else {
      most = slots.slots - 1;
    }
  }
  slots.slots = fits;
  return best;
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
      if (request.length > kMostLinksInSlots) continue;
      answer.request.budget = SlotsFor(strategy, bytes, request.length);
      if (!CheckRequest(answer.request).ok()) continue;  // a table too large to solve
    } else if (strategy != Strategy::kHsm) {
      answer.request.budget = bytes;
    }
    const bool search = takes_slots && std::holds_alternative<ByteBudget>(request.budget);
    absl::StatusOr<Plan> plan = search ? MostSlotsWithin(bytes, answer.request, planner, cancelled)
                                       : planner.MakePlan(answer.request, cancelled);
    if (!plan.ok()) return plan.status();
    answer.plan = *std::move(plan);
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
      absl::StrCat(std::string(ToString(answer.request.strategy)), " for ", CountText(answer.request.length), " links");
  if (bytes != nullptr) {
    absl::StrAppend(&text, " of ", FormatBytesRounded(bytes->state_bytes), " state and ",
                    FormatBytesRounded(bytes->tape_bytes), " tape, in ", FormatBytesRounded(bytes->budget_bytes),
                    " of store\n");
  } else {
    absl::StrAppend(&text, " in ", BudgetText(answer, std::get<SlotBudget>(answer.request.budget).slots), "\n");
  }
  absl::StrAppend(&text, "  forwards     ", CountText(plan.forward_count),
                  absl::StrFormat(" (%.3f a link); ", RatioOf(answer)), "bounds ",
                  CountText(plan.forward_count_lower_bound), " to ", CountText(plan.forward_count_upper_bound), "\n");
  absl::StrAppend(&text, "  peak         ", PeakText(answer), "\n");
  absl::StrAppend(&text, "  least        ", BudgetText(answer, plan.smallest_feasible_budget),
                  " is the smallest budget that works\n");
  if (plan.predicted_seconds) absl::StrAppend(&text, "  predicted    ", SecondsLine(answer), "\n");
  if (answer.request.length > 1 && answer.request.length <= kMostLinksDrawn) {
    absl::StrAppend(&text, "\n", SchedulePicture(plan.schedule, /*width=*/72, /*height=*/16));
  }
  return text;
}

std::string ComparisonText(const PlanRequest& request, const std::vector<PlanAnswer>& answers) {
  const bool in_slots = std::holds_alternative<SlotBudget>(request.budget);
  const auto size = [in_slots](const PlanAnswer& answer, int64_t budget) {
    const int64_t bytes = InSlots(answer) ? (budget - 1) * answer.slot_bytes : budget;
    return in_slots ? CountText(bytes + 1) + " states" : FormatBytesRounded(bytes);
  };
  const auto peak = [&](const PlanAnswer& answer) {
    return in_slots ? size(answer, PeakOf(answer)) : FormatBytesRounded(answer.plan.peak_bytes);
  };
  const bool seconds = request.costs.has_value();
  std::vector<std::vector<std::string>> rows = {{"strategy", "forwards", "a link", "peak", "smallest budget"}};
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
  const std::string prefix =
      absl::StrCat(std::string(ToString(answer.request.strategy)), " cannot do ", answer.request.length, " links in ");
  const int64_t least = answer.plan.smallest_feasible_budget;
  if (bytes == nullptr) {
    return absl::StrCat(prefix, std::get<SlotBudget>(answer.request.budget).slots, " slots; give at least --slots ",
                        least);
  }
  return absl::StrCat(prefix, bytes->budget_bytes, " bytes; give at least --budget-bytes ", least, " (",
                      FormatBytesRounded(least), "), or use --strategy auto");
}

}  // namespace recurve
