// SPDX-License-Identifier: Apache-2.0
//
// The interpreter on chains whose links differ.
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/engine/interpreter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/chain.h"
#include "planner_service/schedule/link_sums.h"
#include "planner_service/schedule/replay.h"
#include "tests/executor/engine/delayed_transfers.h"
#include "tests/executor/engine/encoder_decoder.h"

namespace recurve {
namespace {

using testing::HasSubstr;

// Steps of the links.
struct EncoderDecoderShape {
  std::vector<int64_t> encoder, decoder;
};

const EncoderDecoderShape kEncoderDecoderShapes[] = {
    {{1}, {1}},
    {{3}, {2}},
    {{}, {2, 5}},
    {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}},
    {{3, 1, 4, 1, 5}, {9, 2, 6, 5, 3, 5}},
    {{2, 2, 2, 2, 2, 2, 2, 1}, {4, 4, 4, 4, 4, 3}},
};

LinkSums SumsOf(const LinkModel& model) {
  std::vector<LinkSums::Link> links;
  for (int64_t link = 0; link < model.links(); ++link) {
    links.push_back({.state_bytes = model.state_bytes(link), .tape_bytes = model.tape_bytes(link)});
  }
  return LinkSums(links);
}

Schedule TapeEverything(int64_t links) { return {.runs = {{.kind = Run::Kind::kTapeAll, .length = links}}}; }

// A model with the memory that a replayed schedule needs, to the byte. Transfers are carried out no sooner than they
// are awaited.
class EncoderDecoderSweep {
 public:
  EncoderDecoderSweep(const EncoderDecoderShape& shape, const ReplayResult& replay)
      : model(shape.encoder, shape.decoder), with_host_(replay.host_peak_bytes > 0) {
    const int64_t stored_pieces = replay.peak_states + replay.peak_tapes;
    arena = Arena::Create(backend, fixed_bytes() + replay.peak_bytes, 6 + stored_pieces).value();
    if (with_host_) host = Arena::CreateOnHost(backend, replay.host_peak_bytes, model.links()).value();
    const auto state = [&] { return arena->Push(MemoryKind::kStates, model.max_state_bytes()); };
    const WorkingSet working_set{.running = {state(), state(), with_host_ ? state() : nullptr},
                                 .tape = arena->Push(MemoryKind::kTapes, model.max_tape_bytes()),
                                 .state_gradient = state()};
    start_ = arena->Push(MemoryKind::kStates, model.state_bytes(0));
    interpreter_ = std::make_unique<Interpreter>(model, working_set, stored_pieces, backend, *arena, host.get());
  }

  int64_t fixed_bytes() const {
    return (with_host_ ? 4 : 3) * model.max_state_bytes() + model.max_tape_bytes() + model.state_bytes(0);
  }

  absl::Status Run(const Schedule& schedule) {
    const std::vector<double> start = EncoderDecoder::StartState();
    std::memcpy(start_, start.data(), start.size() * sizeof(double));
    model.BeginBatch();
    return interpreter_->Run(schedule, {.start_state = start_, .final_state = final_state_}, {}).status();
  }

  // Without what pads it.
  std::vector<double> FinalState() const {
    std::vector<double> state(EncoderDecoder::kDecoderWidth);
    std::memcpy(state.data(), final_state_, state.size() * sizeof(double));
    return state;
  }

  DelayedTransfers backend{MakeCpuBackend({.threads = 1}).value(), /*chance=*/0, /*seed=*/1};
  EncoderDecoder model;
  std::unique_ptr<Arena> arena;
  std::unique_ptr<Arena> host;  // null: none

