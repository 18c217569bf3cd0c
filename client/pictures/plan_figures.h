// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PLAN_FIGURES_H_
#define RECURVE_CLIENT_PICTURES_PLAN_FIGURES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/pictures/timeline.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// The contents of a picture of a plan. Sizes are bytes or, for a plan in the paper's slots, multiples of one hidden
// state: a tape is then the rest of an internal state, and the start state is not counted.
struct PlanFigures {
  Strategy strategy = Strategy::kAuto;
  bool in_slots = false;
  bool in_seconds = false;  // costs were given; otherwise a forward takes 1 and a backward 2, as in the paper
  int64_t state_size = 0;
  int64_t tape_size = 0;
  double budget = 0;
  double peak = 0;
  double store_all = 0;  // what store-all stores
  int64_t forward_count = 0;
  Timeline timeline;

  double Size(const Timeline::Fill& fill) const {
    return static_cast<double>(fill.states) * static_cast<double>(state_size) +
           static_cast<double>(fill.tapes) * static_cast<double>(tape_size);
  }
  double Slowdown() const { return timeline.duration / timeline.store_all_duration; }
  std::string SizeText(double size) const;  // "14.5MiB", "12 states"
  std::string TimeText(double time) const;  // "1.2 s", "340"
  std::string TimeUnit() const;             // the title of an axis of time

  // "1,000 links in 75MiB: 5.0 % of store-all's memory, 1.32x its time".
  std::string Headline() const;
  std::string Subtitle() const;
  // A few short paragraphs: the trade-off and how to read the picture.
  std::vector<std::string> Explanation() const;
};

// `plan` must be feasible and the answer to `request`. Errors as of MakeTimeline.
absl::StatusOr<PlanFigures> FiguresOf(const PlanRequest& request, const Plan& plan);

// The bytes stored by store-all.
double StoreAllSize(int64_t links, int64_t state_size, int64_t tape_size);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_FIGURES_H_
