// SPDX-License-Identifier: Apache-2.0
#include "planner_service/advice/trade_off.h"

#include <algorithm>
#include <numeric>

#include "executor/job/link_sizing.h"

namespace recurve {

absl::StatusOr<TradeOff> TradeOff::Make(Cuts cuts, Strategy strategy, Planner& planner) {
  TradeOff trade_off(std::move(cuts), strategy);
  const std::vector<Cut>& all = trade_off.cuts_.cuts;
  trade_off.unit_ = 0;
  for (const Cut& cut : all) {
    absl::StatusOr<ForwardCounts> counts = ForwardCounts::Make(cut.sizing, strategy, planner);
    if (!counts.ok()) return counts.status();
    const int64_t offset = cut.sizing.fixed_bytes - all.front().sizing.fixed_bytes;
    trade_off.unit_ = std::gcd(std::gcd(trade_off.unit_, offset), counts->unit());
    trade_off.references_.push_back(trade_off.cuts_.ReferenceTime(cut));
    trade_off.counts_.push_back(*std::move(counts));
  }
  return trade_off;
}

size_t TradeOff::least_cut() const {
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
  const absl::StatusOr<int64_t> forwards = counts_[index].In(total, cancelled);
  if (!forwards.ok()) return forwards.status();
  return Pick{.cut = index, .forward_count = *forwards, .slowdown = Slowdown(index, *forwards)};
}

absl::StatusOr<std::optional<Pick>> TradeOff::In(int64_t total, const CancelCheck& cancelled) {
  std::optional<Pick> taken;
  LinkChooser chooser(/*measured=*/!cuts_.by_rule);
  for (size_t index = 0; index < cuts(); ++index) {
    const absl::StatusOr<std::optional<Pick>> pick = Of(index, total, cancelled);
    if (!pick.ok()) return pick.status();
    if (!*pick) continue;
    if (chooser.Offer((*pick)->forward_count, cut(index).sizing.links, cut(index).costs)) taken = **pick;
    if (chooser.settled()) break;
  }
  return taken;
}

absl::StatusOr<std::optional<Pick>> TradeOff::UpTo(int64_t total, const CancelCheck& cancelled) {
  if (absl::Status status = SetLimits(cancelled); !status.ok()) return status;
  std::optional<Pick> fastest;
  for (size_t index = 0; index < cuts(); ++index) {
    const absl::StatusOr<std::optional<Pick>> pick = Of(index, std::min(total, limits_[index]), cancelled);
    if (!pick.ok()) return pick.status();
    if (*pick && (!fastest || (*pick)->slowdown < fastest->slowdown)) fastest = **pick;
  }
  return fastest;
}

absl::Status TradeOff::SetLimits(const CancelCheck& cancelled) {
  if (!limits_.empty()) return absl::OkStatus();
  int64_t limit = kMaxBytes;
  std::vector<int64_t> limits;
  for (size_t index = 0; index < cuts(); ++index) {
    limits.push_back(limit);
    if (!cuts_.by_rule || counts_[index].least_total() > limit) continue;
    // The smallest total up to the limit in which this cut settles the rule.
    int64_t low = counts_[index].least_total();
    int64_t high = limit + 1;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const absl::StatusOr<std::optional<Pick>> pick = Of(index, middle, cancelled);
      if (!pick.ok()) return pick.status();
      LinkChooser rule(/*measured=*/false);
      rule.Offer((*pick)->forward_count, cut(index).sizing.links, cut(index).costs);
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
  const absl::StatusOr<std::optional<Pick>> fastest = UpTo(most_total(), cancelled);
  if (!fastest.ok()) return fastest.status();
  if (!*fastest || (*fastest)->slowdown > slowdown) return std::nullopt;
  const absl::StatusOr<int64_t> total = Smallest(slowdown, 0, most_total(), cancelled);
  if (!total.ok()) return total.status();
  return *total;
}

absl::StatusOr<int64_t> TradeOff::Smallest(double slowdown, int64_t low, int64_t high, const CancelCheck& cancelled) {
  // Multiples of the unit, from the smallest that is no less than `low` to the largest that is no more than `high`.
  const int64_t offset = cut(0).sizing.fixed_bytes % unit_;
  int64_t first = (std::max(low, least_total()) - offset + unit_ - 1) / unit_;
  int64_t last = (high - offset) / unit_;
  while (first < last) {
    const int64_t middle = first + (last - first) / 2;
    const absl::StatusOr<std::optional<Pick>> pick = UpTo(offset + middle * unit_, cancelled);
    if (!pick.ok()) return pick.status();
    if (*pick && (*pick)->slowdown <= slowdown) {
      last = middle;
    } else {
      first = middle + 1;
    }
  }
  return offset + last * unit_;
}

}  // namespace recurve
