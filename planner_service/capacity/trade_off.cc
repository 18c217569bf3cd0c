// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/trade_off.h"

#include <algorithm>
#include <numeric>

#include "planner_service/model/link_choice.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::StatusOr<TradeOff> TradeOff::Make(LinkSplits splits, Strategy strategy, Planner& planner) {
  TradeOff trade_off(std::move(splits), strategy);
  const std::vector<LinkSplit>& all = trade_off.splits_.splits;
  trade_off.unit_ = 0;
  for (const LinkSplit& split : all) {
    ASSIGN_OR_RETURN(ForwardCounts counts, ForwardCounts::Make(split.sizing, strategy, planner));
    const int64_t offset = split.sizing.fixed_bytes - all.front().sizing.fixed_bytes;
    trade_off.unit_ = std::gcd(std::gcd(trade_off.unit_, offset), counts.unit());
    trade_off.references_.push_back(trade_off.splits_.ReferenceTime(split));
    trade_off.counts_.push_back(std::move(counts));
  }
  return trade_off;
}

size_t TradeOff::least_split() const {
  const auto least = std::min_element(
      counts_.begin(), counts_.end(),
      [](const ForwardCounts& a, const ForwardCounts& b) { return a.least_total() < b.least_total(); });
  return least - counts_.begin();
}

int64_t TradeOff::most_total() const {
  int64_t most = 0;
  for (const ForwardCounts& counts : counts_) most = std::max(most, counts.most_total());
  return std::min(most, kMaxBytes);
}

absl::StatusOr<std::optional<Pick>> TradeOff::Of(size_t index, int64_t total, const CancelCheck& cancelled) {
  if (total < counts_[index].least_total()) return std::nullopt;
  ASSIGN_OR_RETURN(const int64_t forwards, counts_[index].In(total, cancelled));
  return Pick{.split = index, .forward_count = forwards, .slowdown = Slowdown(index, forwards)};
}

absl::StatusOr<std::optional<Pick>> TradeOff::In(int64_t total, const CancelCheck& cancelled) {
  std::optional<Pick> taken;
  LinkChooser chooser(/*measured=*/!splits_.by_rule);
  for (size_t index = 0; index < splits(); ++index) {
    ASSIGN_OR_RETURN(const std::optional<Pick> pick, Of(index, total, cancelled));
    if (!pick) continue;
    if (chooser.Offer(pick->forward_count, split(index).sizing.links, split(index).costs)) taken = *pick;
    if (chooser.settled()) break;
  }
  return taken;
}

absl::StatusOr<std::optional<Pick>> TradeOff::UpTo(int64_t total, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(SetLimits(cancelled));
  std::optional<Pick> fastest;
  for (size_t index = 0; index < splits(); ++index) {
    ASSIGN_OR_RETURN(const std::optional<Pick> pick, Of(index, std::min(total, limits_[index]), cancelled));
    if (pick && (!fastest || pick->slowdown < fastest->slowdown)) fastest = *pick;
  }
  return fastest;
}

absl::Status TradeOff::SetLimits(const CancelCheck& cancelled) {
  if (!limits_.empty()) return absl::OkStatus();
  int64_t limit = kMaxBytes;
  std::vector<int64_t> limits;
  for (size_t index = 0; index < splits(); ++index) {
    limits.push_back(limit);
    if (!splits_.by_rule || counts_[index].least_total() > limit) continue;
    // The smallest total up to the limit in which this split satisfies the rule.
    int64_t low = counts_[index].least_total();
    int64_t high = limit + 1;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      ASSIGN_OR_RETURN(const std::optional<Pick> pick, Of(index, middle, cancelled));
      LinkChooser rule(/*measured=*/false);
      rule.Offer(pick->forward_count, split(index).sizing.links, split(index).costs);
      if (rule.settled()) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    limit = low - 1;
  }
  limits_ = std::move(limits);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<int64_t>> TradeOff::Smallest(double slowdown, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const std::optional<Pick> fastest, UpTo(most_total(), cancelled));
  if (!fastest || fastest->slowdown > slowdown) return std::nullopt;
  ASSIGN_OR_RETURN(const int64_t total, Smallest(slowdown, 0, most_total(), cancelled));
  return total;
}

absl::StatusOr<int64_t> TradeOff::Smallest(double slowdown, int64_t low, int64_t high, const CancelCheck& cancelled) {
  // Bisects over offset + n * unit: `first` and `last` are the smallest and largest n within [low, high].
  const int64_t offset = split(0).sizing.fixed_bytes % unit_;
  int64_t first = (std::max(low, least_total()) - offset + unit_ - 1) / unit_;
  int64_t last = (high - offset) / unit_;
  while (first < last) {
    const int64_t middle = first + (last - first) / 2;
    ASSIGN_OR_RETURN(const std::optional<Pick> pick, UpTo(offset + middle * unit_, cancelled));
    if (pick && pick->slowdown <= slowdown) {
      last = middle;
    } else {
      first = middle + 1;
    }
  }
  return offset + last * unit_;
}

}  // namespace recurve
