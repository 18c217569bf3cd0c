// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/timeline.h"

#include <algorithm>
#include <optional>

#include "client/pictures/pixel_grid.h"
#include "planner_service/schedule/replay_machine.h"

namespace recurve {
namespace {

using Detail = Timeline::Detail;
using Fill = Timeline::Fill;
using StoredInterval = Timeline::StoredInterval;
using LinkSpan = Timeline::LinkSpan;

// Adds actions in order. Keeps them as shapes until there are too many, then rasterizes them into a grid.
class TimelineBuilder {
 public:
  TimelineBuilder(const Plan& plan, const LinkCosts& costs, int64_t state_size, int64_t tape_size)
      : costs_(costs),
        state_size_(static_cast<double>(state_size)),
        tape_size_(static_cast<double>(tape_size)),
        machine_(plan.schedule.length(), {.state_bytes = state_size, .tape_bytes = tape_size}) {
    const int64_t links = plan.schedule.length();
    timeline_.links = links;
    timeline_.duration = PredictSeconds(plan.forward_count, links, costs);
    timeline_.store_all_duration = PredictSeconds(links, links, costs);
    const bool few = links <= Timeline::kMostLinks && plan.forward_count + links <= Timeline::kMostLinkSteps;
    timeline_.detail = few ? Detail::kLinks : Detail::kActions;
  }

