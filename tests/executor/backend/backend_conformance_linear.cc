// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

struct LinearShape {
  int64_t n, in, out;
};

// Single elements, odd and prime sizes, exact tiles, more depth or rows than are blocked at a time, few rows with many
// columns.
constexpr LinearShape kLinearShapes[] = {{1, 1, 1},     {2, 3, 5},      {7, 13, 65},   {33, 64, 64},
                                         {50, 17, 129}, {97, 1100, 31}, {3, 48, 1000}, {1, 400, 16},
                                         {300, 7, 48},  {259, 401, 19}, {530, 16, 1},  {11, 770, 70}};

std::string Describe(const LinearShape& s) {
  return "n " + std::to_string(s.n) + ", in " + std::to_string(s.in) + ", out " + std::to_string(s.out);
}

TEST_P(BackendConformance, LinearForward) {
  for (const auto& s : kLinearShapes) {
    auto x = OnDevice(Random(s.n * s.in));
    auto w = OnDevice(Random(s.in * s.out));
    auto bias = OnDevice(Random(s.out));
    auto packed = Packed(Packing::kForward, w, s.in, s.out);
    auto y = Unwritten(s.n * s.out);
    auto expected = reference::Product(Doubles(x.Values()), Doubles(w.Values()), s.n, s.in, s.out);
    backend_->LinearForward(s.n, s.in, s.out, x.data(), packed.data(), nullptr, y.data(), s.out);
    ExpectNear(y.Values(), expected, ProductTolerance(s.in), Describe(s) + ", no bias");

    const std::vector<float> b = bias.Values();
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += b[i % s.out];
    backend_->LinearForward(s.n, s.in, s.out, x.data(), packed.data(), bias.data(), y.data(), s.out);
    ExpectNear(y.Values(), expected, ProductTolerance(s.in), Describe(s));
  }
}

TEST_P(BackendConformance, LinearInputGradient) {
  for (const auto& s : kLinearShapes) {
    auto dy = OnDevice(Random(s.n * s.out));
    auto w = OnDevice(Random(s.in * s.out));
    auto packed = Packed(Packing::kBackward, w, s.in, s.out);
    auto dx = Unwritten(s.n * s.in);
    backend_->LinearInputGradient(s.n, s.in, s.out, dy.data(), s.out, packed.data(), dx.data());
    const auto transposed = reference::Transposed(Doubles(w.Values()), s.in, s.out);
    ExpectNear(dx.Values(), reference::Product(Doubles(dy.Values()), transposed, s.n, s.out, s.in),
               ProductTolerance(s.out), Describe(s));
  }
}

TEST_P(BackendConformance, LinearWeightGradientAdds) {
  for (const auto& s : kLinearShapes) {
    auto x = OnDevice(Random(s.n * s.in));
    auto dy = OnDevice(Random(s.n * s.out));
    auto dw = OnDevice(Random(s.in * s.out));
    auto dbias = OnDevice(Random(s.out));
    auto expected_bias = Doubles(dbias.Values());
    const auto gradients = Doubles(dy.Values());
    for (size_t i = 0; i < gradients.size(); ++i) expected_bias[i % s.out] += gradients[i];
    const auto before = Doubles(dw.Values());
    const auto product =
        reference::Product(reference::Transposed(Doubles(x.Values()), s.n, s.in), gradients, s.in, s.n, s.out);
    auto expected = before;
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += product[i];
    backend_->LinearWeightGradient(s.n, s.in, s.out, x.data(), dy.data(), s.out, dw.data(), dbias.data());
    ExpectNear(dw.Values(), expected, ProductTolerance(s.n), Describe(s));
    ExpectNear(dbias.Values(), expected_bias, ProductTolerance(s.n), Describe(s) + ", bias");

    for (size_t i = 0; i < expected.size(); ++i) expected[i] += product[i];
    backend_->LinearWeightGradient(s.n, s.in, s.out, x.data(), dy.data(), s.out, dw.data(), nullptr);
    ExpectNear(dw.Values(), expected, ProductTolerance(2 * s.n), Describe(s) + ", twice");
  }
}