 private:
  const bool with_host_;
  std::byte* start_;
  alignas(kAlignment) std::byte final_state_[kAlignment];
  std::unique_ptr<Interpreter> interpreter_;
};

// What every schedule must give, to the bit.
struct SweepResult {
  double loss;
  std::vector<double> gradients, final_state;
  friend bool operator==(const SweepResult&, const SweepResult&) = default;
};

// Runs `schedule` in the bytes of its replay, which it must reach and not exceed.
SweepResult RunInReplayedBytes(const EncoderDecoderShape& shape, const Schedule& schedule) {
  const LinkSums sums = SumsOf(EncoderDecoder(shape.encoder, shape.decoder));
  const absl::StatusOr<ReplayResult> replay = Replay(schedule, {.links = &sums}, 8 * sums.length());
  EXPECT_TRUE(replay.ok()) << replay.status();
  if (!replay.ok()) return {};
  EncoderDecoderSweep sweep(shape, *replay);
  SweepResult result;
  for (int round = 0; round < 2; ++round) {
    const absl::Status status = sweep.Run(schedule);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(sweep.arena->live_bytes(), sweep.fixed_bytes());
    EXPECT_EQ(sweep.arena->peak_bytes(), sweep.fixed_bytes() + replay->peak_bytes);
    EXPECT_EQ(sweep.arena->peak()[MemoryKind::kTapes], sweep.model.max_tape_bytes() + replay->tape_bytes_at_peak);
    EXPECT_EQ(sweep.host == nullptr ? 0 : sweep.host->peak_bytes(), replay->host_peak_bytes);
    EXPECT_EQ(sweep.host == nullptr ? 0 : sweep.host->live_bytes(), 0);
    EXPECT_EQ(sweep.backend.under_way(), 0);
    const SweepResult again{sweep.model.loss, sweep.model.gradients, sweep.FinalState()};
    EXPECT_TRUE(round == 0 || again == result);
    result = again;
  }
  return result;
}

TEST(DifferingLinks, GradientsAreThoseOfTheLoss) {
  for (const EncoderDecoderShape& shape : kEncoderDecoderShapes) {
    EncoderDecoder model(shape.encoder, shape.decoder);
    const SweepResult swept = RunInReplayedBytes(shape, TapeEverything(model.links()));
    EXPECT_NEAR(swept.loss, model.PlainLoss(), 1e-12);
    constexpr double kDelta = 1e-5;
    for (size_t i = 0; i < model.parameters.size(); ++i) {
      const double value = model.parameters[i];
      model.parameters[i] = value + kDelta;
      const double above = model.PlainLoss();
      model.parameters[i] = value - kDelta;
      const double below = model.PlainLoss();
      model.parameters[i] = value;
      EXPECT_NEAR(swept.gradients[i], (above - below) / (2 * kDelta), 1e-8) << "parameter " << i;
    }
  }
}

TEST(DifferingLinks, EveryPlanGivesTheSameBitsInItsPlannedBytes) {
  EmbeddedChainPlanner planner;
  int repeating = 0;
  for (const EncoderDecoderShape& shape : kEncoderDecoderShapes) {
    const EncoderDecoder model(shape.encoder, shape.decoder);
    const SweepResult expected = RunInReplayedBytes(shape, TapeEverything(model.links()));
    ChainRequest request{.segments = model.Segments(), .final_state_bytes = model.state_bytes(model.links())};
    for (bool all = false; !all; request.budget_bytes += kAlignment) {
      SCOPED_TRACE(std::to_string(model.links()) + " links, budget " + std::to_string(request.budget_bytes));
      const absl::StatusOr<ChainPlan> plan = planner.PlanChain(request, {});
      ASSERT_TRUE(plan.ok()) << plan.status();
      EXPECT_EQ(RunInReplayedBytes(shape, plan->schedule), expected);
      all = request.budget_bytes >= plan->store_all_bytes;
      repeating += plan->cost > plan->store_all_cost ? 1 : 0;
    }
  }
  EXPECT_GT(repeating, 50);
}

// Plans with states on the host are made for links that are alike. Their schedules run on any chain.
TEST(DifferingLinks, StatesOfAnySizeGoToTheHostAndBack) {
  EmbeddedChainPlanner planner;
  int offloaded = 0;
  for (const EncoderDecoderShape& shape : kEncoderDecoderShapes) {
    const int64_t links = EncoderDecoder(shape.encoder, shape.decoder).links();
    const SweepResult expected = RunInReplayedBytes(shape, TapeEverything(links));
    for (const int64_t device : {0, 1, 2, 5, 9}) {
      for (int64_t host = 0; host < links; ++host) {
        for (const int64_t transfer_cost : {0, 1, 12}) {
          const auto plan =
              planner.PlanTwoLevel({.length = links,
                                    .tape_bytes = 3,
                                    .forward_cost = 4,
                                    .taped_forward_cost = 4,
                                    .backward_cost = 8,
                                    .device = {.bytes = device, .write_cost = 1},
                                    .host = {.bytes = host, .write_cost = transfer_cost, .read_cost = transfer_cost}},
                                   {});
          ASSERT_TRUE(plan.ok()) << plan.status();
          SCOPED_TRACE(std::to_string(links) + " links, " + std::to_string(device) + " on the device, " +
                       std::to_string(host) + " on the host");
          EXPECT_EQ(RunInReplayedBytes(shape, plan->schedule), expected);
          offloaded += plan->host.reads > 0 ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(offloaded, 100);
}

TEST(DifferingLinks, RefusesAScheduleThatDoesNotFit) {
  const EncoderDecoderShape shape = {{2, 1}, {3, 3}};
  const Schedule store_all = TapeEverything(5);
  const LinkSums sums = SumsOf(EncoderDecoder(shape.encoder, shape.decoder));
  ReplayResult replay = Replay(store_all, {.links = &sums}, 40).value();
  // Tapes of links 0, 1, 2 (bridge) and 3; states 1, 2 (wide) and 3.
  EXPECT_EQ(replay.peak_bytes, 256 + 0 + 0 + 128 + 256 + 256 + 64);
  EXPECT_TRUE(EncoderDecoderSweep(shape, replay).Run(store_all).ok());
  replay.peak_bytes -= kAlignment;
  EncoderDecoderSweep sweep(shape, replay);
  const absl::Status status = sweep.Run(store_all);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no room for the tape of link 3"));
  EXPECT_EQ(sweep.arena->live_bytes(), sweep.fixed_bytes());
}

TEST(DifferingLinks, RefusesAScheduleThatDoesNotFitOnTheHost) {
  const EncoderDecoderShape shape = {{2, 1}, {3, 3}};
  // States 1 (wide) and 4 (narrow) on the host.
  const Schedule offloaded{.runs = {{.kind = Run::Kind::kTapeAll, .length = 1},
                                    {.kind = Run::Kind::kSweepLast, .length = 3, .left = 0},
                                    {.kind = Run::Kind::kSplitHost, .length = 4, .left = 1, .right = 0},
                                    {.kind = Run::Kind::kSplitHost, .length = 5, .left = 0, .right = 2}}};
  const LinkSums sums = SumsOf(EncoderDecoder(shape.encoder, shape.decoder));
  ReplayResult replay = Replay(offloaded, {.links = &sums}, 40).value();
  EXPECT_EQ(replay.host_peak_bytes, 256 + 64);
  EXPECT_TRUE(EncoderDecoderSweep(shape, replay).Run(offloaded).ok());
  replay.host_peak_bytes -= kAlignment;
  EncoderDecoderSweep sweep(shape, replay);
  const absl::Status status = sweep.Run(offloaded);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no room for the state on the host"));
  EXPECT_EQ(sweep.arena->live_bytes(), sweep.fixed_bytes());
  EXPECT_EQ(sweep.host->live_bytes(), 0);
}

}  // namespace
}  // namespace recurve
