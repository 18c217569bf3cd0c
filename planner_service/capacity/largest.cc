// SPDX-License-Identifier: Apache-2.0
//
// The largest value of a dimension that fits. As the value grows, nothing about a split shrinks: not its fixed bytes,
// state bytes, tape bytes or links, so not the time of its best plan, and (except for kChen, docs/planning.md) not its
// forwards per link. But the slowdown is not monotonic: with several choices it is relative to the fastest, and the
// executor's rule may switch to another link. So this is a branch and bound: ranges of values are halved, the upper
// half first, and a range is skipped if the time at its low end is too slow, if necessary even relative to the
// store-all time at its high end.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/capacity/check.h"
#include "planner_service/capacity/compose_advice.h"
#include "planner_service/capacity/link_split.h"
#include "planner_service/capacity/trade_off.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

int64_t& ValueOf(Dimension dimension, ModelWorkload& model) {
  switch (dimension) {
    case Dimension::kBatch:
      return model.batch;
    case Dimension::kHidden:
      return model.model.hidden;
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
    ASSIGN_OR_RETURN(int64_t value, Search({{1, LargestCountable()}}));
    if (value > 1) least = At(value);
    if (!least.ok()) return least.status();
    ASSIGN_OR_RETURN(Advice advice, AdviseIn(*least, budget_bytes_, cancelled_));
    return Advisor::Largest{.value = value, .advice = std::move(advice)};
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
    ASSIGN_OR_RETURN(LinkSplits splits, SplitWorkload(workload_));
    return TradeOff::Make(std::move(splits), strategy_, planner_);
  }

  // Above this value, the bytes of the job overflow the limit.
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

  // The largest value in the ranges, which are in increasing order, that fits; 0 if none does.
  absl::StatusOr<int64_t> Search(std::vector<Range> ranges) {
    for (int64_t steps = 0; !ranges.empty(); ++steps) {
      if (steps == kMaxSearchSteps) {
        return absl::ResourceExhaustedError(absl::StrCat("the largest value was not found in ", kMaxSearchSteps,
                                                         " steps; it is at most ", ranges.back().high,
                                                         ": lower budget_bytes or max_slowdown"));
      }
      const auto [low, high] = ranges.back();
      ranges.pop_back();
      ASSIGN_OR_RETURN(const bool possible, low == high ? Fits(low) : MayFit(low, high));
      if (!possible) continue;
      if (low == high) return low;
      const int64_t middle = low + (high - low) / 2;
      ranges.push_back({low, middle});
      ranges.push_back({middle + 1, high});
    }
    return 0;
  }

  absl::StatusOr<bool> Fits(int64_t value) {
    ASSIGN_OR_RETURN(TradeOff trade_off, At(value));
    ASSIGN_OR_RETURN(const std::optional<Pick> pick, trade_off.In(budget_bytes_, cancelled_));
    return pick.has_value() && pick->slowdown <= max_slowdown_;
  }

  // Whether any value in the range may fit.
  absl::StatusOr<bool> MayFit(int64_t low_value, int64_t high_value) {
    ASSIGN_OR_RETURN(TradeOff low, At(low_value));
    ASSIGN_OR_RETURN(TradeOff high, At(high_value));
    return MayFit(low, high);
  }

  absl::StatusOr<bool> MayFit(TradeOff& low, TradeOff& high) {
    if (!Comparable(low, high)) return true;
    for (size_t index = 0; index < low.splits(); ++index) {
      ASSIGN_OR_RETURN(const std::optional<Pick> at_low, low.Of(index, budget_bytes_, cancelled_));
      if (!at_low) continue;
      const bool grows =
          strategy_ != Strategy::kChen && (low.by_rule() || low.splits() == 1);  // the slowdown of a split
      const double time = low.split(index).Time(at_low->forward_count);
      if (time / (grows ? low : high).ReferenceTime(index) <= max_slowdown_) return true;
      if (!low.by_rule()) continue;
      ASSIGN_OR_RETURN(const std::optional<Pick> at_high, high.Of(index, budget_bytes_, cancelled_));
      // The rule chooses this split, or an earlier one, throughout the range.
      if (at_high && at_high->forward_count <= 2 * (grows ? high : low).split(index).sizing.links) break;
    }
    return false;
  }

  // Whether splits of the same index grow with the value. Those of the rule may not, if its links change.
  static bool Comparable(const TradeOff& low, const TradeOff& high) {
    if (low.splits() != high.splits()) return false;
    if (!low.by_rule() || low.splits() == 1) return true;
    for (size_t index = 0; index < low.splits(); ++index) {
      if (low.split(index).sizing.link != high.split(index).sizing.link) return false;
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
    return absl::InvalidArgumentError(absl::StrCat("dimension is ", index, "; must be batch, length or hidden"));
  }
  if (dimension == Dimension::kLength || std::holds_alternative<ModelWorkload>(workload)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("dimension is ", dimension == Dimension::kBatch ? "batch" : "hidden",
                                                 "; must be length: a chain has no other"));
}

}  // namespace

absl::StatusOr<Advisor::Largest> EmbeddedAdvisor::FindLargest(const Workload& workload, Dimension dimension,
                                                              Strategy strategy, int64_t budget_bytes,
                                                              double max_slowdown, const CancelCheck& cancelled) {
  for (const absl::Status& status :
       {CheckRange("budget_bytes", budget_bytes, 0, kMaxBytes), CheckReal("max_slowdown", max_slowdown, {.least = 1}),
        CheckTakesBytes(strategy), CheckDimension(workload, dimension)}) {
    if (!status.ok()) return status;
  }
  return LargestSearch(workload, dimension, strategy, budget_bytes, max_slowdown, planner_, cancelled).Run();
}

}  // namespace recurve
