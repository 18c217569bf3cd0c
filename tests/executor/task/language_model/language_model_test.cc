// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/language_model.h"

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
#include "tests/executor/task/language_model/reference_language_model.h"

namespace recurve {
namespace {

using Batch = ReferenceLanguageModel::Batch;
using State = ReferenceLanguageModel::State;
using Use = LanguageModel::Use;

struct Case {
  std::string name;
  ModelConfig config;
  SequenceShape shape;
  bool start_state = false;  // a nonzero initial state
  int threads = 1;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

Batch RandomBatch(const Case& c) {
  std::mt19937 random(7);
  Batch batch{.length = c.shape.length, .size = c.shape.batch, .dropout_seed = 11, .dropout_step = 3};
  for (int64_t i = 0; i < c.shape.length * c.shape.batch; ++i) {
    batch.inputs.push_back(static_cast<int32_t>(random() % c.config.vocabulary));
    batch.targets.push_back(static_cast<int32_t>(random() % c.config.vocabulary));
  }
  return batch;
}

// Perturbs the initial weights, so that biases are not 0 and gains of norms are not 1.
Model MovedModel(const ModelConfig& config) {
  Model model = InitialModel(config, 3);
  std::mt19937 random(13);
  std::uniform_real_distribution<float> uniform(-0.2f, 0.2f);
  for (NamedTensor& tensor : model.parameters) {
    for (float& value : tensor.values) value += uniform(random);
  }
  return model;
}

State StartState(const Case& c, const ReferenceLanguageModel& reference) {
  State state = reference.ZeroState(c.shape.batch);
  if (!c.start_state) return state;
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-0.9f, 0.9f);
  for (auto& layer : state) {
    for (auto& tensor : layer) {
      for (double& value : tensor) value = uniform(random);
    }
    if (c.config.cell != Cell::kSlstm) continue;
    for (double& normalizer : layer[2]) normalizer += 2;  // must be at least 1
  }
  return state;
}

void SetState(const Case& c, const State& from, std::byte* to) {
  const StateLayout layout(c.config.cell, c.config.layers, c.shape.batch, c.config.hidden);
  for (int64_t l = 0; l < c.config.layers; ++l) {
    float* tensors[kMaxCellStates];
    layout.Fill(to, l, tensors);
    for (int64_t i = 0; i < c.shape.batch * c.config.hidden; ++i) {
      for (size_t s = 0; s < from[l].size(); ++s) tensors[s][i] = static_cast<float>(from[l][s][i]);
    }
  }
}

class LanguageModelTest : public testing::TestWithParam<Case> {
 protected:
  LanguageModelTest()
      : initial_(MovedModel(GetParam().config)),
        reference_(initial_),
        batch_(RandomBatch(GetParam())),
        start_(StartState(GetParam(), reference_)) {}

  ModelRunner MakeRunner(Use use) {
    ModelRunner runner(initial_, GetParam().shape, use, GetParam().threads);
    runner.SetBatch(batch_);
    SetState(GetParam(), start_, runner.states.front());
    return runner;
  }

