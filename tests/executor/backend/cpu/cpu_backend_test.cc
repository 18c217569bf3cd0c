// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/cpu_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(CpuBackend, RefusesWhatCannotBeHad) {
  for (const int threads : {-1, 1025}) {
    const auto backend = MakeCpuBackend({.threads = threads});
    ASSERT_FALSE(backend.ok());
    EXPECT_EQ(backend.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(backend.status().message()), HasSubstr(std::to_string(threads)));
  }
  const auto backend = MakeCpuBackend({.threads = 1, .instruction_set = "abacus"});
  ASSERT_FALSE(backend.ok());
  EXPECT_EQ(backend.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(backend.status().message()), HasSubstr("portable"));
}

TEST(CpuBackend, SaysWhatItIs) {
  EXPECT_EQ((*MakeCpuBackend({.threads = 2, .instruction_set = "portable"}))->Describe(), "cpu (portable, 2 threads)");
  EXPECT_EQ((*MakeCpuBackend({.threads = 1, .instruction_set = "portable"}))->Describe(), "cpu (portable, 1 thread)");
  EXPECT_THAT((*MakeCpuBackend({}))->Describe(), StartsWith("cpu ("));
}

// A training step's operations on shapes large enough to be shared between threads: a layer of one kind of cell, with a
// recurrent mask and sequences that end where H is odd, and what is around it.
std::vector<std::vector<float>> SomeOfEverything(Backend& backend, Cell cell, int64_t B, int64_t H) {
  std::mt19937 random(5);
  const auto values = [&](int64_t n) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> v(n);
    for (float& x : v) x = uniform(random);
    return DeviceTensor<float>(backend, std::move(v));
  };
  const CellGeometry g = GeometryOf(cell);
  const int64_t k = 3;
  const int64_t V = 61;
  const int64_t n = k * B;
  const int64_t BH = B * H;
  const int64_t GH = g.gates * H;
  const int64_t stride = g.row() * H;
  auto x = values(n * H);
  auto w = values(H * GH);
  auto bias = values(GH);
  auto gates = values(n * stride);
  auto masked = values(n * H);
  auto direct = values(BH);
  auto mask = values(BH);
  auto above = values(n * H);
  auto dw = values(H * GH);
  auto dbias = values(GH);
  auto gain = values(H);
  auto dgain = values(2 * H);
  auto logits = values(n * V);
  auto m = values(H * GH);
  auto table = values(V * GH);
  std::vector<DeviceTensor<float>> states;
  std::vector<DeviceTensor<float>> d;
  for (int s = 0; s < g.states; ++s) {
    states.push_back(s == 2 ? DeviceTensor<float>(backend, std::vector<float>((k + 1) * BH, 1.5f))
                            : values((k + 1) * BH));
    d.push_back(values(BH));
  }
  DeviceTensor<double> sums(backend, {0.0, 0.0});
  std::vector<int32_t> tokens(n);
  for (int32_t& t : tokens) t = static_cast<int32_t>(random() % V);
  DeviceTensor<int32_t> tokens_there(backend, tokens);
  std::vector<int32_t> ends(B);
  for (int32_t& end : ends) end = static_cast<int32_t>(random() % (k + 2));
  DeviceTensor<int32_t> ends_there(backend, ends);
  const auto pack = [&](Packing packing) {
    DeviceTensor<float> packed(backend, std::vector<float>(backend.PackedBytes(packing, H, GH) / 4));
    backend.Pack(packing, w.data(), H, GH, packed.data());
    return packed;
  };
  const auto pack_recurrent = [&](Packing packing) {
    DeviceTensor<float> packed(backend, std::vector<float>(backend.PackedRecurrentBytes(cell, packing, H) / 4));
    backend.PackRecurrent(cell, packing, w.data(), H, packed.data());
    return packed;
  };
  auto forward = pack(Packing::kForward);
  auto backward = pack(Packing::kBackward);
  auto recurrent_forward = pack_recurrent(Packing::kForward);
  auto recurrent_backward = pack_recurrent(Packing::kBackward);
  const bool extras = H % 2 != 0;
  const SequenceLengths lengths{.lengths = extras ? ends_there.data() : nullptr};
  const float* recurrent_mask = extras ? mask.data() : nullptr;

  backend.LinearForward(n, H, GH, x.data(), forward.data(), bias.data(), gates.data(), stride);
  CellForwardArgs forward_args{.cell = cell,
                               .k = k,
                               .B = B,
                               .H = H,
                               .input = {.projected = gates.data()},
                               .recurrent = recurrent_forward.data(),
                               .recurrent_bias = g.recurrent_bias ? bias.data() : nullptr,
                               .gates = gates.data(),
                               .recurrent_mask = recurrent_mask,
                               .masked = masked.data(),
                               .lengths = lengths};
  CellBackwardArgs backward_args{.cell = cell,
                                 .k = k,
                                 .B = B,
                                 .H = H,
                                 .recurrent = recurrent_backward.data(),
                                 .dh_above = above.data(),
                                 .gates = gates.data(),
                                 .recurrent_mask = recurrent_mask,
                                 .direct = direct.data(),
                                 .lengths = lengths};
  for (int s = 0; s < g.states; ++s) {
    backward_args.first[s] = forward_args.first[s] = states[s].data();
    backward_args.inner[s] = forward_args.inner[s] = states[s].data() + BH;
    backward_args.last[s] = forward_args.last[s] = states[s].data() + k * BH;
    backward_args.d[s] = d[s].data();
  }
  backend.CellForward(forward_args);
  backend.CellBackward(backward_args);
  backend.CellWeightGradient({.cell = cell,
                              .k = k,
                              .B = B,
                              .H = H,
                              .h_first = states[0].data(),
                              .h = states[0].data() + BH,
                              .gates = gates.data(),
                              .dw = dw.data(),
                              .dbias = g.recurrent_bias ? dbias.data() : nullptr,
                              .recurrent_mask = recurrent_mask,
                              .masked = masked.data()});
  backend.LinearWeightGradient(n, H, GH, x.data(), gates.data(), stride, dw.data(), dbias.data());
  backend.LinearInputGradient(n, H, GH, gates.data(), stride, backward.data(), x.data());
  backend.ScatterAddRows(n, GH, tokens_there.data(), gates.data(), stride, table.data());
  backend.Add(n * H, above.data(), x.data());
  backend.LayerNormForward(n, H, x.data(), gain.data(), gain.data(), above.data());
  backend.LayerNormBackward({.n = n,
                             .width = H,
                             .x = x.data(),
                             .gamma = gain.data(),
                             .dy = above.data(),
                             .dx = above.data(),
                             .dgamma = dgain.data(),
                             .dbeta = dgain.data() + H});
  backend.Dropout(n * H, {.rate = 0.5f, .seed = 1}, above.data(), x.data(), /*add=*/true);
  backend.SoftmaxCrossEntropy(n, V, tokens_there.data(), 0.1f, logits.data(), sums.data());
  backend.SumOfSquares(H * GH, dw.data(), sums.data() + 1);
  backend.Sgd({H * GH, w.data(), dw.data(), m.data(), 1.0f, 0.1f, 0.9f, 0.1f});
  std::vector<float> sum_bits(4);
  std::memcpy(sum_bits.data(), sums.Values().data(), 16);
  std::vector<std::vector<float>> all = {gates.Values(), dw.Values(),     dbias.Values(), x.Values(), w.Values(),
                                         dgain.Values(), logits.Values(), table.Values(), m.Values(), sum_bits};
  for (auto* tensors : {&states, &d}) {
    for (auto& tensor : *tensors) all.push_back(tensor.Values());
  }
  return all;
}

