// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/job_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "planner_service/text/printable.h"

namespace recurve {
namespace {

using executor::v1::GetJobLogResponse;
using executor::v1::JobEvent;

constexpr int64_t kTime = 1'795'813'200;  // 2026-11-27T21:00:00Z

JobEvent Event(std::vector<JobEvent>& events) {
  JobEvent event;
  event.set_sequence(static_cast<int64_t>(events.size()) + 1);
  event.mutable_time()->set_seconds(kTime + static_cast<int64_t>(events.size()));
  event.mutable_time()->set_nanos(999'999'999);
  return event;
}

void AddState(std::vector<JobEvent>& events, executor::v1::JobState state, const std::string& reason) {
  JobEvent event = Event(events);
  event.mutable_state_change()->set_state(state);
  event.mutable_state_change()->set_reason(reason);
  events.push_back(event);
}

void AddNote(std::vector<JobEvent>& events, const std::string& note) {
  JobEvent event = Event(events);
  event.set_note(note);
  events.push_back(event);
}

void AddProgress(std::vector<JobEvent>& events) {
  JobEvent event = Event(events);
  event.mutable_progress()->set_step(1);
  events.push_back(event);
}

GetJobLogResponse Render(const std::vector<JobEvent>& events, int64_t offset, int64_t most) {
  return RenderJobLog(events, offset, most).value();
}

// The whole log in parts of at most `most` bytes.
std::string InParts(const std::vector<JobEvent>& events, int64_t most) {
  std::string text;
  for (int64_t offset = 0;;) {
    const GetJobLogResponse part = Render(events, offset, most);
    EXPECT_TRUE(IsUtf8(part.text()));
    EXPECT_EQ(part.next_offset_bytes(), offset + static_cast<int64_t>(part.text().size()));
    if (part.text().empty()) return text;
    text += part.text();
    offset = part.next_offset_bytes();
  }
}

TEST(JobLogTest, HasALineForEachStateAndNote) {
  std::vector<JobEvent> events;
  AddState(events, executor::v1::JOB_STATE_QUEUED, "");
  AddNote(events, "the embedded planner made the plan");
  AddProgress(events);
  AddState(events, executor::v1::JOB_STATE_FAILED, "no such file:\nmissing");
  const GetJobLogResponse log = Render(events, 0, 0);
  EXPECT_EQ(log.text(),
            "2026-11-27T21:00:00Z QUEUED\n"
            "2026-11-27T21:00:01Z NOTE: the embedded planner made the plan\n"
            "2026-11-27T21:00:03Z FAILED: no such file:\\nmissing\n");
  EXPECT_EQ(log.next_offset_bytes(), static_cast<int64_t>(log.text().size()));
}

TEST(JobLogTest, PartsOfAnySizeMakeTheWhole) {
  std::vector<JobEvent> events;
  AddState(events, executor::v1::JOB_STATE_QUEUED, "");
  for (const char* note : {"plain", "ä€𝄞ä€𝄞", ""}) AddNote(events, note);
  AddState(events, executor::v1::JOB_STATE_RUNNING, "€𝄞");
  const std::string whole = Render(events, 0, 0).text();
  for (int64_t most = 1; most <= static_cast<int64_t>(whole.size()) + 1; ++most) {
    EXPECT_EQ(InParts(events, most), whole) << most;
  }
}

TEST(JobLogTest, IsCutBetweenCharacters) {
  std::vector<JobEvent> events;
  AddNote(events, "€");
  const int64_t before = 27;  // "2026-11-27T21:00:00Z NOTE: "
  EXPECT_EQ(Render(events, 0, before + 2).next_offset_bytes(), before);
  EXPECT_EQ(Render(events, 0, before + 3).next_offset_bytes(), before + 3);
  EXPECT_EQ(Render(events, before, 1).text(), "€") << "one character at least, so that readers advance";
  const GetJobLogResponse inside = Render(events, before + 1, 0);
  EXPECT_EQ(inside.text(), "\n") << "the character has begun before";
  EXPECT_EQ(inside.next_offset_bytes(), before + 4);
}

TEST(JobLogTest, OffsetsStayValidAsItGrows) {
  std::vector<JobEvent> events;
  EXPECT_EQ(Render(events, 0, 0).next_offset_bytes(), 0);
  AddNote(events, "one");
  const int64_t end = Render(events, 0, 0).next_offset_bytes();
  EXPECT_EQ(Render(events, end, 0).text(), "");
  EXPECT_EQ(Render(events, end, 0).next_offset_bytes(), end);
  EXPECT_EQ(Render(events, end + 100, 0).text(), "");
  EXPECT_EQ(Render(events, end + 100, 0).next_offset_bytes(), end + 100);
  AddProgress(events);
  AddNote(events, "two");
  EXPECT_EQ(Render(events, end, 0).text(), "2026-11-27T21:00:02Z NOTE: two\n");
}

TEST(JobLogTest, AreOfAtMost64KiBUnlessMoreIsAskedFor) {
  std::vector<JobEvent> events;
  for (int i = 0; i < 100; ++i) AddNote(events, std::string(20'000, 'x'));
  EXPECT_EQ(Render(events, 0, 0).text().size(), 64 << 10);
  EXPECT_EQ(Render(events, 0, 1 << 20).text().size(), 1 << 20);
}

TEST(JobLogTest, RefusesValuesOutOfRange) {
  for (const auto& [offset, most] : std::vector<std::pair<int64_t, int64_t>>{{-1, 0}, {0, -1}, {0, (1 << 20) + 1}}) {
    EXPECT_EQ(RenderJobLog({}, offset, most).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Render({}, INT64_MAX, 0).next_offset_bytes(), INT64_MAX);
}

}  // namespace
}  // namespace recurve
