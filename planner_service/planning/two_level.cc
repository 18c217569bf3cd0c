// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/two_level.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// The most states that a schedule can hold in a store.
int64_t StatesIn(const TwoLevelRequest::Store& store, const TwoLevelRequest& request) {
  return std::min(store.bytes / request.state_bytes, request.length - 1);
}

// A run of links, the states stored before its start state, and where that state is stored.
struct Part {
  int64_t length = 0;
  int64_t on_device = 0;
  int64_t on_host = 0;
  Level start = Level::kDevice;
  friend bool operator==(const Part&, const Part&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Part& part) {
    return H::combine(std::move(h), part.length, part.on_device, part.on_host, part.start);
  }
};

class TwoLevelTable {
 public:
  explicit TwoLevelTable(const TwoLevelRequest& request)
      : request_(request),
        device_states_(StatesIn(request.device, request)),
        host_states_(StatesIn(request.host, request)),
        rows_((device_states_ + 1) * (host_states_ + 1) * 2),
        swept_(request.length),
        right_backwards_(request.length) {}

  absl::Status Solve(const CancelCheck& cancelled) {
    for (int64_t on_device = device_states_; on_device >= 0; --on_device) {
      for (int64_t on_host = host_states_; on_host >= 0; --on_host) {
        for (const Level start : {Level::kDevice, Level::kHost}) {
          if (!SolveRow({.on_device = on_device, .on_host = on_host, .start = start}, cancelled)) {
            return absl::CancelledError("planning was cancelled");
          }
        }
      }
    }
    return absl::OkStatus();
  }

  int64_t cost(const Part& part) const { return rows_[RowOf(part)][part.length]; }
  int64_t host_states() const { return host_states_; }

  DecisionFor<Part> Decide(const Part& part) const;

 private:
  const TwoLevelRequest::Store& StoreOf(Level level) const {
    return level == Level::kHost ? request_.host : request_.device;
  }
  size_t RowOf(const Part& part) const {
    const int64_t cell = part.on_device * (host_states_ + 1) + part.on_host;
    return 2 * cell + (part.start == Level::kHost ? 1 : 0);
  }
  // The longest run that can be taped whole.
  int64_t Leaf(const Part& part) const {
    if (part.start == Level::kHost) return 1;
    const int64_t free = request_.device.bytes - part.on_device * request_.state_bytes;
    if (request_.tape_bytes > free) return 1;
    return 2 + (free - request_.tape_bytes) / (request_.tape_bytes + request_.state_bytes);
  }
  // The right part of `length` links with its start state at `level`; nullopt if that store is full.
  std::optional<Part> Right(Part part, int64_t length, Level level) const {
    int64_t& stored = level == Level::kHost ? part.on_host : part.on_device;
    if (++stored > (level == Level::kHost ? host_states_ : device_states_)) return std::nullopt;
    part.length = length;
    part.start = level;
    return part;
  }
  // The cost of storing the start state of a right part of `length` links and doing that part.
  int64_t CostOfRight(const Part& part, int64_t length) const {
    if (length == 1) return 0;  // swept; nothing is stored
    int64_t least = kSaturated;
    for (const Level level : {Level::kDevice, Level::kHost}) {
      const std::optional<Part> right = Right(part, length, level);
      if (right) least = std::min(least, StoreOf(level).write_cost + cost(*right));
    }
    return least;
  }
  // The run of `part` with its start state copied from the host to the device.
  std::optional<Part> Fetched(const Part& part) const {
    return part.start == Level::kHost ? Right(part, part.length, Level::kDevice) : std::nullopt;
  }
  bool SolveRow(Part part, const CancelCheck& cancelled);

  const TwoLevelRequest& request_;
  const int64_t device_states_;
  const int64_t host_states_;
  std::vector<std::vector<int64_t>> rows_;  // by stored states and start; by length
  // For the row being solved. A split of n links after y costs swept_[y] + right_backwards_[N - n + y]; both are read
  // forwards, so that the loop over y vectorizes.
  std::vector<int64_t> swept_;
  std::vector<int64_t> right_backwards_;
};

bool TwoLevelTable::SolveRow(Part part, const CancelCheck& cancelled) {
  constexpr int64_t kLengthsBetweenPolls = 128;
  const int64_t longest = request_.length;
  const int64_t leaf = Leaf(part);
  const int64_t read = StoreOf(part.start).read_cost;
  std::vector<int64_t>& row = rows_[RowOf(part)];
  row.assign(longest + 1, 0);
  for (int64_t n = 1; n <= longest; ++n) {
    if (n % kLengthsBetweenPolls == 1 && cancelled && cancelled()) return false;
    part.length = n;
    if (n > leaf) {
      const int64_t* right = right_backwards_.data() + (longest - n);
      int64_t least = kSaturated;
      for (int64_t y = 1; y < n; ++y) least = std::min(least, swept_[y] + right[y]);
      row[n] = least + read;
      if (const std::optional<Part> fetched = Fetched(part)) {
        row[n] = std::min(row[n], request_.device.write_cost + cost(*fetched));
      }
    }
    if (n == longest) break;
    swept_[n] = n * request_.forward_cost + row[n];
    right_backwards_[longest - n] = CostOfRight(part, n);
  }
  return true;
}

DecisionFor<Part> TwoLevelTable::Decide(const Part& part) const {
  const int64_t n = part.length;
  if (n <= Leaf(part)) return {.kind = Run::Kind::kTapeAll};
  const int64_t least = cost(part);
  if (const std::optional<Part> fetched = Fetched(part);
      fetched && request_.device.write_cost + cost(*fetched) == least) {
    return {.kind = Run::Kind::kFetch, .left = fetched};
  }
  for (int64_t y = n - 1; y >= 1; --y) {
    Part left = part;
    left.length = y;
    const int64_t without_right = y * request_.forward_cost + StoreOf(part.start).read_cost + cost(left);
    if (without_right + CostOfRight(part, n - y) != least) continue;
    if (y == n - 1) return {.kind = Run::Kind::kSweepLast, .left = left};
    for (const Level level : {Level::kDevice, Level::kHost}) {
      const std::optional<Part> right = Right(part, n - y, level);
      if (!right || without_right + StoreOf(level).write_cost + cost(*right) != least) continue;
      return {.kind = level == Level::kHost ? Run::Kind::kSplitHost : Run::Kind::kSplit, .left = left, .right = right};
    }
  }
  return {};  // not reached: one of them attains the minimum cost
}

}  // namespace

int64_t CountTwoLevelSteps(const TwoLevelRequest& request) {
  const int64_t cells = SaturatingMultiply(StatesIn(request.device, request) + 1, StatesIn(request.host, request) + 1);
  return SaturatingMultiply(cells, request.length * request.length);
}

absl::StatusOr<TwoLevelPlan> SolveTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) {
  TwoLevelTable table(request);
  RETURN_IF_ERROR(table.Solve(cancelled));
  const Part whole = {.length = request.length, .start = request.start};
  ASSIGN_OR_RETURN(Schedule schedule, BuildSchedule(
                                          whole, [&table](const Part& part) { return table.Decide(part); }, cancelled));
  Part without_host = whole;
  without_host.on_host = table.host_states();
  const int64_t taped = request.length * (request.taped_forward_cost + request.backward_cost);
  TwoLevelPlan plan;
  plan.cost = taped + table.cost(whole);
  plan.device_only_cost = taped + table.cost(without_host);
  plan.schedule = std::move(schedule);
  return plan;
}

}  // namespace recurve
