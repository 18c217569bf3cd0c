// SPDX-License-Identifier: Apache-2.0
//
// Writes what another program needs to compute a model's loss and gradients again.
// usage: dump_gradients CELL RESIDUAL LAYER_NORM FILE     (RESIDUAL, LAYER_NORM: 0 or 1)
//
// FILE, in safetensors: the parameters, as in a model file; gradient.<parameter>, of the mean loss; inputs [T, B] and
// targets [T, B], as floats; loss [1], in nats.
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "executor/data/safetensors.h"
#include "tests/executor/task/language_model/model.h"
#include "tests/executor/task/language_model/model_runner.h"

namespace recurve {
namespace {

constexpr SequenceShape kShape{.length = 23, .link = 5, .batch = 3};

Model RandomModel(const ModelConfig& config) {
  Model model = InitialModel(config, 3);
  std::mt19937 random(13);
  std::uniform_real_distribution<float> uniform(-0.2f, 0.2f);
  for (NamedTensor& tensor : model.parameters) {
    for (float& value : tensor.values) value += uniform(random);  // biases are not 0 then
  }
  return model;
}

int Dump(Cell cell, bool residual, bool layer_norm, const std::string& path) {
  const Model model = RandomModel({.vocabulary = 19,
                                   .cell = cell,
                                   .layers = 2,
                                   .hidden = 37,
                                   .embedding = 11,
                                   .residual = residual,
                                   .layer_norm = layer_norm});
  std::mt19937 random(7);
  ReferenceLanguageModel::Batch batch{.length = kShape.length, .size = kShape.batch};
  for (int64_t i = 0; i < kShape.length * kShape.batch; ++i) {
    batch.inputs.push_back(static_cast<int32_t>(random() % model.config.vocabulary));
    batch.targets.push_back(static_cast<int32_t>(random() % model.config.vocabulary));
  }
  ModelRunner runner(model, kShape, LanguageModel::Use::kTraining, /*threads=*/2);
  runner.SetBatch(batch);
  runner.Sweep();

  Safetensors file{.tensors = model.parameters};
  const float* block = runner.model().gradients();
  for (const ParameterLayout::Entry& entry : runner.model().layout().entries()) {
    file.tensors.push_back({.name = "gradient." + entry.name,
                            .shape = entry.shape,
                            .values = {block + entry.offset, block + entry.offset + entry.size}});
  }
  for (const auto& [name, tokens] : {std::pair("inputs", &batch.inputs), {"targets", &batch.targets}}) {
    file.tensors.push_back(
        {.name = name, .shape = {kShape.length, kShape.batch}, .values = {tokens->begin(), tokens->end()}});
  }
  const double predictions = static_cast<double>(kShape.length * kShape.batch);
  file.tensors.push_back(
      {.name = "loss", .shape = {1}, .values = {static_cast<float>(*runner.model().loss() / predictions)}});
  const absl::Status status = WriteSafetensors(path, file);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  const std::optional<recurve::Cell> cell = argc == 5 ? recurve::ParseCell(argv[1]) : std::nullopt;
  if (!cell) {
    std::fprintf(stderr, "usage: dump_gradients CELL RESIDUAL LAYER_NORM FILE\n");
    return 2;
  }
  return recurve::Dump(*cell, argv[2] == std::string("1"), argv[3] == std::string("1"), argv[4]);
}
