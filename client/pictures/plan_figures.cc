// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_figures.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr LinkCosts kPaperCosts = {.forward_seconds = 1, .taped_forward_seconds = 1, .backward_seconds = 2};

void SetSizes(const std::variant<ByteBudget, SlotBudget>& budget, PlanFigures& figures) {
  if (const auto* bytes = std::get_if<ByteBudget>(&budget)) {
    figures.state_size = bytes->state_bytes;
    figures.tape_size = bytes->tape_bytes;
    figures.budget = static_cast<double>(bytes->budget_bytes);
    return;
  }
  const auto& slots = std::get<SlotBudget>(budget);
  figures.in_slots = true;
  figures.state_size = 1;
  figures.tape_size = slots.alpha - 1;
  const int64_t slot = figures.strategy == Strategy::kIsm ? slots.alpha : 1;
  figures.budget = static_cast<double>(slots.slots - 1) * static_cast<double>(slot);
}

}  // namespace

double StoreAllSize(int64_t links, int64_t state_size, int64_t tape_size) {
  const auto count = static_cast<double>(links);
  return std::max(0.0, count - 1) * static_cast<double>(tape_size) +
         std::max(0.0, count - 2) * static_cast<double>(state_size);
}

absl::StatusOr<PlanFigures> FiguresOf(const PlanRequest& request, const Plan& plan) {
  PlanFigures figures{.strategy = request.strategy, .forward_count = plan.forward_count};
  SetSizes(request.budget, figures);
  // Links that take no time cannot be drawn over time.
  figures.in_seconds = request.costs && request.costs->taped_forward_seconds + request.costs->backward_seconds > 0;
  absl::StatusOr<Timeline> timeline =
      MakeTimeline(plan, figures.in_seconds ? *request.costs : kPaperCosts, figures.state_size, figures.tape_size);
  if (!timeline.ok()) return timeline.status();
  figures.timeline = *std::move(timeline);
  figures.peak = figures.Size(figures.timeline.peak);
  figures.store_all = StoreAllSize(request.length, figures.state_size, figures.tape_size);
  return figures;
}

std::string PlanFigures::SizeText(double size) const {
  const auto whole = static_cast<int64_t>(std::llround(std::min(size, 9e18)));
  if (in_slots) return Counted(whole, "state");
  const std::string exact = FormatBytes(whole);
  const std::string rounded = FormatBytesRounded(whole);
  return exact.size() < rounded.size() ? exact : rounded;
}

std::string PlanFigures::TimeText(double time) const {
  return in_seconds ? SecondsText(time) : CountText(std::llround(time));
}

std::string PlanFigures::TimeUnit() const {
  return in_seconds ? "predicted time" : "time (per link: forward 1, backward 2)";
}

std::string PlanFigures::Headline() const {
  const std::string links = Counted(timeline.links, "link");
  if (peak >= store_all && forward_count == timeline.links) {
    return absl::StrCat(links, " with every tape stored: ", SizeText(peak), ", nothing recomputed");
  }
  return absl::StrCat(links, " in ", SizeText(budget), ": ", PercentText(peak, store_all), " of store-all's memory, ",
                      absl::StrFormat("%.2f", Slowdown()), "x its time");
}

std::string PlanFigures::Subtitle() const {
  return absl::StrCat("strategy ", std::string(ToString(strategy)), "; per link: state ",
                      SizeText(static_cast<double>(state_size)), ", tape ", SizeText(static_cast<double>(tape_size)));
}

std::vector<std::string> PlanFigures::Explanation() const {
  std::string trade = absl::StrCat(
      "The backward of a link needs its tape, the activations of its forward. Store-all (standard BPTT) "
      "stores every tape: ",
      SizeText(store_all), ". ");
  if (forward_count == timeline.links) {
    absl::StrAppend(&trade, "So does this plan: each link is run forward once.");
  } else {
    absl::StrAppend(&trade, "This plan stores ", peak > 0 ? "a few states" : "only the start state",
                    " and recomputes tapes from them: ",
                    absl::StrFormat("%.2f", static_cast<double>(forward_count) / static_cast<double>(timeline.links)),
                    " forwards per link, peak ", SizeText(peak), ", the same gradients.");
  }
  std::vector<std::string> text = {
      std::move(trade),
      "A stored state or tape is drawn at its link for as long as it is stored; the lower chart is their sum. Any plan "
      "also needs the start state, two running states and one tape."};
  if (in_slots && peak > budget) {
    text.push_back(
        "The budget is in the paper's slots, which omit the states stored with a tape; counted in full, as here, the "
        "peak exceeds it.");
  }
  return text;
}

}  // namespace recurve