// Rows of y and dy further apart than they are wide: nothing is written or read between them.
TEST_P(BackendConformance, LinearWithStrides) {
  for (const auto& s : kLinearShapes) {
    const int64_t stride = s.out + 5;
    const auto spread = [&](const std::vector<float>& rows) {
      std::vector<float> wide(s.n * stride, std::nanf(""));
      for (int64_t i = 0; i < s.n * s.out; ++i) wide[i / s.out * stride + i % s.out] = rows[i];
      return wide;
    };
    const auto expect_near = [&](const std::vector<float>& actual, const std::vector<float>& expected,
                                 const std::string& what) {
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t i = 0; i < actual.size(); ++i) {
        ASSERT_EQ(std::isnan(actual[i]), std::isnan(expected[i])) << Describe(s) << ", " << what << " " << i;
        if (std::isnan(actual[i])) continue;
        ASSERT_NEAR(actual[i], expected[i], 2 * ProductTolerance(s.n + s.in + s.out) * (1 + std::abs(expected[i])))
            << Describe(s) << ", " << what << " " << i;
      }
    };
    auto x = OnDevice(Random(s.n * s.in));
    auto w = OnDevice(Random(s.in * s.out));
    auto bias = OnDevice(Random(s.out));
    auto forward = Packed(Packing::kForward, w, s.in, s.out);
    auto backward = Packed(Packing::kBackward, w, s.in, s.out);
    auto y = Unwritten(s.n * s.out);
    auto wide_y = Unwritten(s.n * stride);
    backend_->LinearForward(s.n, s.in, s.out, x.data(), forward.data(), bias.data(), y.data(), s.out);
    backend_->LinearForward(s.n, s.in, s.out, x.data(), forward.data(), bias.data(), wide_y.data(), stride);
    expect_near(wide_y.Values(), spread(y.Values()), "y");

    const auto dy_values = Random(s.n * s.out);
    auto dy = OnDevice(dy_values);
    auto wide_dy = OnDevice(spread(dy_values));
    auto dx = Unwritten(s.n * s.in);
    auto wide_dx = Unwritten(s.n * s.in);
    backend_->LinearInputGradient(s.n, s.in, s.out, dy.data(), s.out, backward.data(), dx.data());
    backend_->LinearInputGradient(s.n, s.in, s.out, wide_dy.data(), stride, backward.data(), wide_dx.data());
    expect_near(wide_dx.Values(), dx.Values(), "dx");

    const auto sums = Random(s.in * s.out);
    auto dw = OnDevice(sums);
    auto dbias = OnDevice(bias.Values());
    auto wide_dw = OnDevice(sums);
    auto wide_dbias = OnDevice(bias.Values());
    backend_->LinearWeightGradient(s.n, s.in, s.out, x.data(), dy.data(), s.out, dw.data(), dbias.data());
    backend_->LinearWeightGradient(s.n, s.in, s.out, x.data(), wide_dy.data(), stride, wide_dw.data(),
                                   wide_dbias.data());
    expect_near(wide_dw.Values(), dw.Values(), "dw");
    expect_near(wide_dbias.Values(), dbias.Values(), "dbias");

    auto tokens = OnDevice(RandomTokens(s.n, 4));
    auto table = OnDevice(std::vector<float>(4 * s.out, 0.5f));
    auto wide_table = OnDevice(std::vector<float>(4 * s.out, 0.5f));
    backend_->ScatterAddRows(s.n, s.out, 4, tokens.data(), dy.data(), s.out, table.data());
    backend_->ScatterAddRows(s.n, s.out, 4, tokens.data(), wide_dy.data(), stride, wide_table.data());
    expect_near(wide_table.Values(), table.Values(), "table");
  }
}

// A row's result is the same wherever the row falls in the batch.
TEST_P(RowBitsConformance, EqualRowsGiveEqualBits) {
  const LinearShape s{29, 700, 37};
  const std::vector<float> row = Random(s.in);
  std::vector<float> rows;
  for (int64_t i = 0; i < s.n; ++i) rows.insert(rows.end(), row.begin(), row.end());
  auto x = OnDevice(rows);
  auto w = OnDevice(Random(s.in * s.out));
  auto packed = Packed(Packing::kForward, w, s.in, s.out);
  auto y = Unwritten(s.n * s.out);
  backend_->LinearForward(s.n, s.in, s.out, x.data(), packed.data(), nullptr, y.data(), s.out);
  const std::vector<float> values = y.Values();
  for (int64_t i = 1; i < s.n; ++i) {
    EXPECT_EQ(Bits(values, i * s.out, s.out), Bits(values, 0, s.out)) << "row " << i;
  }
}

TEST_P(BackendConformance, ScatterAddRowsAddsInOrder) {
  for (const auto& [n, width, V] : {LinearShape{1, 1, 1},
                                    {40, 7, 3},
                                    {100, 200, 11},
                                    {1000, 129, 256},
                                    {1700, 33, 1},
                                    {900, 300, 2},
                                    {600, 40, 5000},
                                    {3, 5, 100}}) {
    const auto tokens = RandomTokens(n, static_cast<int32_t>(V));
    auto tokens_there = OnDevice(tokens);
    const auto x = Random(n * width);
    auto x_there = OnDevice(x);
    auto expected = Random(V * width);
    auto table = OnDevice(expected);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < width; ++j) expected[tokens[i] * width + j] += x[i * width + j];
    }
    backend_->ScatterAddRows(n, width, V, tokens_there.data(), x_there.data(), width, table.data());
    EXPECT_EQ(table.Values(), expected);  // additions in the order of i: equal to the bit
  }
}

}  // namespace
}  // namespace recurve
