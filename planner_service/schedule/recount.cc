// SPDX-License-Identifier: Apache-2.0
//
// The counts are computed bottom-up over the tree of runs. The peaks of a run cover only what the run itself stores,
// without its start state and anything stored earlier. They are therefore the same wherever the run occurs; a parent
// adds what it has stored when the part starts.
#include "planner_service/schedule/recount.h"

#include <algorithm>
#include <vector>

namespace recurve {
namespace {

struct Counts {
  ReplayResult result;      // of the run
  int64_t start_reads = 0;  // copies of its start state, which `result` does not include
};

class Counter {
 public:
  Counter(const Schedule& schedule, const ReplayCosts& costs) : schedule_(schedule), costs_(costs) {}

  ReplayResult Count() {
    counts_.reserve(schedule_.runs.size());
    for (const Run& run : schedule_.runs) counts_.push_back(CountRun(run));
    ReplayResult result = FromStored(counts_.back(), costs_.start);
    result.peak_paper_bytes += costs_.state_bytes;  // the start state of the chain
    return result;
  }

 private:
  Counts CountRun(const Run& run) const {
    switch (run.kind) {
      case Run::Kind::kTapeAll:
        return CountTapeAll(run);
      case Run::Kind::kSplit:
        return CountSplit(run, Level::kDevice);
      case Run::Kind::kSweepLast:
        return CountSweepLast(run);
      case Run::Kind::kSplitTape:
        return CountSplitTape(run);
      case Run::Kind::kSplitHost:
        return CountSplit(run, Level::kHost);
      case Run::Kind::kFetch:
        return CountFetch(run);
    }
    return {};  // not well formed
  }

  Counts CountTapeAll(const Run& run) const {
    ReplayResult result = {.forward_count = run.length, .taped_count = run.length};
    AddTapes(std::max<int64_t>(0, run.length - 2), run.length - 1, result);
    return {.result = result};
  }

  Counts CountSplit(const Run& run, Level level) const {
    const int64_t swept = run.length - schedule_.runs[run.right].length;
    const int64_t parts = swept / schedule_.runs[run.left].length;
    ReplayResult right = FromStored(counts_[run.right], level);
    AddStates(parts, level, right);
    right.forward_count += swept;
    (level == Level::kHost ? right.host : right.device).writes += parts;
    if (parts > 1) right = OneAfterTheOther(right, LeftParts(run, parts - 1, level));
    return {.result = OneAfterTheOther(right, counts_[run.left].result),
            .start_reads = 1 + counts_[run.left].start_reads};
  }

  // All left parts except the first; they start from states that the split stored.
  ReplayResult LeftParts(const Run& run, int64_t parts, Level level) const {
    ReplayResult result = FromStored(counts_[run.left], level);
    ++(level == Level::kHost ? result.host : result.device).reads;
    result.forward_count *= parts;
    result.taped_count *= parts;
    for (ReplayResult::Transfers* transfers : {&result.device, &result.host}) {
      transfers->writes *= parts;
      transfers->reads *= parts;
    }
    AddStates(parts, level, result);  // the last of them has the most states before it
    return result;
  }

  Counts CountSweepLast(const Run& run) const {
    Counts counts = counts_[run.left];
    const int64_t left = schedule_.runs[run.left].length;
    counts.result.forward_count += run.length * (run.length + 1) / 2 - left * (left + 1) / 2;
    counts.result.taped_count += run.length - left;
    counts.start_reads += run.length - left;
    return counts;
  }

  Counts CountSplitTape(const Run& run) const {
    ReplayResult right = FromStored(counts_[run.right], Level::kDevice);
    // The states before and after the taped link; without a left part, the former is the run's start state.
    AddTapes(run.left < 0 ? 1 : 2, 1, right);
    ++right.device.writes;
    ++right.device.reads;
    ++right.taped_count;
    right.forward_count += run.length - schedule_.runs[run.right].length;
    if (run.left < 0) return {.result = right};
    return {.result = OneAfterTheOther(right, counts_[run.left].result),
            .start_reads = 1 + counts_[run.left].start_reads};
  }

  Counts CountFetch(const Run& run) const {
    ReplayResult result = FromStored(counts_[run.left], Level::kDevice);
    AddStates(1, Level::kDevice, result);
    ++result.device.writes;
    return {.result = result};
  }

  // The counts of a run whose start state is stored at `level`.
  static ReplayResult FromStored(const Counts& counts, Level level) {
    ReplayResult result = counts.result;
    (level == Level::kHost ? result.host : result.device).reads += counts.start_reads;
    return result;
  }

  // Adds states written by write_state.
  void AddStates(int64_t states, Level level, ReplayResult& result) const {
    if (level == Level::kHost) {
      result.host_peak_bytes += states * costs_.state_bytes;
      return;
    }
    AddStored(states, 0, result);
    result.peak_paper_bytes += states * costs_.state_bytes;
  }

  // Adds tapes, and the states stored with them: in the paper's units, one state per tape.
  void AddTapes(int64_t states, int64_t tapes, ReplayResult& result) const {
    AddStored(states, tapes, result);
    result.peak_paper_bytes += tapes * (costs_.state_bytes + costs_.tape_bytes);
  }

  void AddStored(int64_t states, int64_t tapes, ReplayResult& result) const {
    result.peak_bytes += states * costs_.state_bytes + tapes * costs_.tape_bytes;
    result.tape_bytes_at_peak += tapes * costs_.tape_bytes;
    result.peak_states += states;
    result.peak_tapes += tapes;
  }

  static ReplayResult OneAfterTheOther(const ReplayResult& first, const ReplayResult& second) {
    ReplayResult result = second.peak_bytes > first.peak_bytes ? second : first;
    result.forward_count = first.forward_count + second.forward_count;
    result.taped_count = first.taped_count + second.taped_count;
    result.device = Sum(first.device, second.device);
    result.host = Sum(first.host, second.host);
    result.host_peak_bytes = std::max(first.host_peak_bytes, second.host_peak_bytes);
    result.peak_states = std::max(first.peak_states, second.peak_states);
    result.peak_tapes = std::max(first.peak_tapes, second.peak_tapes);
    result.peak_paper_bytes = std::max(first.peak_paper_bytes, second.peak_paper_bytes);
    return result;
  }

  static ReplayResult::Transfers Sum(const ReplayResult::Transfers& a, const ReplayResult::Transfers& b) {
    return {.writes = a.writes + b.writes, .reads = a.reads + b.reads};
  }

  const Schedule& schedule_;
  const ReplayCosts costs_;
  std::vector<Counts> counts_;  // by run
};

}  // namespace

ReplayResult Recount(const Schedule& schedule, const ReplayCosts& costs) { return Counter(schedule, costs).Count(); }

}  // namespace recurve
