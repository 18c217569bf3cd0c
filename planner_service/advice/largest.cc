// SPDX-License-Identifier: Apache-2.0
//
// The largest value of a dimension that fits. With a larger value nothing of a cut becomes smaller: bytes fixed, bytes
// of a state, bytes of a tape, links, and so the time of the best plan. Nor do the forwards per link, but with kChen
// (docs/planning.md). But the slowdown of one of many choices, which is relative to the fastest of them, may fall; so
// may that of what the executor's rule takes. So ranges of values are halved, the upper half first, and a range is left
// out when the time at its low end is too slow, if need be even for the store-all time at its high end.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/job/job_spec.h"
#include "planner_service/advice/advisor.h"
#include "planner_service/advice/check.h"
#include "planner_service/advice/compose_advice.h"
#include "planner_service/advice/cut.h"
#include "planner_service/advice/trade_off.h"

namespace recurve {
namespace {

int64_t& ValueOf(Dimension dimension, ModelWorkload& model) {
  switch (dimension) {
    case Dimension::kBatch:
      return model.batch;
    case Dimension::kHidden:
      return model.hidden;
    case Dimension::kLength:
      break;
  }
  return model.length;
}

int64_t MostOf(Dimension dimension) {
  switch (dimension) {
    case Dimension::kBatch:
      return kMaxBatch;
    case Dimension::kHidden:
      return kMaxWidth;
    case Dimension::kLength:
      break;
  }
  return kMaxChainLength;
}

class LargestSearch {
 public:
  LargestSearch(const Workload& workload, Dimension dimension, Strategy strategy, int64_t budget_bytes,
                double max_slowdown, Planner& planner, const CancelCheck& cancelled)
      : workload_(workload),
        dimension_(dimension),
        strategy_(strategy),
        budget_bytes_(budget_bytes),
        max_slowdown_(max_slowdown),
        planner_(planner),
        cancelled_(cancelled) {}

  absl::StatusOr<Advisor::Largest> Run() {
    absl::StatusOr<TradeOff> least = At(1);
    if (!least.ok()) return least.status();  // the workload itself is out of range
    absl::StatusOr<int64_t> value = Search({{1, LargestCountable()}});
    if (!value.ok()) return value.status();
    if (*value > 1) least = At(*value);
    if (!least.ok()) return least.status();
    absl::StatusOr<Advice> advice = AdviseIn(*least, budget_bytes_, cancelled_);
    if (!advice.ok()) return advice.status();
    return Advisor::Largest{.value = *value, .advice = *std::move(advice)};
  }

 private:
  struct Range {
    int64_t low, high;
  };

  absl::StatusOr<TradeOff> At(int64_t value) {
    if (auto* chain = std::get_if<ChainWorkload>(&workload_)) {
      chain->length = value;
    } else {
      ValueOf(dimension_, std::get<ModelWorkload>(workload_)) = value;
    }
    absl::StatusOr<Cuts> cuts = CutWorkload(workload_);
    if (!cuts.ok()) return cuts.status();
    return TradeOff::Make(*std::move(cuts), strategy_, planner_);
  }

