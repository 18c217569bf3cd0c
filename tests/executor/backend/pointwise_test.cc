// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/pointwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace recurve {
namespace {

// The largest relative error of `f` against `exact` on [from, to], in units in the last place.
template <class Function, class Exact>
double WorstError(double from, double to, Function f, Exact exact) {
  double worst = 0;
  const int kSamples = 400'000;
  for (int i = 0; i <= kSamples; ++i) {
    const auto x = static_cast<float>(from + (to - from) * i / kSamples);
    const double expected = exact(static_cast<double>(x));
    if (std::abs(expected) < std::numeric_limits<float>::min()) continue;
    const double unit = std::ldexp(1.0, std::ilogb(expected) - 23);
    worst = std::max(worst, std::abs(f(x) - expected) / unit);
  }
  return worst;
}

TEST(Pointwise, AccurateToAFewUnitsInTheLastPlace) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto tanh = [](double x) { return std::tanh(x); };
  const auto exp = [](double x) { return std::exp(x); };
  EXPECT_LE(WorstError(-86, 87, Exp<ScalarMath>, exp), 2.0);
  EXPECT_LE(WorstError(-1, 1, Exp<ScalarMath>, exp), 2.0);
  EXPECT_LE(WorstError(-86, 87, Sigmoid<ScalarMath>, sigmoid), 4.0);
  EXPECT_LE(WorstError(-4, 4, Sigmoid<ScalarMath>, sigmoid), 4.0);
  EXPECT_LE(WorstError(-12, 12, Tanh<ScalarMath>, tanh), 4.0);
  EXPECT_LE(WorstError(-0.5, 0.5, Tanh<ScalarMath>, tanh), 4.0);
  EXPECT_LE(WorstError(-1e-3, 1e-3, Tanh<ScalarMath>, tanh), 4.0);
  const auto log_sigmoid = [](double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); };
  EXPECT_LE(WorstError(-1000, 86, LogSigmoid<ScalarMath>, log_sigmoid), 4.0);
  EXPECT_LE(WorstError(-4, 4, LogSigmoid<ScalarMath>, log_sigmoid), 4.0);
}

TEST(Pointwise, ExtremesSaturateAndNaNStays) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Sigmoid<ScalarMath>(infinity), 1);
  EXPECT_NEAR(Sigmoid<ScalarMath>(-infinity), 0, 1e-37);
  EXPECT_EQ(Tanh<ScalarMath>(infinity), 1);
  EXPECT_EQ(Tanh<ScalarMath>(-infinity), -1);
  EXPECT_EQ(Tanh<ScalarMath>(0), 0);
  EXPECT_EQ(Exp<ScalarMath>(-infinity), 0);
  EXPECT_EQ(Exp<ScalarMath>(0), 1);
  EXPECT_GT(Exp<ScalarMath>(infinity), 1e38f);
  EXPECT_EQ(LogSigmoid<ScalarMath>(infinity), 0);
  EXPECT_EQ(LogSigmoid<ScalarMath>(-infinity), -infinity);
  for (const float x : {nan, -nan, std::bit_cast<float>(0x7FFFFFFF), std::bit_cast<float>(0x7FA00001)}) {
    EXPECT_TRUE(std::isnan(LogSigmoid<ScalarMath>(x)));
    EXPECT_TRUE(std::isnan(Sigmoid<ScalarMath>(x)));
    EXPECT_TRUE(std::isnan(Tanh<ScalarMath>(x)));
    EXPECT_TRUE(std::isnan(Exp<ScalarMath>(x)));
  }
}

// The known answers that the authors of Philox publish.
TEST(Pointwise, PhiloxGivesItsKnownAnswers) {
  const auto expect = [](PhiloxState s, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
    EXPECT_EQ(s.c0, c0);
    EXPECT_EQ(s.c1, c1);
    EXPECT_EQ(s.c2, c2);
    EXPECT_EQ(s.c3, c3);
  };
  const uint32_t f = 0xFFFFFFFF;
  expect(Philox({0, 0, 0, 0}, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  expect(Philox({f, f, f, f}, f, f), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
  expect(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0), 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1);
}

}  // namespace
}  // namespace recurve
