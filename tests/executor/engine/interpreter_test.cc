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
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "tests/executor/engine/delayed_transfers.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// A chain whose states and tapes hold numbers that say what they must be, so that a sweep that reads anything stale,
// freed or of another link is found out.
class NumberedChain final : public LinkModel {
 public:
  NumberedChain(int64_t links, int64_t state_bytes, int64_t tape_bytes)
      : links_(links), state_bytes_(state_bytes), tape_bytes_(tape_bytes) {}

  static int64_t StateNumber(int64_t state) { return 1000 + state * state; }

  int64_t links() const override { return links_; }
  void SetLinks(int64_t links) { links_ = links; }
  int64_t state_bytes(int64_t /*state*/) const override { return state_bytes_; }
  int64_t tape_bytes(int64_t /*link*/) const override { return tape_bytes_; }
  int64_t max_state_bytes() const override { return state_bytes_; }
  int64_t max_tape_bytes() const override { return tape_bytes_; }

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
    EXPECT_EQ(Number(state_gradient, state_bytes_), links_ - 1 - link);  // backwards done so far
    Fill(state_gradient, state_bytes_, links_ - link);
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

 private:
  int64_t links_;
  const int64_t state_bytes_, tape_bytes_;
};

constexpr int64_t kState = 64;
constexpr int64_t kTape = 192;
constexpr int64_t kFixed = 4 * kState + kTape;

int64_t FixedBytes(int64_t host_bytes) { return kFixed + (host_bytes > 0 ? kState : 0); }

// A chain with the memory that a schedule needs, to the byte. Transfers are carried out no sooner than they are
// awaited.
class Machine {
 public:
  Machine(int64_t links, const Schedule& schedule, int64_t store_bytes, int64_t stored_pieces, int64_t host_bytes = 0)
      : chain(links, kState, kTape), schedule_(schedule) {
    arena = Arena::Create(backend, FixedBytes(host_bytes) + store_bytes, 6 + stored_pieces).value();
    if (host_bytes > 0) host = Arena::CreateOnHost(backend, host_bytes, host_bytes / kState).value();
    const auto state = [&] { return arena->Push(MemoryKind::kStates, kState); };
    start = state();
    NumberedChain::Fill(start, kState, NumberedChain::StateNumber(0));
    const WorkingSet working_set{.running = {state(), state(), host_bytes > 0 ? state() : nullptr},
                                 .tape = arena->Push(MemoryKind::kTapes, kTape),
                                 .state_gradient = state()};
    gradient = working_set.state_gradient;
    interpreter = std::make_unique<Interpreter>(chain, working_set, stored_pieces, backend, *arena, host.get());
  }

  absl::StatusOr<Interpreter::Counts> Run(std::byte* final_state, const CancelCheck& cancelled) {
    return interpreter->Run(schedule_, {.start_state = start, .final_state = final_state}, cancelled);
  }

  DelayedTransfers backend{MakeCpuBackend({.threads = 1}).value(), /*chance=*/0, /*seed=*/1};
  NumberedChain chain;
  std::unique_ptr<Arena> arena;
  std::unique_ptr<Arena> host;  // null: none
  std::unique_ptr<Interpreter> interpreter;
  std::byte* start;
  std::byte* gradient;

 private:
  const Schedule schedule_;
};

