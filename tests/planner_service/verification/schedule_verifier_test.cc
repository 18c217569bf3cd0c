// SPDX-License-Identifier: Apache-2.0
#include "planner_service/verification/schedule_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "planner_service/fields/check_fields.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay_machine.h"

namespace recurve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Action::Kind;
using Tape = Action::Tape;

constexpr VerificationTask kTask = {.length = 3, .state_bytes = 10, .tape_bytes = 100};

Action Forward(int64_t begin, int64_t end, Tape tape = Tape::kNone, bool write_state = false) {
  return {.kind = Kind::kForward, .tape = tape, .write_state = write_state, .begin = begin, .end = end};
}
Action Reverse(int64_t begin, int64_t end) { return {.kind = Kind::kReverse, .begin = begin, .end = end}; }
Action Copy(int64_t state) { return {.kind = Kind::kCopy, .begin = state, .end = state}; }
Action Discard(int64_t state) { return {.kind = Kind::kDiscard, .begin = state, .end = state}; }

Verdict Check(const VerificationTask& task, const std::vector<Action>& actions) {
  ScheduleVerifier verifier(task);
  for (const Action& action : actions) EXPECT_TRUE(verifier.Add(action).ok());
  return verifier.Finish();
}

std::vector<Action> ActionsOf(const PlanRequest& request) {
  const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  std::vector<Action> actions;
  ScheduleWalk walk(plan->schedule);
  while (std::optional<Action> action = walk.Next()) actions.push_back(*action);
  return actions;
}

// Taped whole.
const std::vector<Action>& StoreAll() {
  static const auto& actions =
      *new std::vector<Action>{Forward(0, 2, Tape::kStored), Forward(2, 3, Tape::kWork), Reverse(0, 3)};
  return actions;
}

// States 1 and 2 are stored, then dropped from the left, which a stack does not allow.
const std::vector<Action>& OutOfOrder() {
  static const auto& actions = *new std::vector<Action>{Forward(0, 1),
                                                        Forward(1, 2, Tape::kNone, true),
                                                        Forward(2, 3, Tape::kWork, true),
                                                        Reverse(2, 3),
                                                        Copy(1),
                                                        Discard(1),
                                                        Forward(1, 2, Tape::kWork),
                                                        Reverse(1, 2),
                                                        Discard(2),
                                                        Copy(0),
                                                        Forward(0, 1, Tape::kWork),
                                                        Reverse(0, 1)};
  return actions;
}

