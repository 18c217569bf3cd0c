// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/capacity/check.h"
#include "planner_service/capacity/compose_advice.h"
#include "planner_service/capacity/curve.h"
#include "planner_service/capacity/knapsack.h"
#include "planner_service/capacity/link_split.h"
#include "planner_service/capacity/trade_off.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr size_t kMaxTotalCorners = 50'000;  // the search for corners stops at this number
constexpr int64_t kFirstCorners = 16;        // per kind

// Workloads that share a total. Equal ones form a kind and are evaluated once.
class Parties {
 public:
  static absl::StatusOr<Parties> Make(const std::vector<Workload>& workloads, Strategy strategy, Planner& planner) {
    Parties parties;
    std::vector<const Workload*> distinct;
    for (const Workload& workload : workloads) {
      const auto known =
          std::find_if(distinct.begin(), distinct.end(), [&](const Workload* other) { return *other == workload; });
      parties.kind_.push_back(known - distinct.begin());
      if (known != distinct.end()) continue;
      distinct.push_back(&workload);
      absl::StatusOr<LinkSplits> splits = SplitWorkload(workload);
      if (!splits.ok()) return InWorkload(parties.kind_.size() - 1, splits.status());
      ASSIGN_OR_RETURN(TradeOff trade_off, TradeOff::Make(*std::move(splits), strategy, planner));
      parties.trade_offs_.push_back(std::move(trade_off));
    }
    return parties;
  }

  size_t size() const { return kind_.size(); }
  size_t kinds() const { return trade_offs_.size(); }
  size_t kind(size_t party) const { return kind_[party]; }
  TradeOff& OfKind(size_t kind) { return trade_offs_[kind]; }

  // The sum over all parties of the total of their kind. Saturating.
  int64_t Sum(const std::vector<int64_t>& totals) const {
    int64_t sum = 0;
    for (const size_t kind : kind_) sum = SaturatingAdd(sum, totals[kind]);
    return sum;
  }

 private:
  static absl::Status InWorkload(size_t index, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("workloads[", index, "]: ", status.message()));
  }

  std::vector<TradeOff> trade_offs_;  // by kind
  std::vector<size_t> kind_;          // by party
};

// Minimizes the largest slowdown of all parties within the bytes, by bisection.
class SlowdownSplit {
 public:
  SlowdownSplit(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled)
      : parties_(parties), total_bytes_(total_bytes), cancelled_(cancelled) {}

  // A total for each kind. The least totals must fit.
  absl::StatusOr<std::vector<int64_t>> Run() {
    // Invariant: slowdown `low` does not fit, `high` does. The totals per kind for both.
    std::vector<int64_t> at_low, at_high;
    for (size_t kind = 0; kind < parties_.kinds(); ++kind) {
      at_low.push_back(parties_.OfKind(kind).most_total());
      at_high.push_back(parties_.OfKind(kind).least_total());
    }
    ASSIGN_OR_RETURN(const double floor, Slowest(at_low));
    absl::StatusOr<double> high = Slowest(at_high);
    double low = floor;
    RETURN_IF_ERROR(Lower(low, at_high, at_low));
    if (parties_.Sum(at_low) <= total_bytes_) return at_low;
    while (high.ok()) {
      const double middle = low + (*high - low) / 2;
      if (middle <= low || middle >= *high) return at_high;
      std::vector<int64_t> totals = at_low;
      RETURN_IF_ERROR(Lower(middle, at_high, totals));
      if (parties_.Sum(totals) <= total_bytes_) {
        at_high = std::move(totals);
        high = Slowest(at_high);
      } else {
        at_low = std::move(totals);
        low = middle;
      }
    }
    return high.status();
  }

 private:
  absl::StatusOr<double> Slowest(const std::vector<int64_t>& totals) {
    double slowest = 1;
    for (size_t kind = 0; kind < parties_.kinds(); ++kind) {
      ASSIGN_OR_RETURN(const std::optional<Pick> pick, parties_.OfKind(kind).UpTo(totals[kind], cancelled_));
      slowest = std::max(slowest, pick->slowdown);
    }
    return slowest;
  }

