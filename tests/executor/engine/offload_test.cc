// SPDX-License-Identifier: Apache-2.0
//
// Training with states on the host, against keeping every tape, with transfers that take place at any moment that the
// order of operations allows.
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/engine/trainer.h"
#include "gtest/gtest.h"
#include "planner_service/planning/chain.h"
#include "planner_service/schedule/replay.h"
#include "tests/executor/engine/delayed_transfers.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

constexpr int64_t kTrainingSteps = 3;

LanguageTrainerOptions SmallModel() {
  return {.model = {.layers = 2, .hidden = 24, .embedding = 16, .dropout = 0.1},
          .shape = {.length = 46, .link = 3, .batch = 3},  // 16 links, the last of one step
          .optimizer = {.learning_rate = 0.02, .warmup_steps = 0},
          .steps = kTrainingSteps,
          .carry_state = true,
          .host_states = true};
}

ReplayCosts Bytes(const LanguageTrainerOptions& options) {
  const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
  return {.state_bytes = bytes.state, .tape_bytes = bytes.tape};
}

Schedule StoreAll(int64_t links) { return {.runs = {{.kind = Run::Kind::kTapeAll, .length = links}}}; }

// Room for `device_states` states and `device_tapes` tapes in the store, and for `host_states` on the host.
Schedule TwoLevel(const LanguageTrainerOptions& options, int64_t device_states, int64_t device_tapes,
                  int64_t host_states) {
  const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
  EmbeddedChainPlanner planner;
  return planner
      .PlanTwoLevel({.length = options.shape.links(),
                     .state_bytes = bytes.state,
                     .tape_bytes = bytes.tape,
                     .forward_cost = 10,
                     .taped_forward_cost = 12,
                     .backward_cost = 20,
                     .device = {.bytes = device_states * bytes.state + device_tapes * bytes.tape},
                     .host = {.bytes = host_states * bytes.state, .write_cost = 1, .read_cost = 1}},
                    {})
      .value()
      .schedule;
}

// Everything that a few steps of training leave behind.
struct Outcome {
  std::vector<double> losses, norms;
  std::vector<NamedTensor> parameters;
};

class Training {
 public:
  Training(const LanguageTrainerOptions& options, const Schedule& schedule, double chance, uint32_t seed)
      : options_(options),
        schedule_(schedule),
        backend(MakeCpuBackend({.threads = 1}).value(), chance, seed),
        replay(Replay(schedule, Bytes(options), 8 * options.shape.links()).value()) {
    StoreNeeds store;
    store.Include(replay);
    trainer = Trainer::Create(options, InitialModel(options.model, 5).parameters, store, backend).value();
  }

  absl::Status Step(const CancelCheck& cancelled) {
    std::mt19937 random(static_cast<uint32_t>(trainer->steps_done()));
    for (int32_t& token : TokensOf(*trainer, options_.shape).inputs) token = static_cast<int32_t>(random() % 256);
    for (int32_t& token : TokensOf(*trainer, options_.shape).targets) token = static_cast<int32_t>(random() % 256);
    const absl::StatusOr<StepResult> result = trainer->Step(schedule_, /*start_afresh=*/false, cancelled);
    if (!result.ok()) return result.status();
    outcome.losses.push_back(result->loss);
    outcome.norms.push_back(result->gradient_norm);
    return absl::OkStatus();
  }

  void Run() {
    for (int step = 0; step < kTrainingSteps; ++step) {
      const absl::Status status = Step({});
      ASSERT_TRUE(status.ok()) << status;
    }
    outcome.parameters = trainer->DownloadParameters();
    EXPECT_EQ(trainer->arena().peak_bytes(), FixedLedger(options_, backend).total() + replay.peak_bytes);
    EXPECT_EQ(trainer->arena().peak_bytes(), trainer->arena().size());
    EXPECT_EQ(trainer->host_peak_bytes(), replay.host_peak_bytes);
    EXPECT_EQ(backend.stores(), kTrainingSteps * replay.host.writes);
    EXPECT_EQ(backend.fetches(), kTrainingSteps * replay.host.reads);
  }

 private:
  const LanguageTrainerOptions options_;
  const Schedule schedule_;

 public:
  DelayedTransfers backend;
  const ReplayResult replay;
  std::unique_ptr<Trainer> trainer;
  Outcome outcome;
};

void ExpectSame(const Outcome& actual, const Outcome& expected) {
  EXPECT_EQ(actual.losses, expected.losses);
  EXPECT_EQ(actual.norms, expected.norms);
  ASSERT_EQ(actual.parameters.size(), expected.parameters.size());
  for (size_t i = 0; i < actual.parameters.size(); ++i) {
    EXPECT_EQ(actual.parameters[i].values, expected.parameters[i].values) << actual.parameters[i].name;
  }
}

TEST(Offload, TrainsBitForBitAsStoreAllWhateverTheTransfersDo) {
  const LanguageTrainerOptions options = SmallModel();
  Training store_all(options, StoreAll(options.shape.links()), 0, 0);
  store_all.Run();
  uint32_t seed = 0;
  int offloaded = 0;
  for (const int64_t device_states : {0, 1, 3}) {
    for (const int64_t device_tapes : {0, 1, 2}) {
      for (const int64_t host_states : {1, 2, 4, 15}) {
        const Schedule schedule = TwoLevel(options, device_states, device_tapes, host_states);
        for (const double chance : {0.0, 0.02, 0.2, 1.0}) {
          SCOPED_TRACE(::testing::Message() << device_states << " states and " << device_tapes << " tapes, "
                                            << host_states << " on the host, chance " << chance);
          Training training(options, schedule, chance, ++seed);
          training.Run();
          ExpectSame(training.outcome, store_all.outcome);
          if (training.replay.host.reads > 0) ++offloaded;
        }
      }
    }
  }
  EXPECT_GT(offloaded, 80);
}

TEST(Offload, FetchesWhileItComputes) {
  const LanguageTrainerOptions options = SmallModel();
  Training training(options, TwoLevel(options, 2, 2, 15), 0, 0);
  training.Run();
  EXPECT_GT(training.backend.fetches(), 0);
  EXPECT_EQ(training.backend.early_fetches(), training.backend.fetches());
}

TEST(Offload, LeavesNoTransferBehindWhenCancelledAndCanGoOn) {
  const LanguageTrainerOptions options = SmallModel();
  const Schedule schedule = TwoLevel(options, 1, 1, 3);
  Training undisturbed(options, schedule, 0, 0);
  undisturbed.Run();
  Training training(options, schedule, 0, 0);
  int64_t cancelled = 0;
  for (int polls = 0; polls < 100; polls += 7) {
    int left = polls;
    const absl::Status status = training.Step([&] { return left-- == 0; });
    EXPECT_EQ(training.backend.under_way(), 0);
    if (status.ok()) break;
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    ++cancelled;
  }
  EXPECT_GT(cancelled, 5);
  // A batch that was given up is not carried on from: the next one starts from zeros, as the first does.
  ASSERT_EQ(training.outcome.losses.size(), 1U);
  EXPECT_EQ(training.outcome.losses.front(), undisturbed.outcome.losses.front());
}

TEST(Offload, RefusesToStoreOnTheHostWithoutTheBufferForIt) {
  LanguageTrainerOptions options = SmallModel();
  options.host_states = false;
  const auto backend = MakeCpuBackend({.threads = 1}).value();
  const auto trainer =
      Trainer::Create(options, InitialModel(options.model, 5).parameters, {.host_bytes = 1024}, *backend);
  EXPECT_EQ(trainer.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace recurve
