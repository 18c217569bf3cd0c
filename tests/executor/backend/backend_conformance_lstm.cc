// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

using reference::Values;

constexpr struct {
  int64_t k, B, H;
} kShapes[] = {{1, 1, 1},   {3, 2, 5},   {4, 7, 16}, {2, 13, 33}, {3, 5, 64},
               {2, 50, 17}, {2, 3, 130}, {1, 4, 48}, {2, 100, 66}};

std::string Describe(const reference::Lstm& m) {
  return "k " + std::to_string(m.k) + ", B " + std::to_string(m.B) + ", H " + std::to_string(m.H);
}

std::vector<float> Part(const Values& values, int64_t begin, int64_t count) {
  return {values.begin() + begin, values.begin() + begin + count};
}

// Weights small enough for gates that do not saturate.
reference::Lstm RandomLstm(int64_t k, int64_t B, int64_t H, const std::function<std::vector<float>(int64_t)>& random) {
  const auto doubles = [&](int64_t n) {
    const std::vector<float> v = random(n);
    return Values(v.begin(), v.end());
  };
  reference::Lstm m{k, B, H, doubles(k * B * 4 * H), doubles(H * 4 * H), doubles(B * H), doubles(B * H)};
  const double scale = 1 / std::sqrt(static_cast<double>(H));
  for (double& w : m.recurrent) w = static_cast<float>(w * scale);
  return m;
}

std::vector<float> Floats(const Values& values) { return {values.begin(), values.end()}; }

// The reference itself: the derivative of sum(weights * h) + sum(weights_c * c_last) by central differences.
TEST(LstmReference, GradientsAgreeWithCentralDifferences) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto draw = [&](int64_t n) {
    std::vector<float> v(n);
    for (float& x : v) x = uniform(random);
    return v;
  };
  const int64_t k = 3;
  const int64_t B = 2;
  const int64_t H = 3;
  const int64_t BH = B * H;
  const auto m = RandomLstm(k, B, H, draw);
  const Values above(Values(k * BH, 0.5));
  const Values dc(BH, 0.25);
  const auto objective = [&](const reference::Lstm& at) {
    const auto tape = Forward(at);
    double sum = 0;
    for (int64_t i = 0; i < k * BH; ++i) sum += above[i] * tape.h[BH + i];
    for (int64_t i = 0; i < BH; ++i) sum += dc[i] * tape.c[k * BH + i];
    return sum;
  };
  const auto gradients = Backward(m, Forward(m), above, Values(BH, 0.0), dc);
  const auto check = [&](Values reference::Lstm::*field, const Values& expected) {
    for (size_t i = 0; i < expected.size(); ++i) {
      reference::Lstm up = m;
      reference::Lstm down = m;
      (up.*field)[i] += 1e-6;
      (down.*field)[i] -= 1e-6;
      EXPECT_NEAR((objective(up) - objective(down)) / 2e-6, expected[i], 1e-8) << i;
    }
  };
  check(&reference::Lstm::input, gradients.gates);
  check(&reference::Lstm::h_first, gradients.dh);
  check(&reference::Lstm::c_first, gradients.dc);
}

