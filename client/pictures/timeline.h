// SPDX-License-Identifier: Apache-2.0
//
// A drawable schedule: where in the sequence work is done over time, what is stored meanwhile, and the fill of the
// store. Its size is bounded, however long the schedule is.
#ifndef RECURVE_CLIENT_PICTURES_TIMELINE_H_
#define RECURVE_CLIENT_PICTURES_TIMELINE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Positions are measured in links: link j covers [j, j + 1), state j lies at j. Times are sums of LinkCosts.
struct Timeline {
  // The resolution of the timeline.
  enum class Detail : uint8_t {
    kLinks,    // every link of every action
    kActions,  // every action
    kPixels,   // cells of a grid of kColumns times kRows
  };
  static constexpr int kColumns = 1000;
  static constexpr int kRows = 320;
  static constexpr int64_t kMostLinks = 64;         // in a chain drawn link by link
  static constexpr int64_t kMostLinkSteps = 2'500;  // forwards and backwards in such a chain
  static constexpr size_t kMostShapes = 6'000;      // spans and intervals drawn action by action

  // A line of work: up for forwards, down for backwards. kPixels: a vertical line, the cells touched in one column.
  struct LinkSpan {
    enum class Work : uint8_t { kForward, kTapedForward, kBackward };
    Work work = Work::kForward;
    double begin = 0, end = 0;  // time
    double from = 0, to = 0;    // position
  };

  // A stored state (from == to), or the stored tapes of adjacent links with the states between them. Tapes are stored
  // and dropped at times that change linearly from `from` to `to`.
  struct StoredInterval {
    bool tapes = false;
    double from = 0, to = 0;                        // position
    double stored_at_from = 0, stored_at_to = 0;    // time
    double dropped_at_from = 0, dropped_at_to = 0;  // time
  };

  // The fill of the store at `time`, linear between one Fill and the next; two with the same time are a jump. kPixels:
  // the maximum of each column, at both of its ends.
  struct Fill {
    double time = 0;
    int64_t states = 0;
    int64_t tapes = 0;
  };

  Detail detail = Detail::kLinks;
  int64_t links = 0;
  double duration = 0;               // of the schedule
  double store_all_duration = 0;     // of store-all: no link is run twice
  std::vector<LinkSpan> work;        // in order of time
  std::vector<StoredInterval> kept;  // in the order in which they are dropped
  std::vector<Fill> fill;            // in order of time; two per span or, with kPixels, per column
  Fill peak;                         // the first moment with the most bytes
};

// `costs` are per link, in any unit of time. `plan` must be feasible; its schedule is replayed, and FAILED_PRECONDITION
// reports an error in it. The peak is that of the ReplayMachine for states of `state_size` and tapes of `tape_size`.
// O(actions) time; memory for what is stored at once and for the timeline.
//
//   absl::StatusOr<Timeline> timeline = MakeTimeline(plan, LinkCosts{1, 1, 2}, 524288, 1048576);
absl::StatusOr<Timeline> MakeTimeline(const Plan& plan, const LinkCosts& costs, int64_t state_size, int64_t tape_size);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_TIMELINE_H_
