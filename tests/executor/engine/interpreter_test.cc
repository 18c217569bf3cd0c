// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/interpreter.h"

#include <cstring>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/engine/trainer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// A chain whose states and tapes hold numbers that say what they must be, so that a sweep that reads anything stale,
// freed or of another link is found out.
class NumberedChain final : public LinkModel {
 public:
  NumberedChain(int64_t links, int64_t state_bytes, int64_t tape_bytes)
      : swept(links), links_(links), state_bytes_(state_bytes), tape_bytes_(tape_bytes) {}

  static int64_t StateNumber(int64_t state) { return 1000 + state * state; }

  int64_t links() const override { return links_; }
  int64_t state_bytes() const override { return state_bytes_; }
  int64_t tape_bytes() const override { return tape_bytes_; }

  void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
               bool keep_tape) override {
    EXPECT_EQ(Number(state_in, state_bytes_), StateNumber(link));
    EXPECT_NE(state_in, state_out);
    Fill(tape, tape_bytes_, keep_tape ? -1000 - link : -7);
    Fill(state_out, state_bytes_, StateNumber(link + 1));
    ++forwards;
  }
  void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                std::byte* state_gradient) override {
    EXPECT_EQ(Number(state_in, state_bytes_), StateNumber(link));
    EXPECT_EQ(Number(state_out, state_bytes_), StateNumber(link + 1));
    EXPECT_EQ(Number(tape, tape_bytes_), -1000 - link);
    EXPECT_EQ(Number(state_gradient, state_bytes_), swept - 1 - link);  // backwards done so far
    Fill(state_gradient, state_bytes_, swept - link);
    Fill(tape, tape_bytes_, -9);
  }

  static void Fill(std::byte* block, int64_t bytes, int64_t number) {
    for (int64_t i = 0; i + 8 <= bytes; i += 8) std::memcpy(block + i, &number, 8);
  }
  // What the block is full of.
  static int64_t Number(const std::byte* block, int64_t bytes) {
    int64_t first, last;
    std::memcpy(&first, block, 8);
    std::memcpy(&last, block + bytes - 8, 8);
    EXPECT_EQ(first, last);
    return first;
  }

  int64_t forwards = 0;
  int64_t swept;  // links of the schedule that is run

 private:
  const int64_t links_, state_bytes_, tape_bytes_;
};

constexpr int64_t kState = 64;
constexpr int64_t kTape = 192;
constexpr int64_t kFixed = 4 * kState + kTape;

// A chain with the memory that a schedule needs, to the byte.
class Machine {
 public:
  Machine(int64_t links, const Schedule& schedule, int64_t store_bytes, int64_t stored_pieces)
      : chain(links, kState, kTape), schedule_(schedule) {
    arena = Arena::Create(*backend_, kFixed + store_bytes, 5 + stored_pieces).value();
    const auto state = [&] { return arena->Push(MemoryKind::kStates, kState); };
    start = state();
    NumberedChain::Fill(start, kState, NumberedChain::StateNumber(0));
    const WorkingSet working_set{
        .running = {state(), state()}, .tape = arena->Push(MemoryKind::kTapes, kTape), .state_gradient = state()};
    gradient = working_set.state_gradient;
    interpreter = std::make_unique<Interpreter>(chain, working_set, stored_pieces, *backend_, *arena);
  }

  absl::StatusOr<Interpreter::Counts> Run(std::byte* final_state, const CancelCheck& cancelled) {
    return interpreter->Run(schedule_, {.start_state = start, .final_state = final_state}, cancelled);
  }

  NumberedChain chain;
  std::unique_ptr<Arena> arena;
  std::unique_ptr<Interpreter> interpreter;
  std::byte* start;
  std::byte* gradient;

 private:
  const Schedule schedule_;
  std::unique_ptr<Backend> backend_ = MakeCpuBackend({.threads = 1}).value();
};

void RunAndCheck(const Plan& plan, int64_t links, const std::string& what) {
  SCOPED_TRACE(what);
  const auto replay = Replay(plan.schedule, {.state_bytes = kState, .tape_bytes = kTape}, 8 * links);
  ASSERT_TRUE(replay.ok()) << replay.status();
  Machine machine(links, plan.schedule, replay->peak_bytes, replay->peak_states + replay->peak_tapes);
  alignas(kAlignment) std::byte final_state[kState];
  for (int sweep = 0; sweep < 2; ++sweep) {
    machine.chain.forwards = 0;
    const auto counts = machine.Run(final_state, {});
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(counts->taped_forwards, links);
    EXPECT_EQ(counts->plain_forwards + counts->taped_forwards, replay->forward_count);
    EXPECT_EQ(machine.chain.forwards, replay->forward_count);
    EXPECT_EQ(NumberedChain::Number(machine.gradient, kState), links);
    EXPECT_EQ(NumberedChain::Number(final_state, kState), NumberedChain::StateNumber(links));
    EXPECT_EQ(NumberedChain::Number(machine.start, kState), NumberedChain::StateNumber(0));
    EXPECT_EQ(machine.arena->peak_bytes(), kFixed + replay->peak_bytes);
    EXPECT_EQ(machine.arena->peak()[MemoryKind::kTapes], kTape + replay->tapes_at_peak * kTape);
    EXPECT_EQ(machine.arena->live_bytes(), kFixed);
  }
}