class CpuThreads : public ::testing::TestWithParam<std::string> {};

TEST_P(CpuThreads, DoNotChangeABit) {
  if (const auto made = MakeCpuBackend({.threads = 1, .instruction_set = GetParam()}); !made.ok()) {
    GTEST_SKIP() << made.status().message();
  }
  const auto make = [](int threads) { return *MakeCpuBackend({.threads = threads, .instruction_set = GetParam()}); };
  for (const Cell cell : kCells) {
    for (const auto& [B, H] : {std::pair<int64_t, int64_t>{16, 64}, {7, 93}, {33, 130}, {1, 160}, {300, 11}}) {
      const auto one = SomeOfEverything(*make(1), cell, B, H);
      for (const int threads : {2, 3, 8}) {
        const auto many = SomeOfEverything(*make(threads), cell, B, H);
        ASSERT_EQ(one.size(), many.size());
        for (size_t i = 0; i < one.size(); ++i) {
          ASSERT_EQ(one[i].size(), many[i].size());
          EXPECT_EQ(std::memcmp(one[i].data(), many[i].data(), one[i].size() * sizeof(float)), 0)
              << ToString(cell) << ", tensor " << i << ", " << threads << " threads, B " << B << ", H " << H;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, CpuThreads, ::testing::Values("avx512", "avx2", "portable"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace recurve