  // Beyond, the bytes of the job would be more than can be counted.
  int64_t LargestCountable() {
    int64_t low = 1;
    int64_t high = MostOf(dimension_);
    while (low < high) {
      const int64_t middle = low + (high - low + 1) / 2;
      if (At(middle).ok()) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  // The largest value that fits in any of the ranges, which lie above each other; 0 when none does.
  absl::StatusOr<int64_t> Search(std::vector<Range> ranges) {
    for (int64_t steps = 0; !ranges.empty(); ++steps) {
      if (steps == kMaxSearchSteps) {
        return absl::ResourceExhaustedError(absl::StrCat("the largest value was not found in ", kMaxSearchSteps,
                                                         " steps; it is at most ", ranges.back().high,
                                                         ": give less budget_bytes or max_slowdown"));
      }
      const auto [low, high] = ranges.back();
      ranges.pop_back();
      const absl::StatusOr<bool> possible = low == high ? Fits(low) : MayFit(low, high);
      if (!possible.ok()) return possible.status();
      if (!*possible) continue;
      if (low == high) return low;
      const int64_t middle = low + (high - low) / 2;
      ranges.push_back({low, middle});
      ranges.push_back({middle + 1, high});
    }
    return 0;
  }

  absl::StatusOr<bool> Fits(int64_t value) {
    absl::StatusOr<TradeOff> trade_off = At(value);
    if (!trade_off.ok()) return trade_off.status();
    const absl::StatusOr<std::optional<Pick>> pick = trade_off->In(budget_bytes_, cancelled_);
    if (!pick.ok()) return pick.status();
    return pick->has_value() && (*pick)->slowdown <= max_slowdown_;
  }

  // Whether any value between may fit.
  absl::StatusOr<bool> MayFit(int64_t low_value, int64_t high_value) {
    absl::StatusOr<TradeOff> low = At(low_value);
    if (!low.ok()) return low.status();
    absl::StatusOr<TradeOff> high = At(high_value);
    if (!high.ok()) return high.status();
    return MayFit(*low, *high);
  }

  absl::StatusOr<bool> MayFit(TradeOff& low, TradeOff& high) {
    if (!Comparable(low, high)) return true;
    for (size_t index = 0; index < low.cuts(); ++index) {
      const absl::StatusOr<std::optional<Pick>> at_low = low.Of(index, budget_bytes_, cancelled_);
      if (!at_low.ok()) return at_low.status();
      if (!*at_low) continue;
      const bool grows = strategy_ != Strategy::kChen && (low.by_rule() || low.cuts() == 1);  // the slowdown of a cut
      const double time = low.cut(index).Time((*at_low)->forward_count);
      if (time / (grows ? low : high).ReferenceTime(index) <= max_slowdown_) return true;
      if (!low.by_rule()) continue;
      const absl::StatusOr<std::optional<Pick>> at_high = high.Of(index, budget_bytes_, cancelled_);
      if (!at_high.ok()) return at_high.status();
      // The rule takes this cut all over the range, or one before it.
      if (*at_high && (*at_high)->forward_count <= 2 * (grows ? high : low).cut(index).sizing.links) break;
    }
    return false;
  }

  // Whether cuts of the same index grow with the value. Those of the rule may not, where its links change.
  static bool Comparable(const TradeOff& low, const TradeOff& high) {
    if (low.cuts() != high.cuts()) return false;
    if (!low.by_rule() || low.cuts() == 1) return true;
    for (size_t index = 0; index < low.cuts(); ++index) {
      if (low.cut(index).sizing.link != high.cut(index).sizing.link) return false;
    }
    return true;
  }

  Workload workload_;
  const Dimension dimension_;
  const Strategy strategy_;
  const int64_t budget_bytes_;
  const double max_slowdown_;
  Planner& planner_;
  const CancelCheck& cancelled_;
};

absl::Status CheckDimension(const Workload& workload, Dimension dimension) {
  const int index = static_cast<int>(dimension);
  if (index < 0 || index > static_cast<int>(Dimension::kHidden)) {
    return absl::InvalidArgumentError(absl::StrCat("dimension is ", index, ", must be batch, length or hidden"));
  }
  if (dimension == Dimension::kLength || std::holds_alternative<ModelWorkload>(workload)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("dimension is ", dimension == Dimension::kBatch ? "batch" : "hidden",
                                                 ", must be length: a chain has no other"));
}

}  // namespace

absl::StatusOr<Advisor::Largest> EmbeddedAdvisor::FindLargest(const Workload& workload, Dimension dimension,
                                                              Strategy strategy, int64_t budget_bytes,
                                                              double max_slowdown, const CancelCheck& cancelled) {
  for (const absl::Status& status : {CheckBudget("budget_bytes", budget_bytes), CheckSlowdown(max_slowdown),
                                     CheckTakesBytes(strategy), CheckDimension(workload, dimension)}) {
    if (!status.ok()) return status;
  }
  return LargestSearch(workload, dimension, strategy, budget_bytes, max_slowdown, planner_, cancelled).Run();
}

}  // namespace recurve
