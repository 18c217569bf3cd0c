// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

using testing::ElementsAre;

constexpr ModelConfig kParametersConfig{.vocabulary = 11, .layers = 2, .hidden = 5, .embedding = 3};

TEST(ParameterLayout, NamesShapesAndIndices) {
  const LanguageModelLayout layout(kParametersConfig);
  std::vector<std::string> names;
  for (const auto& entry : layout.tensors.entries()) names.push_back(entry.name);
  EXPECT_THAT(names, ElementsAre("embedding.weight", "layers.0.input_weight", "layers.0.recurrent_weight",
                                 "layers.0.bias", "layers.1.input_weight", "layers.1.recurrent_weight", "layers.1.bias",
                                 "output.weight", "output.bias"));
  EXPECT_THAT(layout.tensors.entries()[1].shape, ElementsAre(3, 20));
  EXPECT_THAT(layout.tensors.entries()[4].shape, ElementsAre(5, 20));
  EXPECT_THAT(layout.tensors.entries()[layout.output_weight].shape, ElementsAre(5, 11));
  EXPECT_EQ(layout.tensors.entries()[layout.layers.at(1).recurrent_weight].name, "layers.1.recurrent_weight");
  EXPECT_EQ(layout.tensors.count(), 33 + 60 + 100 + 20 + 100 + 100 + 20 + 55 + 11);
}

TEST(ParameterLayout, TensorsAreAlignedAndDoNotOverlap) {
  const ParameterLayout layout = LanguageModelLayout(kParametersConfig).tensors;
  int64_t end = 0;
  for (const auto& entry : layout.entries()) {
    EXPECT_EQ(entry.offset * static_cast<int64_t>(sizeof(float)) % kAlignment, 0) << entry.name;
    EXPECT_GE(entry.offset, end);
    end = entry.offset + entry.size;
  }
  EXPECT_LE(end, layout.block_floats());
}

TEST(InitialModel, IsAFunctionOfTheSeed) {
  const Model a = InitialModel(kParametersConfig, 1);
  const Model b = InitialModel(kParametersConfig, 1);
  const Model c = InitialModel(kParametersConfig, 2);
  for (size_t i = 0; i < a.parameters.size(); ++i) EXPECT_EQ(a.parameters[i].values, b.parameters[i].values);
  EXPECT_NE(a.parameters[0].values, c.parameters[0].values);
  EXPECT_NE(a.parameters[2].values, a.parameters[5].values);  // tensors differ
}

TEST(InitialModel, HasTheDocumentedSpread) {
  const Model model = InitialModel({.vocabulary = 256, .layers = 2, .hidden = 64, .embedding = 64}, 1);
  // Tensor index; bound in units of 1 / sqrt(H).
  for (const auto& [index, gain] : {std::pair{1, 1.0}, {2, 1.0}, {4, 3.0}, {5, 1.0}, {7, 4.0}}) {
    const double bound = gain / 8;
    double sum = 0, squares = 0;
    for (const float value : model.parameters[index].values) {
      EXPECT_LT(std::abs(value), bound);
      sum += value;
      squares += value * value;
    }
    const auto n = static_cast<double>(model.parameters[index].values.size());
    EXPECT_NEAR(sum / n, 0, 0.024 * bound);
    EXPECT_NEAR(squares / n, bound * bound / 3, 0.013 * bound * bound);
  }
  double squares = 0;
  for (const float value : model.parameters[0].values) squares += value * value;
  EXPECT_NEAR(squares / static_cast<double>(model.parameters[0].values.size()), 1.0, 0.03);
  const std::vector<float>& bias = model.parameters[3].values;
  for (int64_t unit = 0; unit < 64; ++unit) {
    EXPECT_EQ(bias[unit], 0.0f);
    EXPECT_EQ(bias[64 + unit], 1.0f);  // forget
    EXPECT_EQ(bias[128 + unit], 0.0f);
    EXPECT_EQ(bias[192 + unit], 0.0f);
  }
}

TEST(ParameterBlock, RoundTripsAndLeavesThePadding) {
  const Model model = InitialModel(kParametersConfig, 1);
  const ParameterLayout layout = LanguageModelLayout(kParametersConfig).tensors;
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 1}).value();
  std::vector<float> block(layout.block_floats(), 7.0f);
  Upload(model.parameters, layout, *backend, block.data());
  const Model again{kParametersConfig, Download(layout, *backend, block.data())};
  for (size_t i = 0; i < model.parameters.size(); ++i) {
    EXPECT_EQ(again.parameters[i].name, model.parameters[i].name);
    EXPECT_EQ(again.parameters[i].shape, model.parameters[i].shape);
    EXPECT_EQ(again.parameters[i].values, model.parameters[i].values);
  }
  for (int64_t i = 33; i < layout.entries()[1].offset; ++i) EXPECT_EQ(block[i], 7.0f);
}

}  // namespace
}  // namespace recurve
