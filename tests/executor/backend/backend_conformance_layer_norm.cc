// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

using reference::Values;

struct NormShape {
  int64_t n, width;
};

constexpr NormShape kShapes[] = {{1, 1}, {1, 5}, {7, 16}, {33, 61}, {3, 256}, {130, 67}};

std::string Describe(const NormShape& s) { return "n " + std::to_string(s.n) + ", width " + std::to_string(s.width); }

// Rows of x less their mean, over their deviation.
Values Normalized(const Values& x, int64_t width) {
  Values y = x;
  for (auto row = y.begin(); row != y.end(); row += width) {
    double mean = 0;
    double variance = 0;
    for (int64_t j = 0; j < width; ++j) mean += row[j] / static_cast<double>(width);
    for (int64_t j = 0; j < width; ++j) variance += (row[j] - mean) * (row[j] - mean) / static_cast<double>(width);
    for (int64_t j = 0; j < width; ++j) row[j] = (row[j] - mean) / std::sqrt(variance + kLayerNormEpsilon);
  }
  return y;
}

TEST_P(BackendConformance, LayerNormForward) {
  for (const auto& s : kShapes) {
    for (const float offset : {0.0f, 100.0f}) {  // a mean far beyond the deviation takes digits from both sides
      auto x = Random(s.n * s.width);
      for (float& value : x) value += offset;
      const auto gamma = Random(s.width);
      const auto beta = Random(s.width);
      Values expected = Normalized(Doubles(x), s.width);
      for (size_t i = 0; i < expected.size(); ++i) {
        expected[i] = gamma[i % s.width] * expected[i] + beta[i % s.width];
      }
      auto x_there = OnDevice(x);
      auto gamma_there = OnDevice(gamma);
      auto beta_there = OnDevice(beta);
      auto y = Unwritten(s.n * s.width);
      backend_->LayerNormForward(s.n, s.width, x_there.data(), gamma_there.data(), beta_there.data(), y.data());
      ExpectNear(y.Values(), expected, offset == 0 ? 2e-6 : 1e-4, Describe(s));
      const auto bits = y.Values();
      backend_->LayerNormForward(s.n, s.width, x_there.data(), gamma_there.data(), beta_there.data(), x_there.data());
      EXPECT_EQ(x_there.Values(), bits) << Describe(s) << ", in place";
    }
  }
}

// Against central differences of sum(dy y).
TEST_P(BackendConformance, LayerNormBackward) {
  for (const auto& s : kShapes) {
    const auto x = Random(s.n * s.width);
    const auto gamma = Random(s.width);
    const auto dy = Random(s.n * s.width);
    const auto dgamma = Random(s.width);
    const auto dbeta = Random(s.width);
    Values expected_dgamma = Doubles(dgamma);
    Values expected_dbeta = Doubles(dbeta);
    const Values normalized = Normalized(Doubles(x), s.width);
    Values expected_dx;
    for (int64_t i = 0; i < s.n * s.width; ++i) {
      expected_dgamma[i % s.width] += dy[i] * normalized[i];
      expected_dbeta[i % s.width] += dy[i];
      const int64_t row = i / s.width * s.width;
      const auto sum = [&](double step) {
        Values moved(x.begin() + row, x.begin() + row + s.width);
        moved[i - row] += step;
        moved = Normalized(moved, s.width);
        double total = 0;
        for (int64_t j = 0; j < s.width; ++j) total += moved[j] * gamma[j] * dy[row + j];
        return total;
      };
      expected_dx.push_back((sum(1e-6) - sum(-1e-6)) / 2e-6);
    }
    auto x_there = OnDevice(x);
    auto gamma_there = OnDevice(gamma);
    auto dy_there = OnDevice(dy);
    auto dx = Unwritten(s.n * s.width);
    auto dgamma_there = OnDevice(dgamma);
    auto dbeta_there = OnDevice(dbeta);
    LayerNormBackwardArgs args{.n = s.n,
                               .width = s.width,
                               .x = x_there.data(),
                               .gamma = gamma_there.data(),
                               .dy = dy_there.data(),
                               .dx = dx.data(),
                               .dgamma = dgamma_there.data(),
                               .dbeta = dbeta_there.data()};
    backend_->LayerNormBackward(args);
    ExpectNear(dx.Values(), expected_dx, 2e-5, Describe(s) + ", dx");
    ExpectNear(dgamma_there.Values(), expected_dgamma, ProductTolerance(s.n), Describe(s) + ", dgamma");
    ExpectNear(dbeta_there.Values(), expected_dbeta, ProductTolerance(s.n), Describe(s) + ", dbeta");
    args.dx = dy_there.data();
    backend_->LayerNormBackward(args);
    EXPECT_EQ(dy_there.Values(), dx.Values()) << Describe(s) << ", in place";
  }
}

// A row of equal elements has no deviation: it becomes beta, and its gradient is finite.
TEST_P(BackendConformance, LayerNormOfEqualElements) {
  const int64_t width = 19;
  auto x = OnDevice(std::vector<float>(width, 3.0f));
  auto gamma = OnDevice(Random(width));
  const auto beta = Random(width);
  auto beta_there = OnDevice(beta);
  auto y = Unwritten(width);
  backend_->LayerNormForward(1, width, x.data(), gamma.data(), beta_there.data(), y.data());
  EXPECT_EQ(y.Values(), beta);
  auto dy = OnDevice(Random(width));
  auto sums = OnDevice(std::vector<float>(2 * width, 0.0f));
  backend_->LayerNormBackward({.n = 1,
                               .width = width,
                               .x = x.data(),
                               .gamma = gamma.data(),
                               .dy = dy.data(),
                               .dx = dy.data(),
                               .dgamma = sums.data(),
                               .dbeta = sums.data() + width});
  for (const float v : dy.Values()) EXPECT_TRUE(std::isfinite(v));
}

TEST_P(BackendConformance, LayerNormKeepsWhatIsNotANumberInItsRow) {
  const int64_t width = 35;
  auto values = Random(3 * width);
  values[width + 17] = std::nanf("");
  auto x = OnDevice(values);
  auto ones = OnDevice(std::vector<float>(width, 1.0f));
  backend_->LayerNormForward(3, width, x.data(), ones.data(), ones.data(), x.data());
  const auto y = x.Values();
  for (int64_t i = 0; i < 3 * width; ++i) EXPECT_EQ(std::isnan(y[i]), i / width == 1) << i;
}

}  // namespace
}  // namespace recurve