  absl::Status Add(const Action& action) {
    const bool works = action.kind == Action::Kind::kForward || action.kind == Action::Kind::kReverse;
    if (!works || timeline_.detail != Detail::kLinks) return AddWhole(action);
    const bool forward = action.kind == Action::Kind::kForward;
    Action link = action;
    for (int64_t i = 0; i < action.end - action.begin; ++i) {
      link.begin = forward ? action.begin + i : action.end - 1 - i;
      link.end = link.begin + 1;
      if (absl::Status status = AddWhole(link); !status.ok()) return status;
      link.write_state = false;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Timeline> Finish() && {
    if (absl::Status status = machine_.Finish().status(); !status.ok()) return status;
    if (grid_) grid_->WriteTo(timeline_);
    return std::move(timeline_);
  }

 private:
  // An entry of the store that is drawn; a state stored with a tape is part of that tape.
  struct Open {
    bool tapes;
    Level level;
    int64_t begin, end;
    double began, ended;  // the forward that stored it
  };

  absl::Status AddWhole(const Action& action) {
    const Fill before = Held();
    if (absl::Status status = machine_.Apply(action); !status.ok()) return status;
    switch (action.kind) {
      case Action::Kind::kForward:
        Forward(action, before);
        break;
      case Action::Kind::kReverse:
        Reverse(action, before);
        break;
      case Action::Kind::kDiscard:
        Discard(action);
        break;
      case Action::Kind::kCopy:
        break;
    }
    return absl::OkStatus();
  }

  Fill Held() const { return {.time = now_, .states = machine_.stored_states(), .tapes = machine_.stored_tapes()}; }

  double BytesOf(const Fill& fill) const {
    return static_cast<double>(fill.states) * state_size_ + static_cast<double>(fill.tapes) * tape_size_;
  }

  void Forward(const Action& action, Fill before) {
    const auto links = static_cast<double>(action.end - action.begin);
    const bool taped = action.tape != Action::Tape::kNone;
    const double ended = now_ + links * (taped ? costs_.taped_forward_seconds : costs_.forward_seconds);
    if (action.write_state) open_.push_back({false, action.level, action.begin, action.begin, now_, now_});
    if (action.tape == Action::Tape::kStored) {
      open_.push_back({true, Level::kDevice, action.begin, action.end, now_, ended});
    }
    // The tape of a link is stored from the start of the link, so those of several links form a ramp.
    const bool ramp = action.tape == Action::Tape::kStored && links > 1;
    Work({.work = taped ? LinkSpan::Work::kTapedForward : LinkSpan::Work::kForward,
          .begin = now_,
          .end = ended,
          .from = static_cast<double>(action.begin),
          .to = static_cast<double>(action.end)},
         ramp ? before : Held(), Held());
  }

  void Reverse(const Action& action, const Fill& before) {
    const auto links = static_cast<double>(action.end - action.begin);
    const double began = now_;
    const auto reversed = [&](int64_t position) {
      return began + static_cast<double>(action.end - position) * costs_.backward_seconds;
    };
    Work({.work = LinkSpan::Work::kBackward,
          .begin = now_,
          .end = now_ + links * costs_.backward_seconds,
          .from = static_cast<double>(action.end),
          .to = static_cast<double>(action.begin)},
         before, links > 1 ? Held() : before);
    while (!open_.empty() && open_.back().tapes && open_.back().begin >= action.begin) {
      const Open& top = open_.back();
      Close(top, reversed(top.begin), reversed(top.end));
      open_.pop_back();
    }
  }

  void Discard(const Action& action) {
    for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
      if (it->tapes || it->begin != action.begin || it->level != action.level) continue;
      Close(*it, now_, now_);
      open_.erase(std::next(it).base());
      return;
    }
  }

  void Work(const LinkSpan& stretch, Fill first, Fill last) {
    first.time = stretch.begin;
    last.time = stretch.end;
    now_ = stretch.end;
    for (const Fill& fill : {first, last}) {
      if (BytesOf(fill) > BytesOf(timeline_.peak)) timeline_.peak = fill;
    }
    if (grid_) {
      grid_->Draw(stretch);
      grid_->Draw(first, BytesOf(first), last, BytesOf(last));
      return;
    }
    timeline_.work.push_back(stretch);
    timeline_.fill.insert(timeline_.fill.end(), {first, last});
    PourIfTooMany();
  }

  void Close(const Open& open, double dropped_at_from, double dropped_at_to) {
    const StoredInterval stay = {.tapes = open.tapes,
                                 .from = static_cast<double>(open.begin),
                                 .to = static_cast<double>(open.end),
                                 .stored_at_from = open.began,
                                 .stored_at_to = open.ended,
                                 .dropped_at_from = dropped_at_from,
                                 .dropped_at_to = dropped_at_to};
    if (grid_) {
      grid_->Draw(stay);
      return;
    }
    timeline_.kept.push_back(stay);
    PourIfTooMany();
  }

  void PourIfTooMany() {
    if (timeline_.work.size() + timeline_.kept.size() <= Timeline::kMostShapes) return;
    grid_.emplace(timeline_.duration, static_cast<double>(timeline_.links));
    for (const LinkSpan& stretch : timeline_.work) grid_->Draw(stretch);
    for (const StoredInterval& stay : timeline_.kept) grid_->Draw(stay);
    for (size_t i = 0; i < timeline_.fill.size(); i += 2) {
      const Fill& first = timeline_.fill[i];
      const Fill& last = timeline_.fill[i + 1];
      grid_->Draw(first, BytesOf(first), last, BytesOf(last));
    }
    timeline_.work.clear();
    timeline_.kept.clear();
    timeline_.fill.clear();
  }

  const LinkCosts costs_;
  const double state_size_, tape_size_;
  ReplayMachine machine_;
  double now_ = 0;
  std::vector<Open> open_;  // a stack
  std::optional<PixelGrid> grid_;
  Timeline timeline_;
};

}  // namespace

absl::StatusOr<Timeline> MakeTimeline(const Plan& plan, const LinkCosts& costs, int64_t state_size, int64_t tape_size) {
  TimelineBuilder builder(plan, costs, state_size, tape_size);
  ScheduleWalk walk(plan.schedule);
  while (const std::optional<Action> action = walk.Next()) {
    if (absl::Status status = builder.Add(*action); !status.ok()) return status;
  }
  return std::move(builder).Finish();
}

}  // namespace recurve