TEST_P(BackendConformance, LstmForward) {
  for (const auto& [k, B, H] : kShapes) {
    const auto m = RandomLstm(k, B, H, [&](int64_t n) { return Random(n); });
    const auto tape = Forward(m);
    const int64_t BH = B * H;
    auto w = OnDevice(Floats(m.recurrent));
    auto packed = PackedRecurrent(Cell::kLstm, Packing::kForward, w, H);
    auto input = OnDevice(Floats(m.input));
    auto h_first = OnDevice(Floats(m.h_first));
    auto c_first = OnDevice(Floats(m.c_first));
    auto gates = Unwritten(k * BH * 4);
    auto h = Unwritten((k - 1) * BH);
    auto c = Unwritten((k - 1) * BH);
    auto h_last = Unwritten(BH);
    auto c_last = Unwritten(BH);
    CellForwardArgs args{.cell = Cell::kLstm, .k = k, .B = B, .H = H};
    args.input.projected = input.data();
    args.recurrent = packed.data();
    args.first[0] = h_first.data();
    args.first[1] = c_first.data();
    args.gates = gates.data();
    args.inner[0] = h.data();
    args.inner[1] = c.data();
    args.last[0] = h_last.data();
    args.last[1] = c_last.data();
    backend_->CellForward(args);

    const double tolerance = ProductTolerance(H);
    ExpectNear(gates.Values(), tape.gates, tolerance, Describe(m) + ", gates");
    ExpectNear(h.Values(), Doubles(Part(tape.h, BH, (k - 1) * BH)), tolerance, Describe(m) + ", h");
    ExpectNear(c.Values(), Doubles(Part(tape.c, BH, (k - 1) * BH)), tolerance, Describe(m) + ", c");
    ExpectNear(h_last.Values(), Doubles(Part(tape.h, k * BH, BH)), tolerance, Describe(m) + ", h_last");
    ExpectNear(c_last.Values(), Doubles(Part(tape.c, k * BH, BH)), tolerance, Describe(m) + ", c_last");
    const auto bits = std::vector{gates.Values(), h.Values(), c.Values(), h_last.Values(), c_last.Values()};

    // Without a tape: the same states, to the bit.
    args.gates = nullptr;
    backend_->CellForward(args);
    EXPECT_EQ((std::vector{bits[0], h.Values(), c.Values(), h_last.Values(), c_last.Values()}), bits) << Describe(m);

    // The gates in the memory of the projected input.
    args.gates = input.data();
    backend_->CellForward(args);
    EXPECT_EQ((std::vector{input.Values(), h.Values(), c.Values(), h_last.Values(), c_last.Values()}), bits)
        << Describe(m);
  }
}

TEST_P(BackendConformance, LstmForwardFromATable) {
  for (const auto& [k, B, H] : kShapes) {
    const int32_t V = 5;
    const auto table = Random(V * 4 * H);
    const auto tokens = RandomTokens(k * B, V);
    auto m = RandomLstm(k, B, H, [&](int64_t n) { return Random(n); });
    for (int64_t i = 0; i < k * B; ++i) {
      for (int64_t j = 0; j < 4 * H; ++j) m.input[i * 4 * H + j] = table[tokens[i] * 4 * H + j];
    }
    const auto tape = Forward(m);
    auto w = OnDevice(Floats(m.recurrent));
    auto packed = PackedRecurrent(Cell::kLstm, Packing::kForward, w, H);
    auto table_there = OnDevice(table);
    auto tokens_there = OnDevice(tokens);
    auto h_first = OnDevice(Floats(m.h_first));
    auto c_first = OnDevice(Floats(m.c_first));
    auto gates = Unwritten(k * B * H * 4);
    auto h = Unwritten((k - 1) * B * H);
    auto c = Unwritten((k - 1) * B * H);
    auto h_last = Unwritten(B * H);
    auto c_last = Unwritten(B * H);
    CellForwardArgs args{.cell = Cell::kLstm, .k = k, .B = B, .H = H};
    args.input.table = table_there.data();
    args.input.tokens = tokens_there.data();
    args.recurrent = packed.data();
    args.first[0] = h_first.data();
    args.first[1] = c_first.data();
    args.gates = gates.data();
    args.inner[0] = h.data();
    args.inner[1] = c.data();
    args.last[0] = h_last.data();
    args.last[1] = c_last.data();
    backend_->CellForward(args);
    ExpectNear(gates.Values(), tape.gates, ProductTolerance(H), Describe(m));
    ExpectNear(h_last.Values(), Doubles(Part(tape.h, k * B * H, B * H)), ProductTolerance(H), Describe(m));
  }
}

