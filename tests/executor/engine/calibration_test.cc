// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/calibration.h"

#include <memory>
#include <string>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/engine/trainer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/backend/pretending_backend.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

constexpr ModelConfig kModel = {.layers = 2, .hidden = 24, .embedding = 8, .dropout = 0.1};

int64_t FixedBytes(int64_t length, int64_t link, int64_t batch, Backend& backend) {
  return FixedLedger(LanguageTrainerOptions{.model = kModel, .shape = {.length = length, .link = link, .batch = batch}},
                     backend)
      .total();
}

// All candidates are measured in the memory that training in the longest of them holds at least.
void ExpectCosts(int64_t length, int64_t batch, const std::vector<int64_t>& links) {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 2}).value();
  const auto measured = Calibrate({.model = LanguageModelFactory(kModel),
                                   .batch = batch,
                                   .links = links,
                                   .required = static_cast<int64_t>(links.size()),
                                   .max_bytes = FixedBytes(length, links.back(), batch, *backend)},
                                  *backend, {});
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_GE(measured->load, 1);
  ASSERT_EQ(measured->links.size(), links.size());
  for (size_t i = 0; i < links.size(); ++i) {
    const MeasuredLink& link = measured->links[i];
    EXPECT_EQ(link.link, links[i]);
    EXPECT_GT(link.forward_seconds, 0);
    EXPECT_GT(link.taped_forward_seconds, 0);
    EXPECT_GT(link.backward_seconds, 0);
    EXPECT_GT(link.batch_seconds, 0);
    EXPECT_EQ(link.batch_seconds, measured->links.front().batch_seconds);
  }
}

TEST(Calibration, MeasuresInTheMemoryOfTheWorkingSet) {
  ExpectCosts(1, 1, {1});
  ExpectCosts(7, 2, {3});
  ExpectCosts(200, 2, {1, 2, 4, 8, 16, 32});
}

TEST(Calibration, LeavesOutWhatThereIsNoTimeForUnlessItIsRequired) {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 1}).value();
  // The last candidate, of 131,072 rows, would take seconds a round.
  CalibrationOptions options{
      .model = LanguageModelFactory({.hidden = 256}), .batch = 64, .links = {1, 2, 2048}, .required = 1};
  const auto measured = Calibrate(options, *backend, {});
  ASSERT_TRUE(measured.ok()) << measured.status();
  ASSERT_EQ(measured->links.size(), 2);
  EXPECT_EQ(measured->links.back().link, 2);

  options.required = 3;
  int calls = 0;
  EXPECT_EQ(Calibrate(options, *backend, [&] { return ++calls == 3; }).status().code(), absl::StatusCode::kCancelled)
      << "it was to begin with the last";
}

TEST(Calibration, IsCancelledWithinALink) {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 2}).value();
  const CalibrationOptions options{.model = LanguageModelFactory({.hidden = 64}), .batch = 64, .links = {1400}};
  int calls = 0;
  EXPECT_EQ(Calibrate(options, *backend, [&] { return ++calls == 2; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls, 2) << "before its only link, and within the first forward";
}

// Somebody else uses the machine every other round.
TEST(Calibration, TellsTheLoad) {
  PretendingBackend backend(MakeCpuBackend({.threads = 1}).value(), {.stalls_every_other_round = true});
  const auto measured =
      Calibrate({.model = LanguageModelFactory({.hidden = 8}), .batch = 1, .links = {1}}, backend, {});
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_GT(measured->load, 2);
}

TEST(Calibration, CostsOfASequenceCountWhatIsThere) {
  const MeasuredLink measured = {
      .link = 4, .forward_seconds = 2, .taped_forward_seconds = 3, .backward_seconds = 5, .batch_seconds = 12};
  // 10 steps: two whole links and a half one.
  const LinkCosts costs = CostsOf(measured, {.length = 10, .link = 4, .batch = 2});
  EXPECT_DOUBLE_EQ(costs.forward_seconds, 2);
  const double everything = 2.5 * (3 + 5) + 12;
  EXPECT_DOUBLE_EQ(PredictSeconds(3, 3, costs), everything);
  EXPECT_DOUBLE_EQ(PredictSeconds(7, 3, costs), everything + 4 * 2);
}

}  // namespace
}  // namespace recurve