  Model initial_;
  ReferenceLanguageModel reference_;
  Batch batch_;
  State start_;
};

TEST_P(LanguageModelTest, GradientsAreThoseOfTheLoss) {
  ModelRunner runner = MakeRunner(Use::kTraining);
  runner.Sweep();
  const std::vector<std::vector<double>> expected = reference_.Gradients(batch_, start_);
  const ParameterLayout layout = LanguageModelLayout(GetParam().config).tensors;
  double norm = 0;
  for (const auto& gradient : expected) {
    for (const double value : gradient) norm += value * value;
  }
  ASSERT_GT(norm, 1e-4);
  // A layer norm over few units may divide by a small number.
  const double tolerance = GetParam().config.layer_norm ? 3e-5 : 2e-6;
  for (size_t i = 0; i < expected.size(); ++i) {
    const ParameterLayout::Entry& entry = layout.entries()[i];
    double error = 0;
    double size = 0;
    for (int64_t j = 0; j < entry.size; ++j) {
      error += std::pow(runner.model().gradients()[entry.offset + j] - expected[i][j], 2);
      size += expected[i][j] * expected[i][j];
    }
    EXPECT_LE(std::sqrt(error), tolerance * std::sqrt(size) + 1e-8) << entry.name;
  }
}

TEST_P(LanguageModelTest, LossAndFinalStateAreThoseOfTheReference) {
  ModelRunner runner = MakeRunner(Use::kTraining);
  runner.Sweep();
  State state = start_;
  const double expected = reference_.Loss(batch_, &state);
  const auto predictions = static_cast<double>(batch_.length * batch_.size);
  EXPECT_NEAR(*runner.model().loss() / predictions, expected, 2e-6 * expected);
  const StateLayout layout(GetParam().config.cell, GetParam().config.layers, GetParam().shape.batch,
                           GetParam().config.hidden);
  for (int64_t l = 0; l < GetParam().config.layers; ++l) {
    const float* tensors[kMaxCellStates];
    layout.Fill(runner.states.back(), l, tensors);
    for (size_t s = 0; s < state[l].size(); ++s) {
      for (size_t i = 0; i < state[l][s].size(); ++i) {
        EXPECT_NEAR(tensors[s][i], state[l][s][i], 2e-6 * (1 + std::abs(state[l][s][i])));
      }
    }
  }
}

TEST_P(LanguageModelTest, ForwardWithoutTapeGivesTheSameStates) {
  ModelRunner taped = MakeRunner(Use::kTraining);
  taped.Sweep();
  ModelRunner plain = MakeRunner(Use::kTraining);
  plain.model().PrepareWeights();
  for (int64_t link = 0; link < plain.model().links(); ++link) {
    plain.model().Forward(link, plain.states[link], plain.states[link + 1], plain.tapes[0], /*keep_tape=*/false);
    EXPECT_EQ(std::memcmp(plain.states[link + 1], taped.states[link + 1], plain.model().max_state_bytes()), 0) << link;
  }
}

TEST_P(LanguageModelTest, RecomputingALinkGivesTheSameTape) {
  ModelRunner runner = MakeRunner(Use::kTraining);
  LanguageModel& model = runner.model();
  model.PrepareWeights();
  std::byte* again = runner.Allocate(model.max_tape_bytes());
  std::byte* state_again = runner.Allocate(model.max_state_bytes());
  for (int64_t link = 0; link < model.links(); ++link) {
    model.Forward(link, runner.states[link], runner.states[link + 1], runner.tapes[link], /*keep_tape=*/true);
    std::memset(again, 0, model.max_tape_bytes());
    model.Forward(link, runner.states[link], state_again, again, /*keep_tape=*/true);
    EXPECT_EQ(std::memcmp(runner.tapes[link], again, model.max_tape_bytes()), 0);
    EXPECT_EQ(std::memcmp(runner.states[link + 1], state_again, model.max_state_bytes()), 0);
  }
}

TEST_P(LanguageModelTest, ForwardOnlyScoresWithoutDropout) {
  Model undropped = initial_;
  undropped.config.dropout = undropped.config.recurrent_dropout = 0;
  State state = start_;
  const double expected = ReferenceLanguageModel(undropped).Loss(batch_, &state);
  ModelRunner runner = MakeRunner(Use::kForwardOnly);
  LanguageModel& model = runner.model();
  EXPECT_EQ(model.needs().gradients.used(), 0);
  model.PrepareWeights();
  model.BeginBatch({.steps = batch_.length});
  for (int64_t link = 0; link < model.links(); ++link) {
    model.Forward(link, runner.states[link], runner.states[link + 1], runner.tapes[0], /*keep_tape=*/false);
    model.AddLoss(link, runner.states[link + 1], runner.tapes[0]);
  }
  EXPECT_NEAR(*model.loss() / static_cast<double>(batch_.length * batch_.size), expected, 2e-6 * expected);
}

std::vector<Case> Cases() {
  std::vector<Case> cases = {
      {"one_step", {.vocabulary = 11, .layers = 1, .hidden = 5, .embedding = 3}, {1, 1, 3}},
      {"even", {.vocabulary = 8, .layers = 1, .hidden = 4, .embedding = 4}, {8, 4, 2}},
      {"remainder", {.vocabulary = 11, .layers = 1, .hidden = 7, .embedding = 3}, {7, 3, 3}, true},
      {"shorter_than_a_link_of_many_rows", {.vocabulary = 7, .layers = 1, .hidden = 3, .embedding = 2}, {9, 9, 31}},
      {"two_layers", {.vocabulary = 9, .layers = 2, .hidden = 5, .embedding = 6}, {5, 2, 2}, true},
      {"links_of_one_step", {.vocabulary = 9, .layers = 2, .hidden = 5, .embedding = 4}, {4, 1, 3}, true},
      {"dropout_odd", {.vocabulary = 9, .layers = 3, .hidden = 5, .embedding = 4, .dropout = 0.5}, {5, 2, 3}, true},
      {"two_threads", {.vocabulary = 6, .layers = 2, .hidden = 4, .embedding = 4, .dropout = 0.2}, {6, 4, 5}, true, 2},
  };
  for (const Cell cell : kCells) {
    // Every combination of options.
    for (int options = 0; options < 16; ++options) {
      Case c{std::string(ToString(cell)),
             {.vocabulary = 7, .cell = cell, .layers = 2, .hidden = 6, .embedding = 3},
             {.length = 5, .link = 2, .batch = 2},
             options % 3 == 0};
      std::replace(c.name.begin(), c.name.end(), '-', '_');
      if ((options & 1) != 0) c.name += "_residual", c.config.residual = true;
      if ((options & 2) != 0) c.name += "_norm", c.config.layer_norm = true;
      if ((options & 4) != 0) c.name += "_dropout", c.config.dropout = 0.3;
      if ((options & 8) != 0) c.name += "_recurrent_dropout", c.config.recurrent_dropout = 0.3;
      if (options == 15) c.config.layers = 3;
      cases.push_back(c);
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Shapes, LanguageModelTest, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

TEST(LanguageModel, NextByteLogitsAreThoseOfTheLastState) {
  const ModelConfig config{.vocabulary = 10, .layers = 2, .hidden = 6, .embedding = 3};
  const Model initial = InitialModel(config, 1);
  ModelRunner runner(initial, {.length = 3, .link = 3, .batch = 2}, Use::kForwardOnly);
  Batch batch{.length = 3, .size = 2, .inputs = {1, 2, 3, 4, 5, 6}, .targets = {0, 0, 0, 0, 0, 0}};
  runner.SetBatch(batch);
  runner.model().PrepareWeights();
  runner.model().Forward(0, runner.states[0], runner.states[1], runner.tapes[0], /*keep_tape=*/false);
  const float* logits = runner.model().Logits(runner.states[1]);
  // Compares -ln softmax of each symbol after the last step.
  ReferenceLanguageModel reference(initial);
  State state = reference.ZeroState(2);
  batch.length = 2;
  reference.Loss(batch, &state);
  Batch last{.length = 1, .size = 2, .inputs = {5, 6}, .targets = {0, 0}};
  for (int32_t symbol = 0; symbol < 10; ++symbol) {
    last.targets = {symbol, symbol};
    State before = state;
    const double expected = reference.Loss(last, &before);
    double nats = 0;
    for (int64_t b = 0; b < 2; ++b) {
      double total = 0;
      for (int64_t v = 0; v < 10; ++v) total += std::exp(logits[b * 10 + v]);
      nats += std::log(total) - logits[b * 10 + symbol];
    }
    EXPECT_NEAR(nats / 2, expected, 1e-5);
  }
}

TEST(LanguageModel, MasksDependOnTheStepOfTrainingAndNotOnTheLink) {
  const ModelConfig config{.vocabulary = 9, .layers = 2, .hidden = 5, .embedding = 4, .dropout = 0.4};
  const Model initial = InitialModel(config, 2);
  const auto loss = [&](int64_t link, uint64_t step) {
    ModelRunner runner(initial, {.length = 6, .link = link, .batch = 2}, Use::kTraining);
    runner.SetBatch({.length = 6,
                     .size = 2,
                     .inputs = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3},
                     .targets = {3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5},
                     .dropout_seed = 4,
                     .dropout_step = step});
    runner.Sweep();
    return *runner.model().loss();
  };
  EXPECT_NEAR(loss(6, 0), loss(2, 0), 1e-4);
  EXPECT_NEAR(loss(6, 0), loss(4, 0), 1e-4);
  EXPECT_GT(std::abs(loss(6, 0) - loss(6, 1)), 1e-3);
}

}  // namespace
}  // namespace recurve