TEST(Interpreter, RunsEveryStrategyInItsPlannedBytes) {
  EmbeddedPlanner planner;
  int plans = 0;
  for (int64_t links = 1; links <= 20; ++links) {
    for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
      for (int64_t budget = 0; budget <= 20 * kTape; budget += kState) {
        const auto plan =
            planner.MakePlan({.length = links, .strategy = strategy, .budget = ByteBudget{kState, kTape, budget}}, {});
        ASSERT_TRUE(plan.ok()) << plan.status();
        if (!plan->feasible) continue;
        RunAndCheck(
            *plan, links,
            std::string(ToString(strategy)) + " " + std::to_string(links) + " links, budget " + std::to_string(budget));
        ++plans;
      }
    }
  }
  EXPECT_GT(plans, 1000);
}

// One chain, one store: schedules of every length by turns, each in its own peak.
TEST(Interpreter, RunsShorterSchedulesOfTheSameChain) {
  EmbeddedPlanner planner;
  constexpr int64_t kLinks = 20;
  constexpr int64_t kBudget = 2 * kTape;
  std::vector<Schedule> schedules;
  StoreNeeds store;
  for (int64_t links = 1; links <= kLinks; ++links) {
    const auto plan = planner.MakePlan({.length = links, .budget = ByteBudget{kState, kTape, kBudget}}, {});
    ASSERT_TRUE(plan.ok() && plan->feasible);
    schedules.push_back(plan->schedule);
    store.Include(Replay(plan->schedule, {.state_bytes = kState, .tape_bytes = kTape}, 8 * links).value());
  }
  Machine machine(kLinks, schedules.back(), store.bytes, store.pieces);
  alignas(kAlignment) std::byte final_state[kState];
  for (const int64_t links : {20, 1, 7, 7, 19, 2, 20}) {
    machine.chain.swept = links;
    const auto counts =
        machine.interpreter->Run(schedules[links - 1], {.start_state = machine.start, .final_state = final_state}, {});
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(counts->taped_forwards, links);
    EXPECT_EQ(NumberedChain::Number(machine.gradient, kState), links);
    EXPECT_EQ(NumberedChain::Number(final_state, kState), NumberedChain::StateNumber(links));
    EXPECT_EQ(machine.arena->live_bytes(), kFixed);
  }
}

TEST(Interpreter, RunsTheStrategiesThatCountInSlots) {
  EmbeddedPlanner planner;
  for (int64_t links = 1; links <= 16; ++links) {
    for (const Strategy strategy : {Strategy::kHsm, Strategy::kIsm, Strategy::kMsm}) {
      for (int64_t slots = 1; slots <= 24; ++slots) {
        const auto plan = planner.MakePlan({.length = links, .strategy = strategy, .budget = SlotBudget{slots, 4}}, {});
        ASSERT_TRUE(plan.ok()) << plan.status();
        if (!plan->feasible) continue;
        RunAndCheck(*plan, links,
                    std::string(ToString(strategy)) + " " + std::to_string(links) + " links, " + std::to_string(slots) +
                        " slots");
      }
    }
  }
}

TEST(Interpreter, StopsBetweenLinksWhenCancelledAndCanRunAgain) {
  const Schedule store_all{.runs = {{.kind = Run::Kind::kTapeAll, .length = 6}}};
  for (int polls = 0; polls < 12; ++polls) {
    Machine machine(6, store_all, 5 * kTape + 4 * kState, 9);
    int left = polls;
    const auto counts = machine.Run(nullptr, [&] { return left-- == 0; });
    EXPECT_EQ(counts.status().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(machine.arena->live_bytes(), kFixed);
    EXPECT_TRUE(machine.Run(nullptr, {}).ok());
  }
}

TEST(Interpreter, RefusesToStoreOnTheHost) {
  const Schedule offloaded{.runs = {{.kind = Run::Kind::kTapeAll, .length = 1},
                                    {.kind = Run::Kind::kSplitHost, .length = 2, .left = 0, .right = 0}}};
  Machine machine(2, offloaded, 2 * kState, 2);
  const absl::Status status = machine.Run(nullptr, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("write_state to host tape in working set: host offload is not implemented"));
  EXPECT_EQ(machine.arena->live_bytes(), kFixed);
}

TEST(Interpreter, RefusesAScheduleThatDoesNotFit) {
  const Schedule store_all{.runs = {{.kind = Run::Kind::kTapeAll, .length = 6}}};
  const auto run = [&](int64_t links, int64_t store_bytes, int64_t pieces) {
    Machine machine(links, store_all, store_bytes, pieces);
    const absl::Status status = machine.Run(nullptr, {}).status();
    EXPECT_EQ(machine.arena->live_bytes(), kFixed);
    return status;
  };
  const int64_t enough = 5 * kTape + 4 * kState;
  EXPECT_TRUE(run(6, enough, 9).ok());
  for (const absl::Status& status : {run(6, enough - 1, 9), run(6, enough, 8), run(5, enough, 9)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(status.message(), HasSubstr("forward ["));
  }
}

}  // namespace
}  // namespace recurve
