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

// A training step's operations on shapes large enough to be shared between threads.
std::vector<std::vector<float>> SomeOfEverything(Backend& backend, int64_t B, int64_t H) {
  std::mt19937 random(5);
  const auto values = [&](int64_t n) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> v(n);
    for (float& x : v) x = uniform(random);
    return DeviceTensor<float>(backend, std::move(v));
  };
  const int64_t k = 3;
  const int64_t V = 61;
  const int64_t n = k * B;
  auto x = values(n * H);
  auto w = values(H * 4 * H);
  auto bias = values(4 * H);
  auto gates = values(n * 4 * H);
  auto h = values((k + 1) * B * H);
  auto c = values((k + 1) * B * H);
  auto dh = values(B * H);
  auto dc = values(B * H);
  auto dw = values(H * 4 * H);
  auto dbias = values(4 * H);
  auto logits = values(n * V);
  auto m = values(H * 4 * H);
  auto table = values(V * 4 * H);
  DeviceTensor<double> sums(backend, {0.0, 0.0});
  std::vector<int32_t> tokens(n);
  for (int32_t& t : tokens) t = static_cast<int32_t>(random() % V);
  DeviceTensor<int32_t> tokens_there(backend, tokens);
  const auto pack = [&](Packing packing) {
    const int64_t floats = backend.PackedBytes(packing, H, 4 * H) / 4;
    DeviceTensor<float> packed(backend, std::vector<float>(floats));
    backend.Pack(packing, w.data(), H, 4 * H, packed.data());
    return packed;
  };
  auto forward = pack(Packing::kForward);
  auto backward = pack(Packing::kBackward);
  const auto pack_recurrent = [&](Packing packing) {
    const int64_t floats = backend.PackedRecurrentBytes(Cell::kLstm, packing, H) / 4;
    DeviceTensor<float> packed(backend, std::vector<float>(floats));
    backend.PackRecurrent(Cell::kLstm, packing, w.data(), H, packed.data());
    return packed;
  };
  auto recurrent_forward = pack_recurrent(Packing::kForward);
  auto recurrent_backward = pack_recurrent(Packing::kBackward);
  const int64_t BH = B * H;
  backend.LinearForward(n, H, 4 * H, x.data(), forward.data(), bias.data(), gates.data(), 4 * H);
  backend.CellForward({.cell = Cell::kLstm,
                       .k = k,
                       .B = B,
                       .H = H,
                       .input = {.projected = gates.data()},
                       .recurrent = recurrent_forward.data(),
                       .first = {h.data(), c.data()},
                       .gates = gates.data(),
                       .inner = {h.data() + BH, c.data() + BH},
                       .last = {h.data() + k * BH, c.data() + k * BH}});
  backend.CellBackward({.cell = Cell::kLstm,
                        .k = k,
                        .B = B,
                        .H = H,
                        .recurrent = recurrent_backward.data(),
                        .dh_above = h.data(),
                        .gates = gates.data(),
                        .first = {h.data(), c.data()},
                        .inner = {h.data() + BH, c.data() + BH},
                        .last = {h.data() + k * BH, c.data() + k * BH},
                        .d = {dh.data(), dc.data()}});
  backend.CellWeightGradient({.cell = Cell::kLstm,
                              .k = k,
                              .B = B,
                              .H = H,
                              .h_first = h.data(),
                              .h = h.data() + BH,
                              .gates = gates.data(),
                              .dw = dw.data()});
  backend.LinearWeightGradient(n, H, 4 * H, x.data(), gates.data(), 4 * H, dw.data(), dbias.data());
  backend.LinearInputGradient(n, H, 4 * H, gates.data(), 4 * H, backward.data(), x.data());
  backend.ScatterAddRows(n, 4 * H, tokens_there.data(), gates.data(), 4 * H, table.data());
  backend.Dropout(n * H, {.rate = 0.5f, .seed = 1}, x.data(), x.data(), /*add=*/false);
  backend.SoftmaxCrossEntropy(n, V, tokens_there.data(), 0.1f, logits.data(), sums.data());
  backend.SumOfSquares(H * 4 * H, dw.data(), sums.data() + 1);
  backend.Sgd({H * 4 * H, w.data(), dw.data(), m.data(), 1.0f, 0.1f, 0.9f, 0.1f});
  std::vector<float> sum_bits(4);
  std::memcpy(sum_bits.data(), sums.Values().data(), 16);
  return {gates.Values(), h.Values(), c.Values(),      dh.Values(),    dc.Values(), dw.Values(), dbias.Values(),
          x.Values(),     w.Values(), logits.Values(), table.Values(), m.Values(),  sum_bits};
}

class CpuThreads : public ::testing::TestWithParam<std::string> {};

TEST_P(CpuThreads, DoNotChangeABit) {
  if (const auto made = MakeCpuBackend({.threads = 1, .instruction_set = GetParam()}); !made.ok()) {
    GTEST_SKIP() << made.status().message();
  }
  for (const auto& [B, H] : {std::pair<int64_t, int64_t>{16, 64}, {7, 93}, {33, 130}, {1, 160}, {300, 10}}) {
    const auto one = SomeOfEverything(**MakeCpuBackend({.threads = 1, .instruction_set = GetParam()}), B, H);
    for (const int threads : {2, 3, 8}) {
      const auto many = SomeOfEverything(**MakeCpuBackend({.threads = threads, .instruction_set = GetParam()}), B, H);
      ASSERT_EQ(one.size(), many.size());
      for (size_t i = 0; i < one.size(); ++i) {
        ASSERT_EQ(one[i].size(), many[i].size());
        EXPECT_EQ(std::memcmp(one[i].data(), many[i].data(), one[i].size() * sizeof(float)), 0)
            << "tensor " << i << ", " << threads << " threads, B " << B << ", H " << H;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, CpuThreads, ::testing::Values("avx512", "avx2", "portable"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace recurve