  // Lowers totals that suffice for `slowdown` to the smallest that do, but not below `least`.
  absl::Status Lower(double slowdown, const std::vector<int64_t>& least, std::vector<int64_t>& totals) {
    for (size_t kind = 0; kind < parties_.kinds(); ++kind) {
      ASSIGN_OR_RETURN(totals[kind], parties_.OfKind(kind).Smallest(slowdown, least[kind], totals[kind], cancelled_));
    }
    return absl::OkStatus();
  }

  Parties& parties_;
  const int64_t total_bytes_;
  const CancelCheck& cancelled_;
};

// Finds the split of minimum total time: a knapsack problem whose items are the corners of the curves. Corners are
// searched only where they could improve the split: a corner between two others cannot be better than the bytes of the
// left one with the time of the right one.
class TimeSplit {
 public:
  TimeSplit(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled)
      : parties_(parties),
        total_bytes_(total_bytes),
        cancelled_(cancelled),
        menus_(parties.kinds()),
        some_party_(parties.kinds()) {
    for (size_t party = parties.size(); party > 0; --party) some_party_[parties.kind(party - 1)] = party - 1;
    for (size_t party = 0; party < parties.size(); ++party) of_party_.push_back(&menus_[parties.kind(party)]);
    for (size_t kind = 0; kind < parties.kinds(); ++kind) searches_.emplace_back(parties.OfKind(kind), cancelled);
  }

  // A choice of corners. The least totals must fit.
  absl::StatusOr<Choice> Run() {
    for (size_t kind = 0; kind < searches_.size(); ++kind) {
      RETURN_IF_ERROR(searches_[kind].FindEnds());
      RETURN_IF_ERROR(searches_[kind].Split(kFirstCorners, LogarithmicArea));
      SetMenu(kind);
    }
    for (size_t found = 0, before = 1; found != before && found < kMaxTotalCorners;) {
      before = found;
      RETURN_IF_ERROR(RefineCorners());
      found = 0;
      for (const Menu& menu : menus_) found += menu.items.size();
    }
    return Knapsack(of_party_, total_bytes_).Solve(cancelled_);
  }

  int64_t TotalOf(size_t party, size_t item) const { return of_party_[party]->items[item].bytes; }

 private:
  double TimeOf(size_t kind, const Pick& pick) const {
    const LinkSplit& split = parties_.OfKind(kind).split(pick.split);
    return split.measured ? split.Time(pick.forward_count)
                          : static_cast<double>(split.sizing.link * pick.forward_count);
  }

  void SetMenu(size_t kind) {
    Menu& menu = menus_[kind];
    menu = {};
    std::optional<int64_t> hidden_from;
    for (const Corner& corner : searches_[kind].Corners()) {
      menu.items.push_back({.bytes = corner.total, .time = TimeOf(kind, corner.pick)});
      if (hidden_from) menu.hidden.push_back({.bytes = *hidden_from, .time = menu.items.back().time});
      hidden_from = corner.hidden_from;
    }
  }

  absl::Status RefineCorners() {
    const Knapsack knapsack(of_party_, total_bytes_);
    for (size_t kind = 0; kind < searches_.size(); ++kind) {
      const auto worth = [&](const Corner& left, const Corner& right) {
        const Item best = {.bytes = left.total, .time = TimeOf(kind, right.pick)};
        return knapsack.Slack() - knapsack.Regret(some_party_[kind], best);
      };
      const auto corners = static_cast<int64_t>(2 * menus_[kind].items.size());
      RETURN_IF_ERROR(searches_[kind].Split(corners, worth));
    }
    for (size_t kind = 0; kind < searches_.size(); ++kind) SetMenu(kind);
    return absl::OkStatus();
  }

  Parties& parties_;
  const int64_t total_bytes_;
  const CancelCheck& cancelled_;
  std::vector<CornerSearch> searches_;  // by kind
  std::vector<Menu> menus_;             // by kind
  std::vector<size_t> some_party_;      // by kind
  std::vector<const Menu*> of_party_;
};

