// SPDX-License-Identifier: Apache-2.0
//
// A schedule as something to draw: where in the sequence work is done over time, what is kept meanwhile, and how full
// that makes the store. Of bounded size, however long the schedule is.
#ifndef RECURVE_CLIENT_PICTURES_TIMELINE_H_
#define RECURVE_CLIENT_PICTURES_TIMELINE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Positions are measured in links: link j covers [j, j + 1), state j lies at j. Times are sums of LinkCosts.
struct Timeline {
  // How fine the timeline is.
  enum class Detail : uint8_t {
    kLinks,    // every link of every action by itself
    kActions,  // every action by itself
    kPixels,   // what falls into one cell of a grid of kColumns times kRows is one
  };
  static constexpr int kColumns = 1000;
  static constexpr int kRows = 320;
  static constexpr int64_t kMostLinks = 64;         // of a chain drawn link by link
  static constexpr int64_t kMostLinkSteps = 2'500;  // forwards and backwards of those
  static constexpr size_t kMostShapes = 6'000;      // stretches and stays drawn action by action

  // A line of work: up for forwards, down for backwards. kPixels: a vertical line, what was touched in one column.
  struct LinkSpan {
    enum class Work : uint8_t { kForward, kTapedForward, kBackward };
    Work work = Work::kForward;
    double begin = 0, end = 0;  // time
    double from = 0, to = 0;    // position
  };

  // Something in the store: a state (from == to) or the tapes of neighbouring links with the states between them. Of
  // tapes those at `from` and at `to` come and go at different times; between them it is a straight line.
  struct StoredInterval {
    bool tapes = false;
    double from = 0, to = 0;                        // position
    double stored_at_from = 0, stored_at_to = 0;    // time
    double dropped_at_from = 0, dropped_at_to = 0;  // time
  };

  // What the store holds at `time`: straight lines between one Fill and the next; two with the same time are a jump.
  // kPixels: the fullest moment of each column, at both of its ends.
  struct Fill {
    double time = 0;
    int64_t states = 0;
    int64_t tapes = 0;
  };

  Detail detail = Detail::kLinks;
  int64_t links = 0;
  double duration = 0;               // of the schedule
  double store_all_duration = 0;     // of keeping every tape: no link is run twice
  std::vector<LinkSpan> work;        // in order of time
  std::vector<StoredInterval> kept;  // in the order in which they are dropped
  std::vector<Fill> fill;            // in order of time; two for each stretch, or with kPixels for each column
  Fill peak;                         // the first moment with the most bytes
};

// `costs` are those of one link, in any unit of time. `plan` must be feasible; its schedule is replayed, and
// FAILED_PRECONDITION says what is wrong with it. The peak is the one of the ReplayMachine for states of `state_size`
// and tapes of `tape_size`. O(actions) time, memory for what is stored at once and for the timeline.
//
//   absl::StatusOr<Timeline> timeline = MakeTimeline(plan, LinkCosts{1, 1, 2}, 524288, 1048576);
absl::StatusOr<Timeline> MakeTimeline(const Plan& plan, const LinkCosts& costs, int64_t state_size, int64_t tape_size);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_TIMELINE_H_
