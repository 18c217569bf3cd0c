// SPDX-License-Identifier: Apache-2.0
#include "client/cli/schedule_source.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/interrupt.h"

namespace recurve {
namespace {

constexpr size_t kMostLines = 1 << 20;

}  // namespace

absl::StatusOr<std::optional<Action>> ScheduleSource::Next() {
  if (Interrupted()) return absl::CancelledError("interrupted");
  if (next_ == imported_.size()) ReadOn();
  if (next_ == imported_.size()) return std::nullopt;
  lines_.push_back(imported_[next_].source);
  if (lines_.size() > kMostLines) {
    lines_.pop_front();
    ++first_line_;
  }
  return imported_[next_++].action;
}

int64_t ScheduleSource::LineOf(int64_t index) const {
  return index >= taken() ? reader_.line() : lines_.at(static_cast<size_t>(index - first_line_));
}

void ScheduleSource::ReadOn() {
  imported_.clear();
  next_ = 0;
  while (imported_.empty() && !failure_) {
    const absl::StatusOr<std::optional<CheckpointAction>> action = reader_.ReadAction();
    absl::Status status = action.status();
    const bool ended = status.ok() && !action->has_value();
    if (ended) status = importer_.CheckEnded();
    if (ended && status.ok()) return;
    if (status.ok()) status = importer_.Add(**action, reader_.line(), imported_);
    if (!status.ok()) {
      absl::string_view reason = status.message();
      absl::ConsumePrefix(&reason, absl::StrCat("line ", reader_.line(), ": "));  // Failure has the line
      failure_ = {reader_.line(), action.ok() && !ended ? ToString(**action) : "", std::string(reason)};
    }
  }
}

}  // namespace recurve