absl::Status CheckMeasured(Parties& parties) {
  for (size_t party = 0; party < parties.size(); ++party) {
    if (parties.OfKind(parties.kind(party)).split(0).measured == parties.OfKind(0).split(0).measured) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "workloads[", party, "] has ",
        parties.OfKind(0).split(0).measured ? "no costs, workloads[0] does" : "costs, workloads[0] does not",
        ": their times cannot be added; give costs for all workloads or for none"));
  }
  return absl::OkStatus();
}

struct Shares {
  std::vector<int64_t> totals;  // by party
  double time = 0;
  double time_lower_bound = 0;
};

absl::StatusOr<Shares> ForLeastTime(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckMeasured(parties));
  TimeSplit split(parties, total_bytes, cancelled);
  ASSIGN_OR_RETURN(const Choice choice, split.Run());
  Shares shares = {.time = choice.time, .time_lower_bound = choice.time_lower_bound};
  for (size_t party = 0; party < parties.size(); ++party) {
    shares.totals.push_back(split.TotalOf(party, choice.items[party]));
  }
  return shares;
}

absl::StatusOr<Shares> ForLeastSlowdown(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> totals, SlowdownSplit(parties, total_bytes, cancelled).Run());
  Shares shares;
  for (size_t party = 0; party < parties.size(); ++party) shares.totals.push_back(totals[parties.kind(party)]);
  return shares;
}

// The advice for each party; without totals, the minimum that each needs.
absl::StatusOr<std::vector<Advice>> AdviseAll(Parties& parties, const std::vector<int64_t>& totals,
                                              const CancelCheck& cancelled) {
  std::vector<std::optional<Advice>> of_kind(parties.kinds());
  std::vector<Advice> all;
  int64_t planned = 0;
  for (size_t party = 0; party < parties.size(); ++party) {
    std::optional<Advice>& known = of_kind[parties.kind(party)];
    if (!known || (!totals.empty() && known->budget_bytes != totals[party])) {
      TradeOff& trade_off = parties.OfKind(parties.kind(party));
      planned += totals.empty() ? 0 : trade_off.split(0).sizing.links;
      RETURN_IF_ERROR(CheckPlannedLinks(planned));
      ASSIGN_OR_RETURN(known, totals.empty() ? ComposeAdvice(trade_off, 0, std::nullopt, cancelled)
                                             : AdviseIn(trade_off, totals[party], cancelled));
    }
    all.push_back(*known);
  }
  return all;
}

}  // namespace

absl::StatusOr<Advisor::Split> EmbeddedAdvisor::SplitBudget(const std::vector<Workload>& workloads, Strategy strategy,
                                                            int64_t total_bytes, SplitGoal goal,
                                                            const CancelCheck& cancelled) {
  const auto count = static_cast<int64_t>(workloads.size());
  for (const absl::Status& status : {CheckRange("total_bytes", total_bytes, 0, kMaxBytes), CheckTakesBytes(strategy),
                                     CheckCount("workloads", count, 1, kMaxWorkloads)}) {
    if (!status.ok()) return status;
  }
  if (goal != SplitGoal::kLeastTotalTime && goal != SplitGoal::kLeastSlowdown) {
    return absl::InvalidArgumentError(
        absl::StrCat("goal is ", static_cast<int>(goal), "; must be the least total time or the least slowdown"));
  }
  ASSIGN_OR_RETURN(Parties parties, Parties::Make(workloads, strategy, planner_));
  std::vector<int64_t> least;
  for (size_t kind = 0; kind < parties.kinds(); ++kind) least.push_back(parties.OfKind(kind).least_total());
  Split split = {.feasible = parties.Sum(least) <= total_bytes};
  Shares shares;
  if (split.feasible) {
    ASSIGN_OR_RETURN(shares, goal == SplitGoal::kLeastTotalTime ? ForLeastTime(parties, total_bytes, cancelled)
                                                                : ForLeastSlowdown(parties, total_bytes, cancelled));
  }
  ASSIGN_OR_RETURN(split.shares, AdviseAll(parties, shares.totals, cancelled));
  split.total_time = shares.time;
  split.total_time_lower_bound = shares.time_lower_bound;
  return split;
}

}  // namespace recurve
