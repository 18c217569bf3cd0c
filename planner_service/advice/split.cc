// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/advice/advisor.h"
#include "planner_service/advice/check.h"
#include "planner_service/advice/compose_advice.h"
#include "planner_service/advice/curve.h"
#include "planner_service/advice/cut.h"
#include "planner_service/advice/knapsack.h"
#include "planner_service/advice/trade_off.h"
#include "planner_service/planning/saturating.h"

namespace recurve {
namespace {

constexpr size_t kCornersInAll = 50'000;  // from which on no more are looked for
constexpr int64_t kFirstCorners = 16;     // of each kind

// Workloads that are to share a total. Equal ones are looked at once.
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
      absl::StatusOr<Cuts> cuts = CutWorkload(workload);
      if (!cuts.ok()) return InWorkload(parties.kind_.size() - 1, cuts.status());
      absl::StatusOr<TradeOff> trade_off = TradeOff::Make(*std::move(cuts), strategy, planner);
      if (!trade_off.ok()) return trade_off.status();
      parties.trade_offs_.push_back(*std::move(trade_off));
    }
    return parties;
  }

  size_t size() const { return kind_.size(); }
  size_t kinds() const { return trade_offs_.size(); }
  size_t kind(size_t party) const { return kind_[party]; }
  TradeOff& OfKind(size_t kind) { return trade_offs_[kind]; }

  // Of all parties, when those of a kind have `totals` of that kind. Saturating.
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

// Finds the least slowdown that all parties can have within the bytes, by bisection.
class SlowdownSplit {
 public:
  SlowdownSplit(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled)
      : parties_(parties), total_bytes_(total_bytes), cancelled_(cancelled) {}

  // A total for each kind. The least totals must fit.
  absl::StatusOr<std::vector<int64_t>> Run() {
    // `low` is too fast to fit, `high` fits; what a kind needs for either.
    std::vector<int64_t> at_low, at_high;
    for (size_t kind = 0; kind < parties_.kinds(); ++kind) {
      at_low.push_back(parties_.OfKind(kind).most_total());
      at_high.push_back(parties_.OfKind(kind).least_total());
    }
    const absl::StatusOr<double> floor = Slowest(at_low);
    if (!floor.ok()) return floor.status();
    absl::StatusOr<double> high = Slowest(at_high);
    double low = *floor;
    if (absl::Status status = Lower(low, at_high, at_low); !status.ok()) return status;
    if (parties_.Sum(at_low) <= total_bytes_) return at_low;
    while (high.ok()) {
      const double middle = low + (*high - low) / 2;
      if (middle <= low || middle >= *high) return at_high;
      std::vector<int64_t> totals = at_low;
      if (absl::Status status = Lower(middle, at_high, totals); !status.ok()) return status;
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
      const absl::StatusOr<std::optional<Pick>> pick = parties_.OfKind(kind).UpTo(totals[kind], cancelled_);
      if (!pick.ok()) return pick.status();
      slowest = std::max(slowest, (*pick)->slowdown);
    }
    return slowest;
  }

  // Lowers totals, no further than to `least`, to the smallest that do for `slowdown`; they must do already.
  absl::Status Lower(double slowdown, const std::vector<int64_t>& least, std::vector<int64_t>& totals) {
    for (size_t kind = 0; kind < parties_.kinds(); ++kind) {
      const absl::StatusOr<int64_t> total =
          parties_.OfKind(kind).Smallest(slowdown, least[kind], totals[kind], cancelled_);
      if (!total.ok()) return total.status();
      totals[kind] = *total;
    }
    return absl::OkStatus();
  }

  Parties& parties_;
  const int64_t total_bytes_;
  const CancelCheck& cancelled_;
};

// Finds the split of least total time. Corners are looked for where they could be part of a better split: between two
// corners nothing can be better than the bytes of the left one with the time of the right one.
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

  // Of items, which are corners. The least totals must fit.
  absl::StatusOr<Choice> Run() {
    for (size_t kind = 0; kind < searches_.size(); ++kind) {
      if (absl::Status status = searches_[kind].FindEnds(); !status.ok()) return status;
      if (absl::Status status = searches_[kind].Split(kFirstCorners, LogarithmicArea); !status.ok()) return status;
      SetMenu(kind);
    }
    for (size_t found = 0, before = 1; found != before && found < kCornersInAll;) {
      before = found;
      if (absl::Status status = SplitWhatMatters(); !status.ok()) return status;
      found = 0;
      for (const Menu& menu : menus_) found += menu.items.size();
    }
    return Knapsack(of_party_, total_bytes_).Solve(cancelled_);
  }

  int64_t TotalOf(size_t party, size_t item) const { return of_party_[party]->items[item].bytes; }

 private:
  double TimeOf(size_t kind, const Pick& pick) const {
    const Cut& cut = parties_.OfKind(kind).cut(pick.cut);
    return cut.measured ? cut.Time(pick.forward_count) : static_cast<double>(cut.sizing.link * pick.forward_count);
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

  absl::Status SplitWhatMatters() {
    const Knapsack knapsack(of_party_, total_bytes_);
    for (size_t kind = 0; kind < searches_.size(); ++kind) {
      const auto worth = [&](const Corner& left, const Corner& right) {
        const Item best = {.bytes = left.total, .time = TimeOf(kind, right.pick)};
        return knapsack.Slack() - knapsack.Regret(some_party_[kind], best);
      };
      const auto corners = static_cast<int64_t>(2 * menus_[kind].items.size());
      if (absl::Status status = searches_[kind].Split(corners, worth); !status.ok()) return status;
    }
    for (size_t kind = 0; kind < searches_.size(); ++kind) SetMenu(kind);
    return absl::OkStatus();
  }

  Parties& parties_;
  const int64_t total_bytes_;
  const CancelCheck& cancelled_;
  std::vector<CornerSearch> searches_;  // by kind
  std::vector<Menu> menus_;             // by kind
  std::vector<size_t> some_party_;      // of each kind
  std::vector<const Menu*> of_party_;
};

