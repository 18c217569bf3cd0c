// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/event_log.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace recurve {
namespace {

using executor::v1::JobEvent;

JobEvent Progress(int64_t step) {
  JobEvent event;
  event.mutable_progress()->set_step(step);
  return event;
}

JobEvent Checkpoint(int64_t step) {
  JobEvent event;
  event.mutable_checkpoint()->set_step(step);
  return event;
}

JobEvent Evaluation(int64_t step) {
  JobEvent event;
  event.mutable_evaluation()->set_step(step);
  return event;
}

JobEvent Note(const std::string& text) {
  JobEvent event;
  event.set_note(text);
  return event;
}

std::vector<int64_t> SequencesFrom(const EventLog& log, int64_t from) {
  std::vector<int64_t> sequences;
  while (const JobEvent* event = log.Next(from)) {
    sequences.push_back(event->sequence());
    from = event->sequence() + 1;
  }
  return sequences;
}

TEST(EventLogTest, NumbersFromOneAndReadsFromAnywhere) {
  EventLog log(10, 10);
  EXPECT_EQ(log.Next(0), nullptr);
  log.Append(Note("a"));
  log.Append(Progress(1));
  log.Append(Note("b"));
  EXPECT_EQ(SequencesFrom(log, 0), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(SequencesFrom(log, 2), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(log.Next(3)->note(), "b");
  EXPECT_EQ(log.Next(4), nullptr);
}

TEST(EventLogTest, OnlyProgressCheckpointsAndEvaluationsAreForgottenOldestFirst) {
  constexpr int64_t kKeepProgress = 5, kKeepCheckpoints = 3;
  EventLog log(kKeepProgress, kKeepCheckpoints);
  // The oracle: every event, and which of them must be there.
  std::vector<int64_t> notes, progress, checkpoints;
  for (int64_t i = 1; i <= 300; ++i) {
    if (i % 7 == 0) {
      log.Append(Note("n"));
      notes.push_back(i);
    } else if (i % 5 == 0) {
      log.Append(i % 2 == 0 ? Checkpoint(i) : Evaluation(i));
      checkpoints.push_back(i);
    } else {
      log.Append(Progress(i));
      progress.push_back(i);
    }
    std::set<int64_t> expected(notes.begin(), notes.end());
    const auto newest = [&](const std::vector<int64_t>& all, int64_t keep) {
      const size_t from = all.size() > static_cast<size_t>(keep) ? all.size() - keep : 0;
      expected.insert(all.begin() + from, all.end());
    };
    newest(progress, kKeepProgress);
    newest(checkpoints, kKeepCheckpoints);
    ASSERT_EQ(SequencesFrom(log, 1), std::vector<int64_t>(expected.begin(), expected.end())) << "after " << i;
    ASSERT_EQ(log.size(), static_cast<int64_t>(expected.size()));
  }
}

TEST(EventLogTest, DroppedNumbersAreTakenOnceUnlessTheyAreReturned) {
  EventLog log(1, 1);
  for (int64_t step = 1; step <= 3; ++step) log.Append(Progress(step));
  EXPECT_EQ(log.TakeDropped(), (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(log.TakeDropped().empty());
  log.ReturnDropped(2);
  log.Append(Progress(4));
  EXPECT_EQ(log.TakeDropped(), (std::vector<int64_t>{2, 3}));
}

}  // namespace
}  // namespace recurve
