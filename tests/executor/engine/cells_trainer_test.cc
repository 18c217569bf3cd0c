// SPDX-License-Identifier: Apache-2.0
//
// Training with each cell and with each option of the model.
#include <algorithm>
#include <string>
#include <vector>

#include "executor/data/safetensors.h"
#include "gtest/gtest.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

struct Case {
  std::string name;
  ModelConfig model;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Cell cell : kCells) {
    std::string name(ToString(cell));
    std::replace(name.begin(), name.end(), '-', '_');
    const ModelConfig plain{.cell = cell, .layers = 2, .hidden = 21, .embedding = 8};
    ModelConfig residual = plain;
    residual.residual = true;
    ModelConfig layer_norm = plain;
    layer_norm.layer_norm = true;
    ModelConfig recurrent_dropout = plain;
    recurrent_dropout.recurrent_dropout = 0.25;
    ModelConfig all = plain;
    all.layers = 3;
    all.residual = all.layer_norm = true;
    all.dropout = 0.2;
    all.recurrent_dropout = 0.25;
    for (const Case& c : {Case{name, plain},
                          {name + "_residual", residual},
                          {name + "_layer_norm", layer_norm},
                          {name + "_recurrent_dropout", recurrent_dropout},
                          {name + "_all", all}}) {
      cases.push_back(c);
    }
  }
  return cases;
}

class CellsTrainer : public testing::TestWithParam<Case> {
 protected:
  static LanguageTrainerOptions Options(const SequenceShape& shape) {
    return {.model = GetParam().model,
            .shape = shape,
            .optimizer = {.learning_rate = 1e-2, .warmup_steps = 0},
            .steps = 120,
            .carry_state = true,
            .dropout_seed = 5};
  }
};

// The weights after some steps.
std::string Trained(TrainingRun& run, int64_t steps) {
  while (run.trainer->steps_done() < steps) {
    const absl::StatusOr<StepResult> result = run.Step();
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) break;
  }
  return Sha256Hex(run.trainer->DownloadParameters());
}

TEST_P(CellsTrainer, EveryPlanGivesTheSameBitsInItsPlannedBytes) {
  const LanguageTrainerOptions options = Options({.length = 17, .link = 3, .batch = 3});
  const Model initial = InitialModel(options.model, 1);
  const LinkBytes bytes = LinkBytesOf(options.model, options.shape);
  TrainingRun store_all(options, initial, Strategy::kStoreAll, -1, 1);
  const std::string expected = Trained(store_all, 3);
  EXPECT_NE(expected, Sha256Hex(initial.parameters));
  EXPECT_EQ(store_all.trainer->arena().peak_bytes(), store_all.planned_peak_bytes);
  int runs = 0;
  for (const Strategy strategy : {Strategy::kChen, Strategy::kHsm, Strategy::kAuto}) {
    for (const int64_t budget : {int64_t{0}, bytes.state, 2 * bytes.tape + bytes.state}) {
      TrainingRun run(options, initial, strategy, budget, 1 + runs % 2);
      if (run.trainer == nullptr) continue;
      EXPECT_EQ(Trained(run, 3), expected) << ToString(strategy) << " in " << budget << " bytes";
      EXPECT_EQ(run.trainer->arena().peak_bytes(), run.planned_peak_bytes);
      EXPECT_EQ(run.trainer->arena().size(), run.planned_peak_bytes);
      ++runs;
    }
  }
  EXPECT_GE(runs, 4);
}

TEST_P(CellsTrainer, LearnsAText) {
  LanguageTrainerOptions options = Options({.length = 32, .link = 8, .batch = 8});
  options.model.hidden = 32;
  TrainingRun run(options, InitialModel(options.model, 1), Strategy::kAuto, 0, 1);
  double last = 0;
  while (run.trainer->steps_done() < options.steps) last = run.Step()->loss;
  EXPECT_LT(last, 2.0);  // the entropy of the text's bytes alone is 2.8 nats
}

INSTANTIATE_TEST_SUITE_P(Cells, CellsTrainer, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

}  // namespace
}  // namespace recurve