absl::Status CheckMeasured(Parties& parties) {
  for (size_t party = 0; party < parties.size(); ++party) {
    if (parties.OfKind(parties.kind(party)).cut(0).measured == parties.OfKind(0).cut(0).measured) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "workloads[", party, "] has ", parties.OfKind(0).cut(0).measured ? "no costs" : "costs",
        " where workloads[0] is otherwise: their times cannot be added up; give all of them costs, or none"));
  }
  return absl::OkStatus();
}

// Totals for each party.
struct Shares {
  std::vector<int64_t> totals;
  double time = 0;
  double time_lower_bound = 0;
};

absl::StatusOr<Shares> ForLeastTime(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled) {
  if (absl::Status status = CheckMeasured(parties); !status.ok()) return status;
  TimeSplit split(parties, total_bytes, cancelled);
  const absl::StatusOr<Choice> choice = split.Run();
  if (!choice.ok()) return choice.status();
  Shares shares = {.time = choice->time, .time_lower_bound = choice->time_lower_bound};
  for (size_t party = 0; party < parties.size(); ++party) {
    shares.totals.push_back(split.TotalOf(party, choice->items[party]));
  }
  return shares;
}

absl::StatusOr<Shares> ForLeastSlowdown(Parties& parties, int64_t total_bytes, const CancelCheck& cancelled) {
  const absl::StatusOr<std::vector<int64_t>> totals = SlowdownSplit(parties, total_bytes, cancelled).Run();
  if (!totals.ok()) return totals.status();
  Shares shares;
  for (size_t party = 0; party < parties.size(); ++party) shares.totals.push_back((*totals)[parties.kind(party)]);
  return shares;
}

// The advice for each party; without totals it says what each needs at least.
absl::StatusOr<std::vector<Advice>> AdviseAll(Parties& parties, const std::vector<int64_t>& totals,
                                              const CancelCheck& cancelled) {
  std::vector<std::optional<Advice>> of_kind(parties.kinds());
  std::vector<Advice> all;
  int64_t planned = 0;
  for (size_t party = 0; party < parties.size(); ++party) {
    std::optional<Advice>& known = of_kind[parties.kind(party)];
    if (!known || (!totals.empty() && known->budget_bytes != totals[party])) {
      TradeOff& trade_off = parties.OfKind(parties.kind(party));
      planned += totals.empty() ? 0 : trade_off.cut(0).sizing.links;
      if (absl::Status status = CheckPlannedLinks(planned); !status.ok()) return status;
      absl::StatusOr<Advice> advice = totals.empty() ? ComposeAdvice(trade_off, 0, std::nullopt, cancelled)
                                                     : AdviseIn(trade_off, totals[party], cancelled);
      if (!advice.ok()) return advice.status();
      known = *std::move(advice);
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
  for (const absl::Status& status : {CheckBudget("total_bytes", total_bytes), CheckTakesBytes(strategy),
                                     CheckRange("workloads", count, 1, kMaxWorkloads)}) {
    if (!status.ok()) return status;
  }
  if (goal != SplitGoal::kLeastTotalTime && goal != SplitGoal::kLeastSlowdown) {
    return absl::InvalidArgumentError(
        absl::StrCat("goal is ", static_cast<int>(goal), ", must be the least total time or the least slowdown"));
  }
  absl::StatusOr<Parties> parties = Parties::Make(workloads, strategy, planner_);
  if (!parties.ok()) return parties.status();
  std::vector<int64_t> least;
  for (size_t kind = 0; kind < parties->kinds(); ++kind) least.push_back(parties->OfKind(kind).least_total());
  Split split = {.feasible = parties->Sum(least) <= total_bytes};
  Shares shares;
  if (split.feasible) {
    absl::StatusOr<Shares> found = goal == SplitGoal::kLeastTotalTime
                                       ? ForLeastTime(*parties, total_bytes, cancelled)
                                       : ForLeastSlowdown(*parties, total_bytes, cancelled);
    if (!found.ok()) return found.status();
    shares = *std::move(found);
  }
  absl::StatusOr<std::vector<Advice>> advice = AdviseAll(*parties, shares.totals, cancelled);
  if (!advice.ok()) return advice.status();
  split.shares = *std::move(advice);
  split.total_time = shares.time;
  split.total_time_lower_bound = shares.time_lower_bound;
  return split;
}

}  // namespace recurve
