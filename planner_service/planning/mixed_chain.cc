// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/mixed_chain.h"

#include <algorithm>

namespace recurve {
namespace {

// Points visited by all splits together, a few seconds, and points kept, 128 MiB.
constexpr int64_t kMaxPointsVisited = int64_t{1} << 28;
constexpr int64_t kMaxPointsKept = int64_t{1} << 23;
constexpr int64_t kLeastPoints = 64;

// Joins adjacent segments that differ only in their number of links.
std::vector<ChainSegment> Merged(const std::vector<ChainSegment>& segments) {
  std::vector<ChainSegment> merged;
  for (const ChainSegment& segment : segments) {
    ChainSegment same = segment;
    if (!merged.empty()) same.links = merged.back().links;
    if (!merged.empty() && same == merged.back()) {
      merged.back().links += segment.links;
    } else {
      merged.push_back(segment);
    }
  }
  return merged;
}

// The number of distinct sub-chains, and of ways to split them.
struct Work {
  int64_t chains = 0;
  int64_t splits = 0;
};

Work CountWork(const std::vector<ChainSegment>& segments) {
  const std::vector<ChainSegment> merged = Merged(segments);
  Work work;
  for (size_t i = 0; i < merged.size(); ++i) {
    const int64_t n = merged[i].links;
    work.chains += n;
    work.splits += n * (n - 1) / 2;
    int64_t between = 0;
    for (size_t j = i + 1; j < merged.size(); ++j) {
      // p links of segment i and q of segment j: the sum of p + between + q - 1 over 1..n and 1..m.
      const int64_t m = merged[j].links;
      work.chains += n * m;
      work.splits += n * m * (between - 1) + m * n * (n + 1) / 2 + n * m * (m + 1) / 2;
      between += m;
    }
  }
  return work;
}

size_t PointsFor(const Work& work, int64_t most) {
  const int64_t by_time = kMaxPointsVisited / std::max<int64_t>(work.splits, 1);
  const int64_t by_memory = kMaxPointsKept / std::max<int64_t>(work.chains, 1);
  return static_cast<size_t>(std::min(most, std::max(std::min(by_time, by_memory), kLeastPoints)));
}

}  // namespace

LinkSums SumLinks(const std::vector<ChainSegment>& segments) {
  std::vector<LinkSums::Link> links;
  for (const ChainSegment& segment : segments) {
    links.insert(
        links.end(), segment.links,
        {.state_bytes = segment.state_bytes, .tape_bytes = segment.tape_bytes, .forward_cost = segment.forward_cost});
  }
  return LinkSums(links);
}

int64_t CountSplits(const std::vector<ChainSegment>& segments) { return CountWork(segments).splits; }

MixedChain::MixedChain(const std::vector<ChainSegment>& segments, const LinkSums& sums, int64_t max_bytes,
                       int64_t max_points, Rounding rounding)
    : sums_(sums), builder_(max_bytes, PointsFor(CountWork(segments), max_points), rounding) {
  for (const ChainSegment& segment : Merged(segments)) {
    const auto begin = static_cast<int64_t>(segment_begin_.size());
    segment_begin_.insert(segment_begin_.end(), segment.links, begin);
    segment_end_.insert(segment_end_.end(), segment.links, begin + segment.links);
  }
}

absl::Status MixedChain::Solve(const CancelCheck& cancelled) {
  const int64_t length = sums_.length();
  frontiers_.assign(length, {});
  // By decreasing begin, so that the right part of every split is known; by increasing length, so that the left is.
  for (int64_t begin = length - 1; begin >= 0; --begin) {
    const auto solve = [&](int64_t first, int64_t from, int64_t to) {
      for (int64_t end = from; end <= to && !(cancelled && cancelled()); ++end) {
        frontiers_[first].push_back(Best(first, end));
      }
    };
    // Sub-chains within a segment are stored under its first link, and needed as soon as its last link is reached.
    const int64_t segment_end = segment_end_[begin];
    if (segment_end == begin + 1) solve(segment_begin_[begin], segment_begin_[begin] + 1, segment_end);
    solve(begin, segment_end + 1, length);
    if (cancelled && cancelled()) return absl::CancelledError("planning was cancelled");
  }
  return absl::OkStatus();
}

const ParetoFrontier& MixedChain::At(int64_t begin, int64_t end) const {
  const int64_t first = FirstLike(begin, end);
  const bool starts_segment = segment_begin_[first] == first;
  const int64_t own = starts_segment ? first + 1 : segment_end_[first] + 1;
  return frontiers_[first][first + end - begin - own];
}

ParetoFrontier MixedChain::Best(int64_t begin, int64_t end) {
  static const ParetoFrontier kNothing = {{.bytes = 0, .cost = 0}};
  if (end - begin == 1) return kNothing;
  builder_.Add(kNothing, TapeAllBytes(begin, end), 0);
  builder_.Add(At(begin + 1, end), TapeFirstBytes(begin), 0);
  builder_.Add(At(begin, end - 1), 0, sums_.ForwardCost(begin, end - 1));
  for (int64_t middle = begin + 1; middle < end - 1; ++middle) {
    builder_.AddSplit(At(begin, middle), At(middle, end), sums_.StateBytes(middle, middle + 1),
                      sums_.ForwardCost(begin, middle));
  }
  return builder_.Take();
}

int64_t MixedChain::TapeAllBytes(int64_t begin, int64_t end) const {
  return sums_.TapeBytes(begin, end - 1) + sums_.StateBytes(begin + 1, std::max(begin + 1, end - 1));
}

int64_t MixedChain::TapeFirstBytes(int64_t begin) const {
  return sums_.TapeBytes(begin, begin + 1) + sums_.StateBytes(begin + 1, begin + 2);
}

MixedChain::Part MixedChain::PartOf(int64_t begin, int64_t end, int64_t bytes) const {
  return {.begin = FirstLike(begin, end), .length = end - begin, .bytes = PointWithin(At(begin, end), bytes).bytes};
}

DecisionFor<MixedChain::Part> MixedChain::Decide(const Part& part) const {
  const int64_t begin = part.begin;
  const int64_t end = begin + part.length;
  if (TapeAllBytes(begin, end) <= part.bytes) return {.kind = Run::Kind::kTapeAll};
  const int64_t cost = PointWithin(At(begin, end), part.bytes).cost;
  const auto cost_of = [&](int64_t from, int64_t to, int64_t bytes) { return PointWithin(At(from, to), bytes).cost; };
  if (const int64_t rest = part.bytes - TapeFirstBytes(begin); rest >= 0 && cost_of(begin + 1, end, rest) <= cost) {
    return {.kind = Run::Kind::kSplitTape, .right = PartOf(begin + 1, end, rest)};
  }
  for (int64_t middle = begin + 1; middle < end - 1; ++middle) {
    const int64_t rest = part.bytes - sums_.StateBytes(middle, middle + 1);
    const int64_t forward = sums_.ForwardCost(begin, middle);
    if (rest < 0 || forward > cost) continue;
    if (forward + cost_of(begin, middle, part.bytes) + cost_of(middle, end, rest) > cost) continue;
    return {.kind = Run::Kind::kSplit, .left = PartOf(begin, middle, part.bytes), .right = PartOf(middle, end, rest)};
  }
  return {.kind = Run::Kind::kSweepLast, .left = PartOf(begin, end - 1, part.bytes)};
}

absl::StatusOr<Schedule> MixedChain::MakeSchedule(int64_t bytes, const CancelCheck& cancelled) const {
  return BuildSchedule(
      PartOf(0, sums_.length(), bytes), [this](const Part& part) { return Decide(part); }, cancelled);
}

}  // namespace recurve
