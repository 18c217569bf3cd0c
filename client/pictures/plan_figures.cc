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
  return in_seconds ? "predicted time" : "time, where a forward of one link takes 1 and a backward 2";
}

std::string PlanFigures::Headline() const {
  const std::string links = Counted(timeline.links, "link");
  if (peak >= store_all && forward_count == timeline.links) {
    return absl::StrCat(links, " with everything kept: ", SizeText(peak), " of memory, and nothing is computed twice");
  }
  return absl::StrCat(links, " in ", SizeText(budget), ": ", PercentText(peak, store_all),
                      " of the memory of keeping everything, ", absl::StrFormat("%.2f", Slowdown()), "x the time");
}

std::string PlanFigures::Subtitle() const {
  std::string text = absl::StrCat("strategy ", std::string(ToString(strategy)), ": ");
  if (in_slots) {
    absl::StrAppend(&text, "a link's tape takes as much as ", SizeText(static_cast<double>(tape_size)));
  } else {
    absl::StrAppend(&text, "a link's state takes ", SizeText(static_cast<double>(state_size)), ", its tape ",
                    SizeText(static_cast<double>(tape_size)));
  }
  return text;
}

std::vector<std::string> PlanFigures::Explanation() const {
  std::vector<std::string> text;
  const std::string keeping = absl::StrCat(
      "To go backwards through a link you need its tape: what its forward computed. The backward begins at "
      "the last link, so a tape made early waits long; keeping all of them takes ",
      SizeText(store_all), ".");
  if (forward_count == timeline.links) {
    text.push_back(absl::StrCat(keeping, " That is what this plan does: each link is run once."));
  } else {
    const std::string kept =
        peak > 0 ? absl::StrCat("keeps a few states (", SizeText(static_cast<double>(state_size)), " each)")
                 : "keeps the start alone";
    text.push_back(absl::StrCat(
        keeping, " This plan ", kept,
        " and, when the backward gets there, runs the links after a state forward again to make their tapes anew: ",
        absl::StrFormat("%.2f", static_cast<double>(forward_count) / static_cast<double>(timeline.links)),
        " forwards a link instead of 1 buy a peak of ", SizeText(peak), ". The gradients are the same."));
  }
  text.push_back(
      "Lines that rise are forwards, lines that fall are the backward. What is stored is drawn at its position for as "
      "long as it is kept; below is what all of it adds up to. The state at the start, and two states and one tape to "
      "work with, come on top in any plan.");
  if (in_slots && peak > budget) {
    text.push_back(
        "The budget is in the paper's slots, which leave out states beside a stored tape; counted in whole, as here, "
        "they take more than the budget.");
  }
  return text;
}

}  // namespace recurve