TEST_P(BackendConformance, LstmBackward) {
  for (const bool has_above : {false, true}) {
    for (const auto& [k, B, H] : kShapes) {
      const int64_t BH = B * H;
      const auto m = RandomLstm(k, B, H, [&](int64_t n) { return Random(n); });
      const auto tape = Forward(m);
      const auto dh = Random(BH);
      const auto dc = Random(BH);
      const auto above = has_above ? Random(k * BH) : std::vector<float>(k * BH, 0.0f);
      const auto expected = Backward(m, tape, Doubles(above), Doubles(dh), Doubles(dc));

      auto w = OnDevice(Floats(m.recurrent));
      auto packed = PackedRecurrent(Cell::kLstm, Packing::kBackward, w, H);
      auto gates = OnDevice(Floats(tape.gates));
      auto h_first = OnDevice(Floats(m.h_first));
      auto h = OnDevice(Part(tape.h, BH, (k - 1) * BH));
      auto h_last = OnDevice(Part(tape.h, k * BH, BH));
      auto c_first = OnDevice(Floats(m.c_first));
      auto c = OnDevice(Part(tape.c, BH, (k - 1) * BH));
      auto c_last = OnDevice(Part(tape.c, k * BH, BH));
      auto above_there = OnDevice(above);
      auto dh_there = OnDevice(dh);
      auto dc_there = OnDevice(dc);
      CellBackwardArgs args{.cell = Cell::kLstm, .k = k, .B = B, .H = H};
      args.recurrent = packed.data();
      args.dh_above = has_above ? above_there.data() : nullptr;
      args.gates = gates.data();
      args.first[0] = h_first.data();
      args.first[1] = c_first.data();
      args.inner[0] = h.data();
      args.inner[1] = c.data();
      args.last[0] = h_last.data();
      args.last[1] = c_last.data();
      args.d[0] = dh_there.data();
      args.d[1] = dc_there.data();
      backend_->CellBackward(args);
      ExpectNear(gates.Values(), expected.gates, ProductTolerance(4 * H), Describe(m) + ", gates");
      ExpectNear(dh_there.Values(), expected.dh, ProductTolerance(4 * H), Describe(m) + ", dh");
      ExpectNear(dc_there.Values(), expected.dc, ProductTolerance(4 * H), Describe(m) + ", dc");
    }
  }
}

TEST_P(BackendConformance, LstmWeightGradientAdds) {
  for (const auto& [k, B, H] : kShapes) {
    const auto h_first = Random(B * H);
    const auto h = Random((k - 1) * B * H);
    const auto dgates = Random(k * B * 4 * H);
    const auto before = Random(H * 4 * H);
    Values x = Doubles(h_first);
    x.insert(x.end(), h.begin(), h.end());
    auto expected = reference::Product(reference::Transposed(x, k * B, H), Doubles(dgates), H, k * B, 4 * H);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += before[i];
    auto h_first_there = OnDevice(h_first);
    auto h_there = OnDevice(h);
    auto dgates_there = OnDevice(dgates);
    auto dw = OnDevice(before);
    backend_->CellWeightGradient({.cell = Cell::kLstm,
                                  .k = k,
                                  .B = B,
                                  .H = H,
                                  .h_first = h_first_there.data(),
                                  .h = h_there.data(),
                                  .gates = dgates_there.data(),
                                  .dw = dw.data()});
    ExpectNear(dw.Values(), expected, ProductTolerance(k * B), "B " + std::to_string(B) + ", H " + std::to_string(H));
  }
}

// The gates of one step without recurrent input are the activation functions of what comes in: relative errors count
// here.
TEST_P(BackendConformance, ActivationsAreAccurate) {
  std::vector<float> xs = {0.0f,  -0.0f,  1e-30f, -1e-30f, 1e-6f, 9.0f,  -9.0f,
                           20.0f, -20.0f, 80.0f,  -80.0f,  1e30f, -1e30f};
  for (int i = -4000; i < 4000; ++i) xs.push_back(static_cast<float>(i) * 2e-3f + 1e-4f);
  xs.push_back(std::numeric_limits<float>::infinity());
  xs.push_back(-std::numeric_limits<float>::infinity());
  xs.push_back(std::nanf(""));
  const auto H = static_cast<int64_t>(xs.size());
  // One hidden unit for a sequence: xs is the batch.
  std::vector<float> input;
  for (const float x : xs) input.insert(input.end(), 4, x);
  auto input_there = OnDevice(input);
  auto w = OnDevice(std::vector<float>(4, 0.0f));
  auto packed = PackedRecurrent(Cell::kLstm, Packing::kForward, w, 1);
  auto zero = OnDevice(std::vector<float>(H, 0.0f));
  auto h = Unwritten(H);
  auto c = Unwritten(H);
  CellForwardArgs args{.cell = Cell::kLstm, .k = 1, .B = H, .H = 1};
  args.input.projected = input_there.data();
  args.recurrent = packed.data();
  args.first[0] = zero.data();
  args.first[1] = zero.data();
  args.gates = input_there.data();
  args.last[0] = h.data();
  args.last[1] = c.data();
  backend_->CellForward(args);
  const auto gates = input_there.Values();
  const double tolerance = 4 * std::numeric_limits<float>::epsilon();
  for (int64_t i = 0; i < H; ++i) {
    const double x = xs[i];
    if (std::isnan(x)) {
      for (int64_t g = 0; g < 4; ++g) EXPECT_TRUE(std::isnan(gates[i * 4 + g]));
      EXPECT_TRUE(std::isnan(h.Values()[i]));
      continue;
    }
    const double sigmoid = 1 / (1 + std::exp(-x));
    for (const int64_t g : {0, 1, 3}) EXPECT_NEAR(gates[i * 4 + g], sigmoid, tolerance * sigmoid + 1e-37) << x;
    EXPECT_NEAR(gates[i * 4 + 2], std::tanh(x), tolerance * std::abs(std::tanh(x)) + 1e-37) << x;
    EXPECT_LE(std::abs(gates[i * 4 + 2]), 1);
  }
}

