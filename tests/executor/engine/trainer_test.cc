// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "executor/data/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/backend/pretending_backend.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/model.h"
#include "tests/executor/task/language_model/reference_language_model.h"

namespace recurve {
namespace {

using testing::HasSubstr;

LanguageTrainerOptions Options(const SequenceShape& shape) {
  return {.model = {.layers = 2, .hidden = 48, .embedding = 16, .dropout = 0.2},
          .shape = shape,
          .optimizer = {.learning_rate = 1e-2, .warmup_steps = 2},
          .steps = 20,
          .carry_state = true,
          .dropout_seed = 5};
}

std::string WeightsAfter(TrainingRun& run, int64_t steps) {
  for (int64_t step = 0; step < steps; ++step) {
    const absl::StatusOr<StepResult> result = run.Step();
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) break;
    EXPECT_EQ(result->forwards.plain_forwards + result->forwards.taped_forwards, run.plan.forward_count);
  }
  return Sha256Hex(run.trainer->DownloadParameters());
}

// Weights and peaks for every strategy, many budgets, one and two threads.
void CompareAllPlans(const SequenceShape& shape, int64_t steps) {
  const LanguageTrainerOptions options = Options(shape);
  const Model initial = InitialModel(options.model, 1);
  const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
  TrainingRun store_all(options, initial, Strategy::kStoreAll, -1, 1);
  const std::string expected = WeightsAfter(store_all, steps);
  EXPECT_EQ(store_all.plan.forward_count, shape.links());
  EXPECT_EQ(store_all.trainer->arena().peak_bytes(), store_all.planned_peak_bytes);
  EXPECT_NE(expected, Sha256Hex(initial.parameters));
  const int64_t budgets[] = {-1, 0, bytes.state, 3 * bytes.state, bytes.tape, 2 * bytes.tape + bytes.state};
  for (const Strategy strategy : {Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm, Strategy::kAuto}) {
    for (const int64_t budget : budgets) {
      for (const int threads : {1, 2}) {
        TrainingRun run(options, initial, strategy, budget, threads);
        if (run.trainer == nullptr) continue;
        EXPECT_EQ(WeightsAfter(run, steps), expected)
            << ToString(strategy) << " in " << budget << " bytes on " << threads << " threads";
        EXPECT_EQ(run.trainer->arena().peak_bytes(), run.planned_peak_bytes);
        EXPECT_EQ(run.trainer->arena().size(), run.planned_peak_bytes);
      }
    }
  }
}

TEST(Trainer, EveryPlanGivesTheSameBits) { CompareAllPlans({.length = 23, .link = 3, .batch = 5}, 20); }
TEST(Trainer, EveryPlanGivesTheSameBitsInLinksOfOneStep) { CompareAllPlans({.length = 9, .link = 1, .batch = 3}, 3); }
TEST(Trainer, EveryPlanGivesTheSameBitsInOneStep) { CompareAllPlans({.length = 1, .link = 1, .batch = 4}, 3); }

TEST(Trainer, PlansAndMeasuresTheBackendsOwnBytes) {
  const LanguageTrainerOptions options = Options({.length = 23, .link = 3, .batch = 5});
  const Model initial = InitialModel(options.model, 1);
  const int64_t budget = 2 * LinkBytesOf(options.model, options.shape).tape;
  TrainingRun without(options, initial, Strategy::kAuto, budget, 1);
  TrainingRun run(
      options, initial, Strategy::kAuto, budget,
      std::make_unique<PretendingBackend>(MakeCpuBackend({.threads = 1}).value(), Pretence{.own_bytes = 1'000'000}));
  EXPECT_EQ(WeightsAfter(run, 2), WeightsAfter(without, 2));
  EXPECT_EQ(run.planned_peak_bytes, without.planned_peak_bytes + 1'000'000);
  EXPECT_EQ(run.trainer->arena().peak_bytes(), run.planned_peak_bytes);
  EXPECT_EQ(run.trainer->arena().peak().activations(), without.trainer->arena().peak().activations());
}

// On the CPU the weights that are uploaded and saved are a second copy in the same memory; on a device they are not.
TEST(Trainer, PlansAndMeasuresWhatTheProcessHolds) {
  LanguageTrainerOptions options = Options({.length = 23, .link = 3, .batch = 5});
  const Model initial = InitialModel(options.model, 1);
  const int64_t weights = LanguageModelLayout(options.model).tensors.block_bytes();
  TrainingRun without(options, initial, Strategy::kAuto, 0, 1);
  options.process_bytes = 1'000'000;
  TrainingRun run(options, initial, Strategy::kAuto, 0, 1);
  EXPECT_EQ(run.planned_peak_bytes, without.planned_peak_bytes + 1'000'000);
  EXPECT_EQ(WeightsAfter(run, 2), WeightsAfter(without, 2));
  EXPECT_EQ(run.trainer->arena().peak_bytes(), run.planned_peak_bytes);
  EXPECT_EQ(run.trainer->arena().peak()[MemoryKind::kProcess], weights + 1'000'000);

  TrainingRun device(
      options, initial, Strategy::kAuto, 0,
      std::make_unique<PretendingBackend>(MakeCpuBackend({.threads = 1}).value(), Pretence{.on_host = false}));
  EXPECT_EQ(device.planned_peak_bytes, without.planned_peak_bytes - weights);
  EXPECT_EQ(WeightsAfter(device, 4), WeightsAfter(run, 2));
  EXPECT_EQ(device.trainer->arena().peak()[MemoryKind::kProcess], 0);
}

// Fewer rows of logits at a time: the same loss, in less workspace.
TEST(Trainer, WorksInChunksOfTheBackendsRows) {
  const LanguageTrainerOptions options = Options({.length = 23, .link = 3, .batch = 5});
  const Model initial = InitialModel(options.model, 1);
  TrainingRun whole(options, initial, Strategy::kAuto, 0, 1);
  TrainingRun run(
      options, initial, Strategy::kAuto, 0,
      std::make_unique<PretendingBackend>(MakeCpuBackend({.threads = 1}).value(), Pretence{.chunk_rows = 4}));
  for (int step = 0; step < 3; ++step) {
    const double expected = whole.Step()->loss;
    EXPECT_NEAR(run.Step()->loss, expected, 1e-5 * expected);
  }
  EXPECT_LT(run.planned_peak_bytes, whole.planned_peak_bytes);
}

TEST(Trainer, LearnsAText) {
  LanguageTrainerOptions options = Options({.length = 64, .link = 16, .batch = 8});
  options.model.dropout = 0;
  options.steps = 120;
  TrainingRun run(options, InitialModel(options.model, 1), Strategy::kAuto, 0, 1);
  const double first = run.Step()->loss;
  EXPECT_NEAR(first, std::log(256.0), 0.5);
  double last = first;
  while (run.trainer->steps_done() < options.steps) last = run.Step()->loss;
  EXPECT_LT(last, 1.5);  // the entropy of the text's bytes alone is 2.8 nats
}

TEST(Trainer, SgdLearnsToo) {
  LanguageTrainerOptions options = Options({.length = 64, .link = 16, .batch = 8});
  options.optimizer = {.kind = OptimizerKind::kSgd, .learning_rate = 1.0, .shape = LearningRateShape::kConstant};
  options.steps = 60;
  TrainingRun run(options, InitialModel(options.model, 1), Strategy::kAuto, 0, 1);
  double last = 0;
  while (run.trainer->steps_done() < options.steps) last = run.Step()->loss;
  EXPECT_LT(last, 3.0);
}

class CarriedStateTest : public testing::Test {
 protected:
  // Loss of each of three windows under weights that do not move.
  std::vector<double> Losses(bool carry_state, bool start_afresh) {
    LanguageTrainerOptions options{.model = {.layers = 2, .hidden = 6, .embedding = 4},
                                   .shape = {.length = 7, .link = 3, .batch = 2},
                                   .optimizer = {.learning_rate = 1e-12, .warmup_steps = 0},
                                   .steps = 3,
                                   .carry_state = carry_state};
    TrainingRun run(options, InitialModel(options.model, 1), Strategy::kAuto, 0, 1);
    std::vector<double> losses;
    for (int64_t window = 0; window < 3; ++window) {
      run.Fill(window);
      losses.push_back(run.trainer->Step(run.plan.schedule, start_afresh, {})->loss);
    }
    return losses;
  }
  std::vector<double> ReferenceLosses(bool carry_state) {
    const ModelConfig config{.layers = 2, .hidden = 6, .embedding = 4};
    const ReferenceLanguageModel reference(InitialModel(config, 1));
    auto state = reference.ZeroState(2);
    std::vector<double> losses;
    for (int64_t window = 0; window < 3; ++window) {
      ReferenceLanguageModel::Batch batch{.length = 7, .size = 2};
      for (int64_t t = 0; t < 7; ++t) {
        for (int64_t b = 0; b < 2; ++b) {
          batch.inputs.push_back(kGenesis[b * 101 + window * 7 + t]);
          batch.targets.push_back(kGenesis[b * 101 + window * 7 + t + 1]);
        }
      }
      if (!carry_state) state = reference.ZeroState(2);
      losses.push_back(reference.Loss(batch, &state));
    }
    return losses;
  }
};

TEST_F(CarriedStateTest, GoesFromWindowToWindow) {
  const std::vector<double> losses = Losses(true, false);
  const std::vector<double> expected = ReferenceLosses(true);
  for (int window = 0; window < 3; ++window) EXPECT_NEAR(losses[window], expected[window], 1e-5) << window;
  EXPECT_GT(std::abs(expected[1] - ReferenceLosses(false)[1]), 1e-3);
}

TEST_F(CarriedStateTest, IsDroppedWhenToldOrNotWanted) {
  const std::vector<double> expected = ReferenceLosses(false);
  const std::vector<double> afresh = Losses(true, true);
  const std::vector<double> never = Losses(false, false);
  for (int window = 0; window < 3; ++window) {
    EXPECT_NEAR(afresh[window], expected[window], 1e-5) << window;
    EXPECT_NEAR(never[window], expected[window], 1e-5) << window;
  }
}

TEST(Trainer, StopsAtALossThatIsNotFinite) {
  const LanguageTrainerOptions options = Options({.length = 6, .link = 2, .batch = 2});
  Model initial = InitialModel(options.model, 1);
  initial.parameters.back().values['e'] = std::numeric_limits<float>::quiet_NaN();
  TrainingRun run(options, initial, Strategy::kAuto, 0, 1);
  const absl::Status status = run.Step().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(status.message(), HasSubstr("at step 1"));
  EXPECT_EQ(run.trainer->steps_done(), 0);
  EXPECT_EQ(Sha256Hex(run.trainer->DownloadParameters()), Sha256Hex(initial.parameters));
}

// Wherever it is cancelled: the weights stay, and the step goes on from the state that was carried to it.
TEST(Trainer, ACancelledStepLeavesTheWeightsAndMayBeRepeated) {
  const LanguageTrainerOptions options = Options({.length = 12, .link = 2, .batch = 2});
  const Model initial = InitialModel(options.model, 1);
  TrainingRun undisturbed(options, initial, Strategy::kAuto, 0, 1);
  WeightsAfter(undisturbed, 1);
  const std::string before = Sha256Hex(undisturbed.trainer->DownloadParameters());
  const std::string after = WeightsAfter(undisturbed, 2);
  int cancelled_steps = 0;
  for (int poll = 0;; ++poll) {
    TrainingRun run(options, initial, Strategy::kAuto, 0, 1);
    EXPECT_EQ(WeightsAfter(run, 1), before);
    run.Fill(1);
    int polls = poll;
    const absl::Status status =
        run.trainer->Step(run.plan.schedule, /*start_afresh=*/false, [&] { return polls-- == 0; }).status();
    if (status.ok()) break;  // it asks less often than that
    ++cancelled_steps;
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(Sha256Hex(run.trainer->DownloadParameters()), before);
    EXPECT_EQ(WeightsAfter(run, 2), after) << "cancelled at poll " << poll;
  }
  EXPECT_GT(cancelled_steps, 2 * options.shape.links());
}

// A link of many steps is not waited for.
TEST(Trainer, IsCancelledWithinALink) {
  LanguageTrainerOptions options = Options({.length = 1500, .link = 1500, .batch = 64});
  options.model.layers = 1;
  options.model.hidden = 64;
  const Model initial = InitialModel(options.model, 1);
  TrainingRun run(options, initial, Strategy::kAuto, 0, 2);
  run.Fill(0);
  int polls = 0;
  const auto step = [&](int at) {
    polls = 0;
    return run.trainer->Step(run.plan.schedule, false, [&] { return ++polls >= at && at > 0; }).status().code();
  };
  // The interpreter asks before the forward and before the backward of the only link.
  EXPECT_EQ(step(2), absl::StatusCode::kCancelled);
  EXPECT_EQ(polls, 3) << "the second time within the forward";
  EXPECT_EQ(Sha256Hex(run.trainer->DownloadParameters()), Sha256Hex(initial.parameters));
  EXPECT_EQ(step(0), absl::StatusCode::kOk);
  EXPECT_GT(polls, 4);
}

// A state that is carried on is not lost with a step that fails in another way either.
TEST(Trainer, ARefusedBatchLeavesTheCarriedState) {
  const LanguageTrainerOptions options = Options({.length = 12, .link = 2, .batch = 2});
  const Model initial = InitialModel(options.model, 1);
  TrainingRun undisturbed(options, initial, Strategy::kAuto, 0, 1);
  TrainingRun run(options, initial, Strategy::kAuto, 0, 1);
  EXPECT_EQ(WeightsAfter(run, 1), WeightsAfter(undisturbed, 1));
  run.Fill(1);
  std::fill(TokensOf(*run.trainer, options.shape).targets.begin(), TokensOf(*run.trainer, options.shape).targets.end(),
            -1);
  EXPECT_EQ(run.trainer->Step(run.plan.schedule, false, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WeightsAfter(run, 2), WeightsAfter(undisturbed, 2));
}

}  // namespace
}  // namespace recurve