void RunAndCheck(const Schedule& schedule, int64_t links, const std::string& what) {
  SCOPED_TRACE(what);
  const auto replay = Replay(schedule, {.state_bytes = kState, .tape_bytes = kTape}, 8 * links);
  ASSERT_TRUE(replay.ok()) << replay.status();
  Machine machine(links, schedule, replay->peak_bytes, replay->peak_states + replay->peak_tapes,
                  replay->host_peak_bytes);
  const int64_t fixed = FixedBytes(replay->host_peak_bytes);
  alignas(kAlignment) std::byte final_state[kState];
  for (int sweep = 1; sweep <= 2; ++sweep) {
    machine.chain.forwards = 0;
    const auto counts = machine.Run(final_state, {});
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(counts->taped_forwards, links);
    EXPECT_EQ(counts->plain_forwards + counts->taped_forwards, replay->forward_count);
    EXPECT_EQ(machine.chain.forwards, replay->forward_count);
    EXPECT_EQ(NumberedChain::Number(machine.gradient, kState), links);
    EXPECT_EQ(NumberedChain::Number(final_state, kState), NumberedChain::StateNumber(links));
    EXPECT_EQ(NumberedChain::Number(machine.start, kState), NumberedChain::StateNumber(0));
    EXPECT_EQ(machine.arena->peak_bytes(), fixed + replay->peak_bytes);
    EXPECT_EQ(machine.arena->peak()[MemoryKind::kTapes], kTape + replay->tape_bytes_at_peak);
    EXPECT_EQ(machine.arena->live_bytes(), fixed);
    EXPECT_EQ(machine.backend.stores(), sweep * replay->host.writes);
    EXPECT_EQ(machine.backend.fetches(), sweep * replay->host.reads);
    EXPECT_EQ(machine.backend.under_way(), 0);
    if (machine.host == nullptr) continue;
    EXPECT_EQ(machine.host->peak_bytes(), replay->host_peak_bytes);
    EXPECT_EQ(machine.host->live_bytes(), 0);
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
            plan->schedule, links,
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
    machine.chain.SetLinks(links);
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
        RunAndCheck(plan->schedule, links,
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

// Forwards for all that is between the cost of a transfer and far below it, so that plans of every shape are run.
TEST(Interpreter, RunsEveryTwoLevelPlanInItsPlannedBytes) {
  EmbeddedChainPlanner planner;
  int offloaded = 0;
  for (int64_t links = 1; links <= 12; ++links) {
    for (const int64_t device : {0L, kState, 2 * kState, kTape, kTape + kState, 2 * kTape + 3 * kState, 6 * kTape}) {
      for (int64_t host_states = 0; host_states < links; ++host_states) {
        for (const int64_t transfer_cost : {0, 1, 3, 12}) {
          const auto plan = planner.PlanTwoLevel(
              {.length = links,
               .state_bytes = kState,
               .tape_bytes = kTape,
               .forward_cost = 4,
               .taped_forward_cost = 4,
               .backward_cost = 8,
               .device = {.bytes = device, .write_cost = 1, .read_cost = 0},
               .host = {.bytes = host_states * kState, .write_cost = transfer_cost, .read_cost = transfer_cost}},
              {});
          ASSERT_TRUE(plan.ok()) << plan.status();
          RunAndCheck(plan->schedule, links,
                      std::to_string(links) + " links, " + std::to_string(device) + " bytes on the device, " +
                          std::to_string(host_states) + " states on the host, at " + std::to_string(transfer_cost));
          offloaded += plan->host.reads > 0 ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(offloaded, 500);
}

// Five links: states 2 and 4 on the host, of which 2 is fetched into the store.
const Schedule& Offloaded() {
  static const Schedule offloaded{.runs = {{.kind = Run::Kind::kTapeAll, .length = 2},
                                           {.kind = Run::Kind::kTapeAll, .length = 1},
                                           {.kind = Run::Kind::kFetch, .length = 2, .left = 0},
                                           {.kind = Run::Kind::kSplitHost, .length = 3, .left = 2, .right = 1},
                                           {.kind = Run::Kind::kSplitHost, .length = 5, .left = 0, .right = 3}}};
  return offloaded;
}

TEST(Interpreter, LeavesNothingOnTheHostWhenCancelled) {
  const int64_t store_bytes = kTape + kState;
  for (int polls = 0; polls < 14; ++polls) {
    Machine machine(5, Offloaded(), store_bytes, 2, 2 * kState);
    int left = polls;
    const auto counts = machine.Run(nullptr, [&] { return left-- == 0; });
    EXPECT_EQ(machine.arena->live_bytes(), FixedBytes(kState));
    EXPECT_EQ(machine.host->live_bytes(), 0);
    EXPECT_EQ(machine.backend.under_way(), 0);
    EXPECT_EQ(counts.status().code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(machine.Run(nullptr, {}).ok());
    EXPECT_EQ(NumberedChain::Number(machine.gradient, kState), 5);
  }
}

TEST(Interpreter, RefusesAScheduleThatDoesNotFitOnTheHost) {
  for (const int64_t host_bytes : {int64_t{0}, kState}) {
    Machine machine(5, Offloaded(), kTape + kState, 2, host_bytes);
    const absl::Status status = machine.Run(nullptr, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("no room for the state on the host"));
    EXPECT_EQ(machine.arena->live_bytes(), FixedBytes(host_bytes));
    EXPECT_EQ(machine.backend.under_way(), 0);
  }
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
  EXPECT_THAT(run(7, enough, 9).message(), HasSubstr("the next link to reverse is 6"));
}

}  // namespace
}  // namespace recurve
