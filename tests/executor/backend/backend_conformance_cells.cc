// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "tests/executor/backend/backend_conformance.h"
#include "tests/executor/backend/layer_tensors.h"
#include "tests/executor/backend/random_layers.h"

namespace recurve {
namespace {

using reference::Layer;
using reference::Values;

Values Sum(const std::vector<float>& a, Values b) {
  for (size_t i = 0; i < b.size(); ++i) b[i] += a[i];
  return b;
}

// sum(above h) over the steps that are live, plus sum(at_end last).
double Objective(const Layer& m, const Values& above, const std::vector<Values>& at_end) {
  const int64_t BH = m.B * m.H;
  const std::vector<Values> states = reference::Forward(m);
  double sum = 0;
  for (int64_t i = 0; i < m.k * BH; ++i) sum += m.Live(i / BH, i / m.H % m.B) ? above[i] * states[0][BH + i] : 0;
  for (size_t s = 0; s < states.size(); ++s) {
    for (int64_t i = 0; i < BH; ++i) sum += at_end[s][i] * states[s][m.k * BH + i];
  }
  return sum;
}

class CellReference : public ::testing::TestWithParam<Cell> {};

// The reference itself: its gradients agree with central differences. Those of an sLSTM only where the loss depends on
// h alone: that the stabiliser counts as a constant does not matter then.
TEST_P(CellReference, GradientsAgreeWithCentralDifferences) {
  std::mt19937 engine(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto random = [&](int64_t n) {
    std::vector<float> v(n);
    for (float& x : v) x = uniform(engine);
    return v;
  };
  const int64_t k = 4;
  const int64_t B = 4;
  const int64_t H = 3;
  for (const Extras& extras : kAllExtras) {
    const Layer m = RandomLayer(GetParam(), k, B, H, extras, random);
    SCOPED_TRACE(Describe(m));
    const std::vector<float> weights = random(k * B * H);
    const Values above(weights.begin(), weights.end());
    std::vector<Values> at_end(m.first.size(), Values(B * H, GetParam() == Cell::kSlstm ? 0.0 : 0.25));
    at_end[0] = Values(B * H, 0.5);
    const auto gradients = reference::Backward(m, above, at_end);
    const auto check = [&](const std::function<Values&(Layer&)>& field, const Values& expected, const char* what) {
      for (size_t i = 0; i < expected.size(); ++i) {
        Layer up = m;
        Layer down = m;
        field(up)[i] += 1e-6;
        field(down)[i] -= 1e-6;
        EXPECT_NEAR((Objective(up, above, at_end) - Objective(down, above, at_end)) / 2e-6, expected[i], 1e-8)
            << what << " " << i;
      }
    };
    check([](Layer& l) -> Values& { return l.input; }, gradients.input, "input");
    check([](Layer& l) -> Values& { return l.recurrent; }, gradients.recurrent, "recurrent");
    if (!m.recurrent_bias.empty()) {
      check([](Layer& l) -> Values& { return l.recurrent_bias; }, gradients.recurrent_bias, "recurrent bias");
    }
    for (size_t s = 0; s < m.first.size() && s < 2; ++s) {
      check([s](Layer& l) -> Values& { return l.first[s]; }, gradients.d[s], "state");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, CellReference, ::testing::ValuesIn(kCells), [](const auto& info) {
  std::string name(ToString(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(BackendConformance, CellForward) {
  ForEachLayerCase([&](LayerCase& it) {
    const Layer& m = it.layer;
    const int64_t BH = m.B * m.H;
    const std::vector<Values> expected = reference::Forward(m);
    LayerTensors there(*backend_, m);
    CellForwardArgs args = there.Forward();
    backend_->CellForward(args);
    const auto states = there.States();
    for (size_t s = 0; s < states.size(); ++s) {
      ExpectNear(states[s], Values(expected[s].begin() + BH, expected[s].end()), ProductTolerance(m.H),
                 "state " + std::to_string(s));
    }
    // Without a tape: the same states, to the bit.
    if (!there.geometry.two_products) {
      args.gates = nullptr;
      backend_->CellForward(args);
      EXPECT_EQ(there.States(), states);
    }
    // The gates in the memory of the projected input: the same states, and the same tape.
    if (there.geometry.tape == 0) return;
    args.gates = there.input.data();
    backend_->CellForward(args);
    EXPECT_EQ(there.States(), states);
    if (!m.lengths.empty()) return;  // where a sequence has ended the tape is not defined
    const auto tape = there.gates.Values();
    EXPECT_EQ(there.input.Values(), tape);
  });
}

TEST_P(BackendConformance, CellForwardFromATable) {
  ForEachLayerCase([&](LayerCase& it) {
    Layer& m = it.layer;
    const int64_t GH = GeometryOf(m.cell).gates * m.H;
    const int32_t V = 5;
    std::vector<float> table = Random(V * GH);
    std::vector<int32_t> tokens = RandomTokens(m.k * m.B, V);
    table.resize((V + 1) * GH, std::nanf(""));
    for (int64_t i = 0; i < m.k * m.B; ++i) {
      if (!m.Live(i / m.B, i % m.B)) tokens[i] = V;
      for (int64_t j = 0; j < GH; ++j) m.input[i * GH + j] = table[tokens[i] * GH + j];
    }
    const std::vector<Values> expected = reference::Forward(m);
    LayerTensors there(*backend_, m);
    auto table_there = OnDevice(table);
    auto tokens_there = OnDevice(tokens);
    CellForwardArgs args = there.Forward();
    args.input = {.table = table_there.data(), .tokens = tokens_there.data(), .V = V + 1};
    backend_->CellForward(args);
    const auto states = there.States();
    for (size_t s = 0; s < states.size(); ++s) {
      ExpectNear(states[s], Values(expected[s].begin() + m.B * m.H, expected[s].end()), ProductTolerance(m.H),
                 "state " + std::to_string(s));
    }
  });
}

TEST_P(BackendConformance, CellBackwardAndWeightGradient) {
  ForEachLayerCase([&](LayerCase& it) {
    Layer& m = it.layer;
    // A product that is within its tolerance of a kink may lie on its other side, where the gradient is another.
    reference::KeepFromKink(m, ProductTolerance(m.H));
    const CellGeometry g = GeometryOf(m.cell);
    const double tolerance = 2 * ProductTolerance(g.gates * m.H);
    std::vector<LayerTensors::Tensor> d;
    std::vector<Values> at_end;
    for (const std::vector<float>& tensor : it.d) {
      d.push_back(OnDevice(tensor));
      at_end.push_back(Doubles(tensor));
    }
    const reference::LayerGradients expected = reference::Backward(m, Doubles(it.above), at_end);

    LayerTensors there(*backend_, m);
    backend_->CellForward(there.Forward());
    auto above_there = OnDevice(it.above);
    CellBackwardArgs args = there.Backward(d);
    args.dh_above = it.above.empty() ? nullptr : above_there.data();
    backend_->CellBackward(args);
    ExpectNear(there.GateBlocks(0), expected.input, tolerance, "input");
    if (!g.two_products) ExpectNear(there.GateBlocks(g.recurrent_block), expected.product, tolerance, "product");
    for (int s = 0; s < g.states; ++s) {
      ExpectNear(d[s].Values(), expected.d[s], tolerance, "gradient of state " + std::to_string(s));
    }

    LayerTensors::Tensor dw = OnDevice(it.dw);
    LayerTensors::Tensor dbias = OnDevice(it.dbias);
    const Values expected_dw = Sum(it.dw, expected.recurrent);
    const Values expected_dbias = Sum(it.dbias, expected.recurrent_bias);
    backend_->CellWeightGradient(there.WeightGradient(dw, dbias));
    ExpectNear(dw.Values(), expected_dw, tolerance * std::sqrt(m.k * m.B), "recurrent weights");
    if (g.recurrent_bias) ExpectNear(dbias.Values(), expected_dbias, tolerance * std::sqrt(m.k * m.B), "its bias");
  });
}

// What is not a number comes out as such, and stays in its sequence; what is infinite stays in its sequence.
TEST_P(BackendConformance, CellsPassOnWhatIsNotANumber) {
  const int64_t k = 3;
  const int64_t B = 7;
  const int64_t H = 19;
  for (const Cell cell : kCells) {
    const Layer clean = RandomLayer(cell, k, B, H, {}, [&](int64_t n) { return Random(n); });
    LayerTensors expected(*backend_, clean);
    backend_->CellForward(expected.Forward());
    const auto states = expected.States();
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      for (int gate = 0; gate < GeometryOf(cell).gates; ++gate) {
        Layer m = clean;
        m.input[(4 * GeometryOf(cell).gates + gate) * H + 2] = bad;  // of the first step of sequence 4
        LayerTensors there(*backend_, m);
        backend_->CellForward(there.Forward());
        const auto h = there.States()[0];
        for (int64_t row = 0; row < k * B; ++row) {
          if (row % B == 4) continue;
          EXPECT_EQ(Bits(h, row * H, H), Bits(states[0], row * H, H)) << Describe(m) << ", gate " << gate;
        }
        EXPECT_TRUE(!std::isnan(bad) || std::isnan(h[4 * H + 2])) << Describe(m) << ", gate " << gate;
      }
    }
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
TEST_P(RowBitsConformance, EqualSequencesGiveEqualBits) {
  const int64_t k = 3;
  const int64_t H = 37;
  for (const Cell cell : kCells) {
    const Layer one = RandomLayer(cell, k, 1, H, {.masked = true}, [&](int64_t n) { return Random(n); });
    std::vector<float> alone;
    for (const int64_t B : {1, 2, 5, 6, 7, 13, 64}) {
      Layer m = one;
      m.B = B;
      const auto repeat = [&](Values& values, int64_t rows) {
        const int64_t row = static_cast<int64_t>(values.size()) / rows;
        const Values of_one = values;
        values.clear();
        for (int64_t i = 0; i < rows * B; ++i) {
          values.insert(values.end(), of_one.begin() + i / B * row, of_one.begin() + (i / B + 1) * row);
        }
      };
      repeat(m.input, k);
      repeat(m.recurrent_mask, 1);
      for (Values& tensor : m.first) repeat(tensor, 1);
      LayerTensors there(*backend_, m);
      std::vector<LayerTensors::Tensor> d;
      for (const Values& tensor : m.first) d.push_back(OnDevice(LayerTensors::Floats(tensor)));
      backend_->CellForward(there.Forward());
      backend_->CellBackward(there.Backward(d));
      std::vector<float> first;
      for (auto* tensors : {&there.last, &d}) {
        for (auto& tensor : *tensors) {
          const auto values = tensor.Values();
          for (int64_t b = 1; b < B; ++b) {
            EXPECT_EQ(Bits(values, b * H, H), Bits(values, 0, H)) << Describe(m) << ", sequence " << b;
          }
          first.insert(first.end(), values.begin(), values.begin() + H);
        }
      }
      if (alone.empty()) alone = first;
      EXPECT_EQ(first, alone) << Describe(m);
    }
  }
}

}  // namespace
}  // namespace recurve
