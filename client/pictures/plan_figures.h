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

// What a picture of a plan shows and says. Sizes are bytes, or for a plan in the paper's slots multiples of one hidden
// state: a tape is then the rest of an internal state, and the start state is not counted.
struct PlanFigures {
  Strategy strategy = Strategy::kAuto;
  bool in_slots = false;
  bool in_seconds = false;  // the costs were given; else a forward takes 1 and a backward 2, as in the paper
  int64_t state_size = 0;
  int64_t tape_size = 0;
  double budget = 0;
  double peak = 0;
  double store_all = 0;  // what is stored when every tape is kept
  int64_t forward_count = 0;
  Timeline timeline;

  double Size(const Timeline::Fill& fill) const {
    return static_cast<double>(fill.states) * static_cast<double>(state_size) +
           static_cast<double>(fill.tapes) * static_cast<double>(tape_size);
  }
  double Slowdown() const { return timeline.duration / timeline.store_all_duration; }
  std::string SizeText(double size) const;  // "14.5MiB", "12 states"
  std::string TimeText(double time) const;  // "1.2 s", "340"
  std::string TimeUnit() const;             // what an axis of time is labelled with

  // "1,000 links in 75MiB: 5.0 % of store-all's memory, 1.32x its time".
  std::string Headline() const;
  std::string Subtitle() const;
  // What is traded for what, and how to read the picture: a few short paragraphs.
  std::vector<std::string> Explanation() const;
};

// `plan` must be feasible and the answer to `request`. Errors as of MakeTimeline.
absl::StatusOr<PlanFigures> FiguresOf(const PlanRequest& request, const Plan& plan);

// Bytes that the store holds when every tape of a chain is kept.
double StoreAllSize(int64_t links, int64_t state_size, int64_t tape_size);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_FIGURES_H_
