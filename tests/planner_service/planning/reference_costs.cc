// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/planning/reference_costs.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <unordered_map>

namespace recurve {
namespace {

using Row = std::vector<int64_t>;

}  // namespace

std::vector<int64_t> ReferenceHsm(int64_t longest, int64_t slots) {
  Row fewer;
  for (int64_t m = 1; m <= slots; ++m) {
    Row row(longest + 1, 0);
    for (int64_t t = 1; t <= longest; ++t) {
      if (m == 1) {
        row[t] = t * (t + 1) / 2;
      } else if (m >= t) {
        row[t] = 2 * t - 1;
      } else {
        row[t] = INT64_MAX;
        for (int64_t y = 1; y < t; ++y) row[t] = std::min(row[t], y + fewer[t - y] + row[y]);
      }
    }
    fewer = row;
  }
  return fewer;
}

std::vector<int64_t> ReferenceIsm(int64_t longest, int64_t slots) {
  Row fewer;
  for (int64_t m = 1; m <= slots; ++m) {
    Row row(longest + 1, 0);
    for (int64_t t = 1; t <= longest; ++t) {
      if (m == 1) {
        row[t] = t * (t + 1) / 2;
      } else if (m >= t) {
        row[t] = t;
      } else {
        row[t] = INT64_MAX;
        for (int64_t y = 1; y <= t; ++y) row[t] = std::min(row[t], y + fewer[t - y] + row[y - 1]);
      }
    }
    fewer = row;
  }
  return fewer;
}

std::vector<int64_t> ReferenceMsm(int64_t longest, int64_t slots, int64_t alpha) {
  std::vector<Row> rows(slots + 1);
  for (int64_t m = 1; m <= slots; ++m) {
    Row& row = rows[m];
    row.assign(longest + 1, 0);
    for (int64_t t = 1; t <= longest; ++t) {
      row[t] = t + row[t - 1];  // the internal state of the last link serves an empty right part
      for (int64_t y = 1; y < t; ++y) {
        if (m > 1) row[t] = std::min(row[t], y + row[y] + rows[m - 1][t - y]);
        if (m > alpha) row[t] = std::min(row[t], y + row[y - 1] + rows[m - alpha][t - y]);
      }
    }
  }
  return rows[slots];
}

std::vector<int64_t> ReferenceAuto(int64_t longest, int64_t state_bytes, int64_t tape_bytes, int64_t budget_bytes) {
  // By number of links. Narrow integers and arrays read in one direction, so that the compiler vectorizes.
  std::vector<int32_t> swept(longest + 1);                    // y + V(y, level)
  std::vector<int32_t> row(longest + 1);                      // V(n, level)
  std::vector<int32_t> reversed(longest + 1, INT32_MAX / 2);  // reversed[longest - n]: V(n, level + 1)
  for (int64_t level = std::min(longest, budget_bytes / state_bytes); level >= 0; --level) {
    const int64_t room = budget_bytes - level * state_bytes;
    for (int64_t n = 1; n <= longest; ++n) {
      int64_t best = n;
      if (n > 1 && (n - 1) * tape_bytes + (n - 2) * state_bytes > room) {
        const int32_t* further = &reversed[longest - n];
        int32_t least = static_cast<int32_t>(n) + row[n - 1];
        for (int64_t y = 1; y < n; ++y) least = std::min(least, swept[y] + further[y]);
        best = least;
      }
      row[n] = static_cast<int32_t>(best);
      swept[n] = static_cast<int32_t>(n + best);
    }
    std::reverse_copy(row.begin(), row.end(), reversed.begin());
  }
  return {row.begin(), row.end()};
}

namespace {

// What is live in the machine. States and tapes are bit sets.
struct Machine {
  int gradient;   // links [0, gradient) are still to be reversed
  int current;    // running state
  bool previous;  // state current - 1 is also running
  unsigned states;
  unsigned tapes;

  uint64_t Key() const {
    return static_cast<uint64_t>(gradient) | static_cast<uint64_t>(current) << 4 |
           static_cast<uint64_t>(previous) << 8 | static_cast<uint64_t>(states) << 9 |
           static_cast<uint64_t>(tapes) << 25;
  }
  bool Has(int state) const {
    return state == 0 || (states >> state & 1) != 0 || state == current || (previous && state == current - 1);
  }
};

class Search {
 public:
  Search(int length, int64_t state_bytes, int64_t tape_bytes, int64_t budget_bytes)
      : state_bytes_(state_bytes), tape_bytes_(tape_bytes), budget_bytes_(budget_bytes) {
    Reach({.gradient = length, .current = 0, .previous = false, .states = 0, .tapes = 0}, 0, true);
  }

  int64_t Run() {
    while (true) {
      const auto [machine, cost] = queue_.front();
      queue_.pop_front();
      if (best_[machine.Key()] < cost) continue;
      if (machine.gradient == 0) return cost;
      Expand(machine, cost);
    }
  }

 private:
  void Reach(Machine machine, int64_t cost, bool free) {
    const unsigned useful = (2U << machine.gradient) - 1;
    machine.states &= useful;
    if (std::popcount(machine.states) * state_bytes_ + std::popcount(machine.tapes) * tape_bytes_ > budget_bytes_) {
      return;
    }
    auto [entry, is_new] = best_.try_emplace(machine.Key(), cost);
    if (!is_new && entry->second <= cost) return;
    entry->second = cost;
    if (free) {
      queue_.emplace_front(machine, cost);
    } else {
      queue_.emplace_back(machine, cost);
    }
  }

  void Expand(const Machine& machine, int64_t cost) {
    if (machine.gradient == 0) return;
    const int last = machine.gradient - 1;
    Machine next = machine;
    if (machine.current <= last) {  // forward of link `current`: no tape, or its tape into the store
      next.current = machine.current + 1;
      next.previous = true;
      Reach(next, cost + 1, false);
      next.tapes |= 1U << machine.current;
      Reach(next, cost + 1, false);
      if (machine.current == last) {  // or its tape into the working set, followed by its reverse
        next.tapes = machine.tapes;
        next.gradient = last;
        Reach(next, cost + 1, false);
      }
    }
    if ((machine.tapes >> last & 1) != 0 && machine.Has(last) && machine.Has(last + 1)) {
      next = machine;
      next.tapes &= ~(1U << last);
      next.gradient = last;
      Reach(next, cost, true);
    }
    if (machine.current > 0) {  // store the running state
      next = machine;
      next.states |= 1U << machine.current;
      Reach(next, cost, true);
    }
    for (int state = 0; state <= machine.gradient; ++state) {
      if (state > 0 && (machine.states >> state & 1) == 0) continue;
      next = machine;
      next.current = state;
      next.previous = false;
      Reach(next, cost, true);
      if (state == 0) continue;
      next = machine;
      next.states &= ~(1U << state);
      Reach(next, cost, true);
    }
    for (int link = 0; link <= last; ++link) {
      if ((machine.tapes >> link & 1) == 0) continue;
      next = machine;
      next.tapes &= ~(1U << link);
      Reach(next, cost, true);
    }
  }

  const int64_t state_bytes_;
  const int64_t tape_bytes_;
  const int64_t budget_bytes_;
  std::unordered_map<uint64_t, int64_t> best_;
  std::deque<std::pair<Machine, int64_t>> queue_;
};

}  // namespace

int64_t ExhaustiveCount(int length, int64_t state_bytes, int64_t tape_bytes, int64_t budget_bytes) {
  return Search(length, state_bytes, tape_bytes, budget_bytes).Run();
}

}  // namespace recurve
