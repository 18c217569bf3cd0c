// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include "executor/backend/pointwise.h"
#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST_P(BackendConformance, MemoryIsAlignedAndMoves) {
  for (const int64_t bytes : {1, 63, 64, 4097, (5 << 20) + 3}) {
    auto from = backend_->Allocate(bytes);
    auto to = backend_->Allocate(bytes);
    ASSERT_TRUE(from.ok() && to.ok());
    EXPECT_EQ((*from)->size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>((*from)->data()) % kAlignment, 0U);
    std::vector<unsigned char> host(bytes);
    for (int64_t i = 0; i < bytes; ++i) host[i] = static_cast<unsigned char>(i * 7);
    std::vector<unsigned char> back(bytes);
    backend_->Upload(host.data(), bytes, (*from)->data());
    backend_->Copy((*from)->data(), bytes, (*to)->data());
    backend_->Download((*to)->data(), bytes, back.data());
    EXPECT_EQ(back, host);
    backend_->Zero((*to)->data(), bytes);
    backend_->Download((*to)->data(), bytes, back.data());
    EXPECT_EQ(back, std::vector<unsigned char>(bytes, 0));
    EXPECT_TRUE(backend_->Synchronize().ok());
  }
}

TEST_P(BackendConformance, MoreMemoryThanThereIsIsRefused) {
  const auto memory = backend_->Allocate(int64_t{1} << 50);
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(memory.status().message().find("1125899906842624"), absl::string_view::npos) << memory.status();
}

TEST_P(BackendConformance, DropoutDrawsFromPhilox) {
  for (const int64_t n : {1, 3, 64, 257, 5000}) {
    const DropoutMask mask{
        .rate = 0.3f, .seed = 0x123456789ABCDEF0, .stream = 0xFEDCBA9876543210, .offset = 0x3FFFFFFF0};
    const auto x = Random(n);
    auto x_there = OnDevice(x);
    auto y = Unwritten(n);
    backend_->Dropout(n, mask, x_there.data(), y.data(), /*add=*/false);
    const auto actual = y.Values();
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t element = mask.offset + i;
      const PhiloxState s =
          Philox({static_cast<uint32_t>(element / 4), static_cast<uint32_t>(element / 4 >> 32), 0x76543210, 0xFEDCBA98},
                 0x9ABCDEF0, 0x12345678);
      const uint32_t word = std::array{s.c0, s.c1, s.c2, s.c3}[element % 4];
      const bool kept = word / 4294967296.0 >= mask.rate;
      ASSERT_NEAR(actual[i], kept ? x[i] / 0.7 : 0.0, 1e-6) << i;
    }
    // Its own backward, and in place: the same mask again.
    backend_->Dropout(n, mask, x_there.data(), x_there.data(), /*add=*/false);
    EXPECT_EQ(x_there.Values(), actual);
  }
}