TEST(ScheduleVerifierTest, CountsWhatAReplayCounts) {
  int compared = 0;
  for (int64_t length = 1; length <= 40; ++length) {
    for (const Strategy strategy : {Strategy::kAuto, Strategy::kHsm, Strategy::kStoreAll, Strategy::kChen}) {
      for (const int64_t budget : {0, 12, 30, 75, 400}) {
        const PlanRequest request{.length = length, .strategy = strategy, .budget = ByteBudget{3, 7, budget}};
        const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
        ASSERT_TRUE(plan.ok()) << plan.status();
        if (!plan->feasible) continue;
        const Verdict verdict = Check({.length = length,
                                       .state_bytes = 3,
                                       .tape_bytes = 7,
                                       .budget_bytes = budget,
                                       .claimed_peak_bytes = plan->peak_bytes,
                                       .claimed_forward_count = plan->forward_count},
                                      ActionsOf(request));
        ASSERT_TRUE(verdict.valid()) << verdict.violation->action << ": " << verdict.violation->reason;
        EXPECT_EQ(verdict.peak_bytes, plan->peak_bytes);
        EXPECT_EQ(verdict.forward_count, plan->forward_count);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 400);
}

// This machine accepts whatever the stack machine accepts, with the same counts, even for paths no strategy takes.
TEST(ScheduleVerifierTest, AcceptsWhatTheStackMachineAccepts) {
  std::mt19937 random(7);
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    const int64_t length = 1 + random() % 4;
    std::optional<ReplayMachine> stack(std::in_place, length, ReplayCosts{.state_bytes = 3, .tape_bytes = 7});
    ScheduleVerifier any({.length = length, .state_bytes = 3, .tape_bytes = 7});
    int64_t at = 0;
    int64_t gradient = length;
    for (int step = 0; step < 40 && gradient > 0; ++step) {
      Action action;
      const int choice = random() % 8;
      const int64_t state = random() % (length + 1);
      if (choice < 4 && at < gradient) {
        const int64_t end = at + 1 + random() % (gradient - at);
        action = Forward(at, end, static_cast<Tape>(random() % 3), random() % 2 == 0);
      } else if (choice < 6) {
        action = Reverse(gradient - 1, gradient);
      } else {
        action = choice == 6 ? Copy(state) : Discard(state);
      }
      ReplayMachine tried = *stack;
      if (!tried.Apply(action).ok()) continue;
      stack.emplace(tried);
      ASSERT_TRUE(any.Add(action).ok());
      ASSERT_TRUE(any.Wants()) << ToString(action);
      if (action.kind == Kind::kForward) at = action.end;
      if (action.kind == Kind::kCopy) at = action.begin;
      if (action.kind == Kind::kReverse) gradient = action.begin;
    }
    const absl::StatusOr<ReplayResult> result = stack->Finish();
    const Verdict verdict = any.Finish();
    ASSERT_EQ(verdict.valid(), result.ok()) << result.status();
    if (!result.ok()) continue;
    ++accepted;
    ASSERT_EQ(verdict.peak_bytes, result->peak_bytes);
    ASSERT_EQ(verdict.forward_count, result->forward_count);
  }
  EXPECT_GT(accepted, 1'000);
}

TEST(ScheduleVerifierTest, StatesMayBeDroppedInAnyOrder) {
  const Verdict verdict = Check(kTask, OutOfOrder());
  EXPECT_TRUE(verdict.valid()) << verdict.violation->reason;
  EXPECT_EQ(verdict.peak_bytes, 20);
  EXPECT_EQ(verdict.forward_count, 5);
  EXPECT_EQ(verdict.action_count, 12);
}

TEST(ScheduleVerifierTest, NamesTheFirstViolation) {
  const struct {
    std::vector<Action> actions;
    int64_t index;
    const char* action;
    const char* reason;
  } cases[] = {
      {{Forward(0, 2), Copy(1)}, 1, "copy 1", "state 1 is not stored"},
      {{Forward(1, 2)}, 0, "forward [1, 2)", "state 1 is not current; state 0 is"},
      {{Forward(0, 4)}, 0, "forward [0, 4)", "[0, 3)"},
      {{Forward(-1, 2)}, 0, "forward [-1, 2)", "[0, 3)"},
      {{Forward(0, INT64_MAX)}, 0, "forward [0, 9223372036854775807)", "[0, 3)"},
      {{Forward(0, 3, Tape::kStored), Reverse(1, 3), Copy(1), Forward(1, 2)}, 3, "forward [1, 2)", "[0, 1)"},
      {{Forward(0, 3, Tape::kStored), Reverse(0, 3), Reverse(0, 3)}, 2, "reverse [0, 3)", "already reversed"},
      {{Forward(0, 3, Tape::kStored), Reverse(0, 2)}, 1, "reverse [0, 2)", "next link to reverse is 2"},
      {{Forward(0, 3), Reverse(2, 3)}, 1, "reverse [2, 3)", "tape of link 2 is not stored"},
      {{Forward(0, 3, Tape::kStored), Copy(1), Forward(1, 2, Tape::kStored)},
       2,
       "forward [1, 2) tape stored",
       "tape of link 1 is already stored"},
      {{Forward(0, 3, Tape::kStored), Discard(1), Copy(0), Reverse(0, 3)}, 3, "reverse [0, 3)", "state 3 is not live"},
      {{Forward(0, 3, Tape::kStored), Discard(1), Reverse(0, 3)}, 2, "reverse [0, 3)", "state 1 is not live"},
      {{Discard(2)}, 0, "discard 2", "state 2 is not stored"},
      {{Discard(0)}, 0, "discard 0", "state 0 is not stored"},
      {{Forward(0, 2, Tape::kWork)}, 0, "forward [0, 2) tape in working set", "one link only"},
      {{Forward(0, 1, Tape::kWork), Forward(1, 2)}, 1, "forward [1, 2)", "its reverse must come next"},
      {{{.kind = Kind::kCopy, .begin = 0, .end = 1}}, 0, "copy 0", "must equal begin"},
      {{Forward(0, 1), Forward(1, 2, Tape::kNone, true), Copy(1), Forward(1, 3, Tape::kNone, true)},
       3,
       "forward [1, 3) write_state",
       "state 1 is already stored"},
      {{Forward(0, 3, Tape::kStored)}, 1, "the end", "links [0, 3) not reversed"},
      {{}, 0, "the end", "links [0, 3) not reversed"},
      {{Forward(0, 1), Forward(1, 2, Tape::kNone, true), Forward(2, 3, Tape::kWork), Reverse(2, 3), Copy(0),
        Forward(0, 2, Tape::kStored), Reverse(0, 2)},
       7,
       "the end",
       "1 states and 0 tapes still stored"},
  };
  for (const auto& c : cases) {
    const Verdict verdict = Check(kTask, c.actions);
    ASSERT_TRUE(verdict.violation) << c.reason;
    EXPECT_EQ(verdict.violation->action_index, c.index) << c.reason;
    EXPECT_EQ(verdict.violation->action, c.action);
    EXPECT_THAT(verdict.violation->reason, HasSubstr(c.reason));
    EXPECT_EQ(verdict.action_count, c.index);
  }
}

TEST(ScheduleVerifierTest, KeepsToTheBudget) {
  VerificationTask task = kTask;
  task.budget_bytes = 210;
  EXPECT_TRUE(Check(task, StoreAll()).valid());
  task.budget_bytes = 209;
  const Verdict verdict = Check(task, StoreAll());
  ASSERT_TRUE(verdict.violation);
  EXPECT_EQ(verdict.violation->action_index, 0);
  EXPECT_EQ(verdict.violation->reason, "210 bytes are stored; the budget is 209");
}

TEST(ScheduleVerifierTest, FindsLies) {
  VerificationTask task = kTask;
  task.claimed_peak_bytes = 210;
  task.claimed_forward_count = 3;
  EXPECT_TRUE(Check(task, StoreAll()).valid());
  task.claimed_peak_bytes = 209;
  task.claimed_forward_count = 2;
  const Verdict verdict = Check(task, StoreAll());
  EXPECT_FALSE(verdict.valid());
  EXPECT_FALSE(verdict.violation);
  EXPECT_THAT(verdict.failed_claims, ElementsAre("claimed_peak_bytes is 209; the peak is 210",
                                                 "claimed_forward_count is 2; the schedule has 3"));
}

TEST(ScheduleVerifierTest, SizesThatOverflowStayAtTheLargestInteger) {
  const Verdict verdict = Check({.length = kMaxChainLength, .state_bytes = kMaxBytes, .tape_bytes = kMaxBytes},
                                {Forward(0, kMaxChainLength, Tape::kStored), Reverse(0, kMaxChainLength)});
  EXPECT_TRUE(verdict.valid());
  EXPECT_EQ(verdict.peak_bytes, INT64_MAX);
}

TEST(ScheduleVerifierTest, TooManyThingsAtOnceAreRefused) {
  constexpr int64_t kLength = 2 * kMaxStoredRanges + 10;
  ScheduleVerifier verifier({.length = kLength});
  absl::Status status;
  // Every second state.
  for (int64_t at = 0; status.ok() && at + 2 < kLength; at += 2) {
    status = verifier.Add(Forward(at, at + 2, Tape::kNone, at > 0));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
}

TEST(ScheduleVerifierTest, ChecksItsTask) {
  EXPECT_TRUE(CheckFields(kTask).ok());
  for (const int64_t bad : {int64_t{-1}, kMaxBytes + 1}) {
    VerificationTask task = kTask;
    task.budget_bytes = bad;
    EXPECT_THAT(std::string(CheckFields(task).message()), HasSubstr("budget_bytes is "));
    task = kTask;
    task.tape_bytes = bad;
    EXPECT_THAT(std::string(CheckFields(task).message()), HasSubstr("tape_bytes is "));
    task = kTask;
    task.state_bytes = bad;
    EXPECT_THAT(std::string(CheckFields(task).message()), HasSubstr("state_bytes is "));
    task = kTask;
    task.length = bad;
    EXPECT_THAT(std::string(CheckFields(task).message()), HasSubstr("length is "));
  }
}

}  // namespace
}  // namespace recurve
