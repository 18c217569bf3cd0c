// SPDX-License-Identifier: Apache-2.0
//
// The tolerances of the conformance suite in reduced precision, derived where no device is needed: each layer of the
// suite with exact products, against the same layer with factors rounded as a device rounds them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/executor/backend/product_tolerance.h"
#include "tests/executor/backend/random_layers.h"
#include "tests/executor/backend/reference.h"

namespace recurve {
namespace {

using reference::FactorRounding;
using reference::Layer;
using reference::Values;

// What is left to sums in fp32, and to chance, of a tolerance.
constexpr double kMostOfTolerance = 0.5;

struct Device {
  std::string name;
  Precision precision;
  FactorRounding factors;
};

// cuBLAS does not say how it rounds to TF32: some of its kernels cut bits off.
const Device kDevices[] = {{"tf32", Precision::kTf32, {.mantissa_bits = 10}},
                           {"tf32_cut_off", Precision::kTf32, {.mantissa_bits = 10, .to_zero = true}},
                           {"bf16", Precision::kBf16, {.mantissa_bits = 7}}};

Values Sum(const std::vector<float>& a, Values b) {
  for (size_t i = 0; i < b.size(); ++i) b[i] += a[i];
  return b;
}

class ReducedPrecision : public ::testing::TestWithParam<Device> {
 protected:
  // As BackendConformance::ProductTolerance.
  double Tolerance(int64_t count) const {
    return ProductToleranceOf(GetParam().precision) * (1 + std::sqrt(static_cast<double>(count)));
  }

  Layer Rounded(Layer m) const {
    m.factors = GetParam().factors;
    return m;
  }

  // As BackendConformance::ExpectNear compares. Remembers the largest part of a tolerance that was needed.
  void ExpectNear(const Values& actual, const Values& expected, double tolerance, const std::string& what) {
    ASSERT_EQ(actual.size(), expected.size()) << what;
    for (size_t i = 0; i < actual.size(); ++i) {
      const double part = std::abs(actual[i] - expected[i]) / (tolerance * (1 + std::abs(expected[i])));
      largest_ = std::max(largest_, part);
      ASSERT_LE(part, kMostOfTolerance) << what << ", element " << i;
    }
  }

  double largest_ = 0;
};

// A number halfway between two goes to the even one, unless bits are cut off.
TEST(RoundedFactors, AreThoseOfTheDevice) {
  const double unit = std::ldexp(1.0, -10);
  const Values values = {1 + unit / 2, 1 + 3 * unit / 2, 1 + 0.51 * unit, -1 - 0.99 * unit, 3e-30, 0};
  const Values nearest = reference::Rounded(values, {.mantissa_bits = 10});
  EXPECT_EQ(Values(nearest.begin(), nearest.begin() + 4), (Values{1, 1 + 2 * unit, 1 + unit, -1 - unit}));
  EXPECT_NEAR(nearest[4] / 3e-30, 1, unit / 2);
  EXPECT_EQ(nearest[5], 0);
  const Values cut = reference::Rounded(values, {.mantissa_bits = 10, .to_zero = true});
  EXPECT_EQ(Values(cut.begin(), cut.begin() + 4), (Values{1, 1 + unit, 1, -1}));
  EXPECT_EQ(reference::Rounded(values, {}), values);
}

TEST_P(ReducedPrecision, ForwardsOfTheSuiteStayWithinTheirTolerance) {
  ForEachLayerCase([&](LayerCase& it) {
    const Layer& m = it.layer;
    const std::vector<Values> expected = reference::Forward(m);
    const std::vector<Values> states = reference::Forward(Rounded(m));
    for (size_t s = 0; s < states.size(); ++s) {
      ExpectNear(states[s], expected[s], Tolerance(m.H), "state " + std::to_string(s));
    }
  });
  RecordProperty("largest_part_of_a_tolerance", std::to_string(largest_));
}

TEST_P(ReducedPrecision, GradientsOfTheSuiteStayWithinTheirTolerance) {
  ForEachLayerCase([&](LayerCase& it) {
    Layer& m = it.layer;
    reference::KeepFromKink(m, Tolerance(m.H));
    const double tolerance = 2 * Tolerance(GeometryOf(m.cell).gates * m.H);
    const Values above(it.above.begin(), it.above.end());
    std::vector<Values> at_end;
    for (const std::vector<float>& tensor : it.d) at_end.emplace_back(tensor.begin(), tensor.end());
    const reference::LayerGradients expected = reference::Backward(m, above, at_end);
    const reference::LayerGradients actual = reference::Backward(Rounded(m), above, at_end);
    ExpectNear(actual.input, expected.input, tolerance, "input");
    ExpectNear(actual.product, expected.product, tolerance, "product");
    for (size_t s = 0; s < at_end.size(); ++s) {
      ExpectNear(actual.d[s], expected.d[s], tolerance, "gradient of state " + std::to_string(s));
    }
    const double of_weights = tolerance * std::sqrt(m.k * m.B);
    ExpectNear(Sum(it.dw, actual.recurrent), Sum(it.dw, expected.recurrent), of_weights, "recurrent weights");
    ExpectNear(Sum(it.dbias, actual.recurrent_bias), Sum(it.dbias, expected.recurrent_bias), of_weights, "its bias");
  });
  RecordProperty("largest_part_of_a_tolerance", std::to_string(largest_));
}

TEST_P(ReducedPrecision, ProductsStayWithinTheirTolerance) {
  std::mt19937 engine(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto random = [&](int64_t n) {
    Values values(n);
    for (double& v : values) v = uniform(engine);
    return values;
  };
  for (const int64_t depth : {1, 3, 16, 64, 401, 1100}) {
    const Values a = random(97 * depth);
    const Values b = random(depth * 31);
    const Values rounded_a = reference::Rounded(a, GetParam().factors);
    const Values rounded_b = reference::Rounded(b, GetParam().factors);
    ExpectNear(reference::Product(rounded_a, rounded_b, 97, depth, 31), reference::Product(a, b, 97, depth, 31),
               Tolerance(depth), "depth " + std::to_string(depth));
  }
  RecordProperty("largest_part_of_a_tolerance", std::to_string(largest_));
}

INSTANTIATE_TEST_SUITE_P(Devices, ReducedPrecision, ::testing::ValuesIn(kDevices),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace recurve
