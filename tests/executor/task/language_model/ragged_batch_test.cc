// SPDX-License-Identifier: Apache-2.0
//
// Batches of sequences of different lengths.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/executor/task/language_model/model.h"
#include "tests/executor/task/language_model/model_runner.h"

namespace recurve {
namespace {

using Batch = ReferenceLanguageModel::Batch;

struct Sequence {
  std::vector<int32_t> inputs, targets;
  int64_t length() const { return static_cast<int64_t>(inputs.size()); }
};

std::vector<Sequence> RandomSequences(const std::vector<int64_t>& lengths, int64_t vocabulary) {
  std::mt19937 random(7);
  std::vector<Sequence> sequences(lengths.size());
  for (size_t b = 0; b < lengths.size(); ++b) {
    for (int64_t t = 0; t < lengths[b]; ++t) {
      sequences[b].inputs.push_back(static_cast<int32_t>(random() % vocabulary));
      sequences[b].targets.push_back(static_cast<int32_t>(random() % vocabulary));
    }
  }
  return sequences;
}

// A time-major batch. Inputs beyond the end of a sequence are `padding`, or random if that is negative.
Batch SideBySide(const std::vector<Sequence>& sequences, int64_t steps, int64_t vocabulary, int32_t padding) {
  std::mt19937 random(99);
  Batch batch{.length = steps, .size = static_cast<int64_t>(sequences.size())};
  for (int64_t t = 0; t < steps; ++t) {
    for (const Sequence& sequence : sequences) {
      const bool live = t < sequence.length();
      const int32_t other = padding >= 0 ? padding : static_cast<int32_t>(random() % vocabulary);
      batch.inputs.push_back(live ? sequence.inputs[static_cast<size_t>(t)] : other);
      batch.targets.push_back(live ? sequence.targets[static_cast<size_t>(t)] : -1);
    }
  }
  return batch;
}

struct Swept {
  double nats;
  std::vector<float> gradients;
};

Swept SweepRagged(const Model& initial, const std::vector<Sequence>& sequences, int64_t steps, int64_t link,
                  int32_t padding, int threads) {
  const auto B = static_cast<int64_t>(sequences.size());
  ModelRunner runner(initial, {.length = steps, .link = link, .batch = B, .ragged = true},
                     LanguageModel::Use::kTraining, threads);
  // Results must not depend on the previous contents of memory.
  for (std::byte* tape : runner.tapes) std::memset(tape, 0x42, runner.model().max_tape_bytes());
  runner.SetBatch(SideBySide(sequences, steps, initial.config.vocabulary, padding));
  for (int64_t b = 0; b < B; ++b) runner.model().tokens().lengths[b] = static_cast<int32_t>(sequences[b].length());
  runner.Sweep();
  const float* gradients = runner.model().gradients();
  return {.nats = *runner.model().loss(), .gradients = {gradients, gradients + runner.model().layout().block_floats()}};
}

Swept SweepAlone(const Model& initial, const Sequence& sequence, int64_t link) {
  ModelRunner runner(initial, {.length = sequence.length(), .link = std::min(link, sequence.length()), .batch = 1},
                     LanguageModel::Use::kTraining);
  runner.SetBatch(SideBySide({sequence}, sequence.length(), initial.config.vocabulary, 0));
  runner.Sweep();
  const float* gradients = runner.model().gradients();
  return {.nats = *runner.model().loss(), .gradients = {gradients, gradients + runner.model().layout().block_floats()}};
}

struct RaggedCase {
  std::string name;
  ModelConfig config;
  std::vector<int64_t> lengths;
  int64_t steps, link;
  int threads = 1;
};

std::ostream& operator<<(std::ostream& out, const RaggedCase& c) { return out << c.name; }

class RaggedBatchTest : public testing::TestWithParam<RaggedCase> {
 protected:
  const RaggedCase& c_ = GetParam();
  const Model initial_ = InitialModel(c_.config, 3);
  const std::vector<Sequence> sequences_ = RandomSequences(c_.lengths, c_.config.vocabulary);
};

TEST_P(RaggedBatchTest, GradientsAreTheSumOfTheSequencesAlone) {
  const Swept ragged = SweepRagged(initial_, sequences_, c_.steps, c_.link, 0, c_.threads);
  double nats = 0;
  int64_t predictions = 0;
  std::vector<double> expected(ragged.gradients.size());
  for (const Sequence& sequence : sequences_) {
    if (sequence.length() == 0) continue;
    const Swept alone = SweepAlone(initial_, sequence, c_.link);
    nats += alone.nats;
    predictions += sequence.length();
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] += static_cast<double>(sequence.length()) * alone.gradients[i];
    }
  }
  EXPECT_NEAR(ragged.nats, nats, 1e-5 * nats);
  double error = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    expected[i] /= static_cast<double>(predictions);
    error += std::pow(ragged.gradients[i] - expected[i], 2);
    norm += expected[i] * expected[i];
  }
  EXPECT_GT(norm, 1e-4);
  EXPECT_LE(std::sqrt(error), 1e-5 * std::sqrt(norm));
}

TEST_P(RaggedBatchTest, PaddingHasNoEffect) {
  const Swept zeros = SweepRagged(initial_, sequences_, c_.steps, c_.link, 0, c_.threads);
  const Swept garbage = SweepRagged(initial_, sequences_, c_.steps, c_.link, -1, c_.threads);
  EXPECT_EQ(zeros.nats, garbage.nats);
  EXPECT_EQ(zeros.gradients, garbage.gradients);
}

TEST_P(RaggedBatchTest, FurtherLinksHaveNoEffect) {
  const Swept shorter = SweepRagged(initial_, sequences_, c_.steps, c_.link, 0, c_.threads);
  const Swept longer = SweepRagged(initial_, sequences_, c_.steps + 3 * c_.link, c_.link, -1, c_.threads);
  EXPECT_EQ(shorter.nats, longer.nats);
  EXPECT_EQ(shorter.gradients, longer.gradients);
}

std::vector<RaggedCase> RaggedCases() {
  std::vector<RaggedCase> cases;
  for (const Cell cell : kCells) {
    std::string name(ToString(cell));
    std::replace(name.begin(), name.end(), '-', '_');
    cases.push_back({name,
                     {.vocabulary = 11, .cell = cell, .layers = 2, .hidden = 9, .embedding = 4},
                     {5, 1, 12, 0, 7, 12, 3},
                     12,
                     4});
    cases.push_back({name + "_normalised",
                     {.vocabulary = 9,
                      .cell = cell,
                      .layers = 3,
                      .hidden = 20,
                      .embedding = 4,
                      .residual = true,
                      .layer_norm = true},
                     {2, 9, 4},
                     9,
                     3,
                     2});
  }
  cases.push_back({"all_of_one_length", {.vocabulary = 8, .layers = 1, .hidden = 4, .embedding = 4}, {6, 6}, 6, 2});
  cases.push_back({"links_of_one_step", {.vocabulary = 8, .layers = 1, .hidden = 4, .embedding = 4}, {3, 6}, 6, 1});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cells, RaggedBatchTest, testing::ValuesIn(RaggedCases()),
                         [](const testing::TestParamInfo<RaggedCase>& info) { return info.param.name; });

}  // namespace
}  // namespace recurve