// A sequence's states and gradients are the same wherever it falls in the batch.
TEST_P(BackendConformance, EqualSequencesGiveEqualBits) {
  if (!GetParam().rows_have_equal_bits) GTEST_SKIP() << "not promised by this backend";
  const int64_t k = 3;
  const int64_t H = 37;
  const auto w = Random(H * 4 * H);
  auto w_there = OnDevice(w);
  auto forward = PackedRecurrent(Cell::kLstm, Packing::kForward, w_there, H);
  auto backward = PackedRecurrent(Cell::kLstm, Packing::kBackward, w_there, H);
  const auto sequence = Random(k * 4 * H);
  const auto state = Random(H);
  std::vector<float> alone;
  for (const int64_t B : {1, 2, 5, 6, 7, 13, 64}) {
    std::vector<float> input;
    std::vector<float> states;
    for (int64_t t = 0; t < k; ++t) {
      for (int64_t b = 0; b < B; ++b) input.insert(input.end(), &sequence[t * 4 * H], &sequence[t * 4 * H] + 4 * H);
    }
    for (int64_t b = 0; b < B; ++b) states.insert(states.end(), state.begin(), state.end());
    auto gates = OnDevice(input);
    auto h_first = OnDevice(states);
    auto c_first = OnDevice(states);
    auto h = Unwritten((k - 1) * B * H);
    auto c = Unwritten((k - 1) * B * H);
    auto h_last = Unwritten(B * H);
    auto c_last = Unwritten(B * H);
    auto dh = OnDevice(states);
    auto dc = OnDevice(states);
    backend_->CellForward({.cell = Cell::kLstm,
                           .k = k,
                           .B = B,
                           .H = H,
                           .input = {.projected = gates.data()},
                           .recurrent = forward.data(),
                           .first = {h_first.data(), c_first.data()},
                           .gates = gates.data(),
                           .inner = {h.data(), c.data()},
                           .last = {h_last.data(), c_last.data()}});
    backend_->CellBackward({.cell = Cell::kLstm,
                            .k = k,
                            .B = B,
                            .H = H,
                            .recurrent = backward.data(),
                            .gates = gates.data(),
                            .first = {h_first.data(), c_first.data()},
                            .inner = {h.data(), c.data()},
                            .last = {h_last.data(), c_last.data()},
                            .d = {dh.data(), dc.data()}});
    for (auto* tensor : {&h_last, &c_last, &dh, &dc}) {
      const auto values = tensor->Values();
      for (int64_t b = 1; b < B; ++b) {
        EXPECT_EQ(Bits(values, b * H, H), Bits(values, 0, H)) << "B " << B << ", sequence " << b;
      }
    }
    std::vector<float> first;
    for (auto* tensor : {&h_last, &c_last, &dh, &dc}) {
      const auto values = tensor->Values();
      first.insert(first.end(), values.begin(), values.begin() + H);
    }
    if (alone.empty()) alone = first;
    EXPECT_EQ(first, alone) << "B " << B;
  }
}

}  // namespace
}  // namespace recurve
