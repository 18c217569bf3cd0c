// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/job_log.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr int64_t kDefaultBytes = 64 << 10;
constexpr int64_t kMaxBytes = 1 << 20;

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
}

// Empty for events that are not part of the log.
std::string LogLine(const executor::v1::JobEvent& event) {
  if (event.has_note()) return absl::StrCat(TimeText(event.time()), " NOTE: ", Printable(event.note()), "\n");
  if (!event.has_state_change()) return "";
  const executor::v1::StateChange& change = event.state_change();
  const std::string state = executor::v1::JobState_Name(change.state());
  return absl::StrCat(TimeText(event.time()), " ", absl::StripPrefix(state, "JOB_STATE_"),
                      change.reason().empty() ? "" : ": ", Printable(change.reason()), "\n");
}

absl::Status CheckRange(int64_t offset_bytes, int64_t max_bytes) {
  if (offset_bytes < 0) {
    return absl::InvalidArgumentError(absl::StrCat("offset_bytes is ", offset_bytes, "; must be at least 0"));
  }
  if (max_bytes >= 0 && max_bytes <= kMaxBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("max_bytes is ", max_bytes, "; must be 0 to ", kMaxBytes));
}

// Whether a character begins at `at`, or the text ends there.
bool IsBoundary(const std::string& text, size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

}  // namespace

absl::StatusOr<executor::v1::GetJobLogResponse> RenderJobLog(NextJobEvent next_event, int64_t offset_bytes,
                                                             int64_t max_bytes) {
  RETURN_IF_ERROR(CheckRange(offset_bytes, max_bytes));
  const auto most = static_cast<size_t>(max_bytes == 0 ? kDefaultBytes : max_bytes);
  std::string text;  // from offset_bytes on, to the end of a line
  int64_t line_begin = 0;
  for (const executor::v1::JobEvent* event = next_event(1); event != nullptr && text.size() <= most;
       event = next_event(event->sequence() + 1)) {
    const std::string line = LogLine(*event);
    const int64_t skipped = std::max<int64_t>(0, offset_bytes - line_begin);
    if (skipped < static_cast<int64_t>(line.size())) text += line.substr(static_cast<size_t>(skipped));
    line_begin += static_cast<int64_t>(line.size());
  }
  size_t begin = 0;
  while (!IsBoundary(text, begin)) ++begin;
  size_t end = std::min(begin + most, text.size());
  while (end > begin && !IsBoundary(text, end)) --end;
  if (end == begin && begin < text.size()) {
    for (++end; !IsBoundary(text, end);) ++end;
  }
  executor::v1::GetJobLogResponse response;
  response.set_text(text.substr(begin, end - begin));
  response.set_next_offset_bytes(offset_bytes + static_cast<int64_t>(end));
  return response;
}

absl::StatusOr<executor::v1::GetJobLogResponse> RenderJobLog(const std::vector<executor::v1::JobEvent>& events,
                                                             int64_t offset_bytes, int64_t max_bytes) {
  const auto next = [&events](int64_t from) {
    const auto found = std::lower_bound(
        events.begin(), events.end(), from,
        [](const executor::v1::JobEvent& event, int64_t sequence) { return event.sequence() < sequence; });
    return found == events.end() ? nullptr : &*found;
  };
  return RenderJobLog(next, offset_bytes, max_bytes);
}

}  // namespace recurve