TEST_P(BackendConformance, DropoutKeepsTheRateAndReplaysAtAnyOffset) {
  const int64_t n = 200'000;
  auto ones = OnDevice(std::vector<float>(n, 1.0f));
  auto y = Unwritten(n);
  for (const float rate : {0.0f, 0.1f, 0.5f, 0.9f}) {
    backend_->Dropout(n, {.rate = rate, .seed = 1, .stream = 2}, ones.data(), y.data(), /*add=*/false);
    const auto whole = y.Values();
    const auto dropped = static_cast<double>(std::count(whole.begin(), whole.end(), 0.0f));
    EXPECT_NEAR(dropped / n, rate, 5 * std::sqrt(rate * (1 - rate) / n)) << rate;
    double mean = 0;
    for (const float v : whole) mean += v / n;
    EXPECT_NEAR(mean, 1, 0.05);

    for (const int64_t offset : {4, 1000, 77'776}) {
      backend_->Dropout(n - offset, {.rate = rate, .seed = 1, .stream = 2, .offset = static_cast<uint64_t>(offset)},
                        ones.data(), y.data(), /*add=*/false);
      const auto part = y.Values();
      EXPECT_TRUE(std::equal(whole.begin() + offset, whole.end(), part.begin())) << offset;
    }
  }
  backend_->Dropout(n, {.rate = 0.5f, .seed = 1, .stream = 2}, ones.data(), y.data(), /*add=*/false);
  const auto one = y.Values();
  backend_->Dropout(n, {.rate = 0.5f, .seed = 1, .stream = 3}, ones.data(), y.data(), /*add=*/false);
  EXPECT_NE(y.Values(), one) << "another stream";
  backend_->Dropout(n, {.rate = 0.5f, .seed = 2, .stream = 2}, ones.data(), y.data(), /*add=*/false);
  EXPECT_NE(y.Values(), one) << "another seed";
}

// Without x, the mask itself; with `add`, onto what is there.
TEST_P(BackendConformance, DropoutOfOnesAndDropoutThatAdds) {
  for (const int64_t n : {1, 3, 64, 257, 5000}) {
    const DropoutMask mask{.rate = 0.3f, .seed = 5, .stream = 6, .offset = 8};
    auto ones = OnDevice(std::vector<float>(n, 1.0f));
    auto y = Unwritten(n);
    backend_->Dropout(n, mask, ones.data(), y.data(), /*add=*/false);
    const auto kept = y.Values();
    auto mask_there = Unwritten(n);
    backend_->Dropout(n, mask, nullptr, mask_there.data(), /*add=*/false);
    EXPECT_EQ(mask_there.Values(), kept);
    const auto x = Random(n);
    const auto before = Random(n);
    auto x_there = OnDevice(x);
    for (const bool of_ones : {false, true}) {
      auto sum = OnDevice(before);
      backend_->Dropout(n, mask, of_ones ? nullptr : x_there.data(), sum.data(), /*add=*/true);
      std::vector<double> expected = Doubles(before);
      for (int64_t i = 0; i < n; ++i) expected[i] += kept[i] * (of_ones ? 1.0 : x[i]);
      ExpectNear(sum.Values(), expected, 1e-6, "n " + std::to_string(n));
    }
  }
}

TEST_P(BackendConformance, Add) {
  for (const int64_t n : {1, 15, 64, 65, 4099, 100'003}) {
    const auto x = Random(n);
    const auto y = Random(n);
    auto x_there = OnDevice(x);
    auto y_there = OnDevice(y);
    backend_->Add(n, x_there.data(), y_there.data());
    std::vector<float> expected = y;
    for (int64_t i = 0; i < n; ++i) expected[i] += x[i];
    EXPECT_EQ(y_there.Values(), expected);
  }
}

TEST_P(BackendConformance, SoftmaxCrossEntropy) {
  for (const auto& [n, V] : {std::pair<int64_t, int64_t>{1, 1}, {3, 2}, {5, 17}, {70, 33}, {129, 256}, {2, 5003}}) {
    auto logits = Random(n * V);
    for (int64_t i = 0; i < n * V; ++i) logits[i] *= i / V % 3 == 0 ? 100.0f : 3.0f;
    auto targets = RandomTokens(n, static_cast<int32_t>(V));
    for (int64_t i = 0; i < n; i += 4) targets[i] = -1;
    if (n == 1) targets[0] = 0;
    const float scale = 0.25f;
    double loss = 0;
    std::vector<double> gradients(n * V, 0.0);
    for (int64_t i = 0; i < n; ++i) {
      if (targets[i] < 0) continue;
      const float* row = &logits[i * V];
      const double largest = *std::max_element(row, row + V);
      double sum = 0;
      for (int64_t j = 0; j < V; ++j) sum += std::exp(row[j] - largest);
      loss += std::log(sum) + largest - row[targets[i]];
      for (int64_t j = 0; j < V; ++j) {
        gradients[i * V + j] = scale * (std::exp(row[j] - largest) / sum - (j == targets[i] ? 1 : 0));
      }
    }
    auto logits_there = OnDevice(logits);
    auto targets_there = OnDevice(targets);
    DeviceTensor<double> loss_there(*backend_, {10.0});
    backend_->SoftmaxCrossEntropy(n, V, targets_there.data(), scale, logits_there.data(), loss_there.data());
    EXPECT_NEAR(loss_there.Values()[0], 10 + loss, 1e-6 * (10 + loss)) << n << " " << V;
    ExpectNear(logits_there.Values(), gradients, 1e-6, "V " + std::to_string(V));
  }
}

TEST_P(BackendConformance, SoftmaxOfWhatIsNotANumberIsALossThatIsNotANumber) {
  for (const float bad : {kNaN, kInfinity}) {
    for (const int64_t at : {0, 15, 16, 36}) {
      auto logits = Random(2 * 37);
      logits[at] = bad;
      auto logits_there = OnDevice(logits);
      auto targets = OnDevice(std::vector<int32_t>{3, 4});
      DeviceTensor<double> loss(*backend_, {0.0});
      backend_->SoftmaxCrossEntropy(2, 37, targets.data(), 1, logits_there.data(), loss.data());
      EXPECT_TRUE(std::isnan(loss.Values()[0])) << bad << " at " << at;
    }
  }
  // An impossible class is no error.
  auto logits = OnDevice(std::vector<float>{1.0f, -kInfinity, 1.0f});
  auto targets = OnDevice(std::vector<int32_t>{0});
  DeviceTensor<double> loss(*backend_, {0.0});
  backend_->SoftmaxCrossEntropy(1, 3, targets.data(), 1, logits.data(), loss.data());
  EXPECT_NEAR(loss.Values()[0], std::log(2.0), 1e-6);
  EXPECT_EQ(logits.Values()[1], 0);
}

TEST_P(BackendConformance, SumOfSquaresAdds) {
  for (const int64_t n : {1, 15, 63, 64, 4097, 100'003}) {
    auto values = Random(n);
    values[0] = 1e15f;  // its square is beyond what a float counts in ones
    double expected = 3;
    for (const float v : values) expected += static_cast<double>(v) * v;
    auto there = OnDevice(values);
    DeviceTensor<double> sum(*backend_, {3.0});
    backend_->SumOfSquares(n, there.data(), sum.data());
    EXPECT_NEAR(sum.Values()[0], expected, 1e-12 * expected) << n;
  }
  auto bad = OnDevice(std::vector<float>{1, kNaN});
  DeviceTensor<double> sum(*backend_, {0.0});
  backend_->SumOfSquares(2, bad.data(), sum.data());
  EXPECT_TRUE(std::isnan(sum.Values()[0]));
}

TEST_P(BackendConformance, Sgd) {
  for (const int64_t n : {1, 17, 1000}) {
    const auto w = Random(n);
    const auto g = Random(n);
    const auto m = Random(n);
    auto w_there = OnDevice(w);
    auto g_there = OnDevice(g);
    auto m_there = OnDevice(m);
    auto expected_w = Doubles(w);
    auto expected_m = Doubles(m);
    for (int step = 0; step < 3; ++step) {
      backend_->Sgd({n, w_there.data(), g_there.data(), m_there.data(), 0.5f, 0.1f, 0.9f, 0.01f});
      for (int64_t i = 0; i < n; ++i) {
        expected_m[i] = 0.9 * expected_m[i] + 0.5 * g[i] + 0.01 * expected_w[i];
        expected_w[i] -= 0.1 * expected_m[i];
      }
    }
    ExpectNear(w_there.Values(), expected_w, 1e-6, "w");
    ExpectNear(m_there.Values(), expected_m, 1e-6, "momentum");
  }
}

TEST_P(BackendConformance, AdamW) {
  for (const int64_t n : {1, 17, 1000}) {
    const auto w = Random(n);
    auto w_there = OnDevice(w);
    auto m_there = OnDevice(std::vector<float>(n, 0.0f));
    auto v_there = OnDevice(std::vector<float>(n, 0.0f));
    auto expected = Doubles(w);
    std::vector<double> m(n, 0.0);
    std::vector<double> v(n, 0.0);
    for (int64_t step = 1; step <= 5; ++step) {
      const auto g = Random(n);
      auto g_there = OnDevice(g);
      backend_->AdamW({n, w_there.data(), g_there.data(), m_there.data(), v_there.data(), 2.0f, 0.01f, 0.9f, 0.99f,
                       1e-8f, 0.1f, step});
      const auto t = static_cast<double>(step);
      for (int64_t i = 0; i < n; ++i) {
        m[i] = 0.9 * m[i] + 0.1 * 2.0 * g[i];
        v[i] = 0.99 * v[i] + 0.01 * 4.0 * g[i] * g[i];
        const double update = m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.99, t))) + 1e-8);
        expected[i] -= 0.01 * (update + 0.1 * expected[i]);
      }
    }
    ExpectNear(w_there.Values(), expected, 1e-5, "w");
    ExpectNear(m_there.Values(), m, 1e-5, "m");
    ExpectNear(v_there.Values(), v, 1e-5, "v");
  }
}

}  // namespace
}  // namespace recurve
