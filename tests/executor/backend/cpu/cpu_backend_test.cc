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

// A training step's operations on shapes large enough to be shared between threads: a layer of one kind of cell, where
// H is odd with a recurrent mask and sequences that end, and what is around it.
class TrainingStep {
 public:
  TrainingStep(Backend& backend, Cell cell, int64_t B, int64_t H)
      : backend_(backend), cell_(cell), geometry_(GeometryOf(cell)), B_(B), H_(H) {
    for (int s = 0; s < geometry_.states; ++s) {
      states_.push_back(Random((kSteps + 1) * B * H, s == 2 ? 1.5f : 0.0f));  // an sLSTM's normaliser is positive
      d_.push_back(Random(B * H));
    }
  }

  void Run() {
    auto forward = Packed(Packing::kForward);
    auto backward = Packed(Packing::kBackward);
    backend_.LinearForward(n_, H_, GH_, x_.data(), forward.data(), bias_.data(), gates_.data(), stride_);
    RunCells();
    backend_.LinearWeightGradient(n_, H_, GH_, x_.data(), gates_.data(), stride_, dw_.data(), dbias_.data());
    backend_.LinearInputGradient(n_, H_, GH_, gates_.data(), stride_, backward.data(), x_.data());
    backend_.ScatterAddRows(n_, GH_, kVocabulary, tokens_.data(), gates_.data(), stride_, table_.data());
    backend_.Add(n_ * H_, above_.data(), x_.data());
    backend_.LayerNormForward(n_, H_, x_.data(), bias_.data(), bias_.data(), above_.data());
    backend_.LayerNormBackward({.n = n_,
                                .width = H_,
                                .x = x_.data(),
                                .gamma = bias_.data(),
                                .dy = above_.data(),
                                .dx = above_.data(),
                                .dgamma = dgain_.data(),
                                .dbeta = dgain_.data() + H_});
    backend_.Dropout(n_ * H_, {.rate = 0.5f, .seed = 1}, above_.data(), x_.data(), /*add=*/true);
    backend_.SoftmaxCrossEntropy(n_, kVocabulary, tokens_.data(), 0.1f, logits_.data(), sums_.data());
    backend_.SumOfSquares(H_ * GH_, dw_.data(), sums_.data() + 1);
    backend_.Sgd({H_ * GH_, w_.data(), dw_.data(), momentum_.data(), 1.0f, 0.1f, 0.9f, 0.1f});
  }

  std::vector<std::vector<float>> Values() {
    std::vector<float> sums(4);
    std::memcpy(sums.data(), sums_.Values().data(), 16);
    std::vector<std::vector<float>> all = {sums};
    for (auto* tensor : {&gates_, &dw_, &dbias_, &x_, &w_, &dgain_, &logits_, &table_, &momentum_}) {
      all.push_back(tensor->Values());
    }
    for (auto* tensors : {&states_, &d_}) {
      for (auto& tensor : *tensors) all.push_back(tensor.Values());
    }
    return all;
  }

 private:
  using Tensor = DeviceTensor<float>;
  static constexpr int64_t kSteps = 3;
  static constexpr int64_t kVocabulary = 61;

  Tensor Random(int64_t n, float offset = 0) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> v(n);
    for (float& x : v) x = offset + uniform(random_);
    return {backend_, std::move(v)};
  }
  DeviceTensor<int32_t> RandomInts(int64_t n, int32_t end) {
    std::vector<int32_t> v(n);
    for (int32_t& x : v) x = static_cast<int32_t>(random_() % end);
    return {backend_, std::move(v)};
  }
  Tensor Packed(Packing packing) {
    Tensor packed(backend_, std::vector<float>(backend_.PackedBytes(packing, H_, GH_) / 4));
    backend_.Pack(packing, w_.data(), H_, GH_, packed.data());
    return packed;
  }
  Tensor PackedRecurrent(Packing packing) {
    Tensor packed(backend_, std::vector<float>(backend_.PackedRecurrentBytes(cell_, packing, H_) / 4));
    backend_.PackRecurrent(cell_, packing, w_.data(), H_, packed.data());
    return packed;
  }

  void RunCells() {
    auto recurrent_forward = PackedRecurrent(Packing::kForward);
    auto recurrent_backward = PackedRecurrent(Packing::kBackward);
    const SequenceLengths lengths{.lengths = H_ % 2 != 0 ? ends_.data() : nullptr};
    const float* mask = H_ % 2 != 0 ? mask_.data() : nullptr;
    CellForwardArgs forward{.cell = cell_,
                            .k = kSteps,
                            .B = B_,
                            .H = H_,
                            .input = {.projected = gates_.data()},
                            .recurrent = recurrent_forward.data(),
                            .recurrent_bias = geometry_.recurrent_bias ? bias_.data() : nullptr,
                            .gates = gates_.data(),
                            .recurrent_mask = mask,
                            .masked = masked_.data(),
                            .lengths = lengths};
    CellBackwardArgs backward{.cell = cell_,
                              .k = kSteps,
                              .B = B_,
                              .H = H_,
                              .recurrent = recurrent_backward.data(),
                              .dh_above = above_.data(),
                              .gates = gates_.data(),
                              .recurrent_mask = mask,
                              .direct = direct_.data(),
                              .lengths = lengths};
    for (int s = 0; s < geometry_.states; ++s) {
      backward.first[s] = forward.first[s] = states_[s].data();
      backward.inner[s] = forward.inner[s] = states_[s].data() + B_ * H_;
      backward.last[s] = forward.last[s] = states_[s].data() + kSteps * B_ * H_;
      backward.d[s] = d_[s].data();
    }
    backend_.CellForward(forward);
    backend_.CellBackward(backward);
    backend_.CellWeightGradient({.cell = cell_,
                                 .k = kSteps,
                                 .B = B_,
                                 .H = H_,
                                 .h_first = states_[0].data(),
                                 .h = states_[0].data() + B_ * H_,
                                 .gates = gates_.data(),
                                 .dw = dw_.data(),
                                 .dbias = geometry_.recurrent_bias ? dbias_.data() : nullptr,
                                 .recurrent_mask = mask,
                                 .masked = masked_.data()});
  }

  std::mt19937 random_{5};
  Backend& backend_;
  const Cell cell_;
  const CellGeometry geometry_;
  const int64_t B_, H_;
  const int64_t n_ = kSteps * B_;
  const int64_t GH_ = geometry_.gates * H_;
  const int64_t stride_ = geometry_.row() * H_;
  Tensor x_ = Random(n_ * H_), w_ = Random(H_ * GH_), bias_ = Random(GH_), gates_ = Random(n_ * stride_);
  Tensor masked_ = Random(n_ * H_), direct_ = Random(B_ * H_), mask_ = Random(B_ * H_), above_ = Random(n_ * H_);
  Tensor dw_ = Random(H_ * GH_), dbias_ = Random(GH_), dgain_ = Random(2 * H_), momentum_ = Random(H_ * GH_);
  Tensor logits_ = Random(n_ * kVocabulary), table_ = Random(kVocabulary * GH_);
  DeviceTensor<int32_t> tokens_ = RandomInts(n_, kVocabulary), ends_ = RandomInts(B_, kSteps + 2);
  DeviceTensor<double> sums_{backend_, {0.0, 0.0}};
  std::vector<Tensor> states_, d_;  // of each tensor of a state: [k+1, B, H], [B, H]
};

std::vector<std::vector<float>> AfterATrainingStep(Cell cell, int64_t B, int64_t H, int threads,
                                                   const std::string& instruction_set) {
  const auto backend = MakeCpuBackend({.threads = threads, .instruction_set = instruction_set}).value();
  TrainingStep step(*backend, cell, B, H);
  step.Run();
  return step.Values();
}

class CpuThreads : public ::testing::TestWithParam<std::string> {};

TEST_P(CpuThreads, DoNotChangeABit) {
  if (const auto made = MakeCpuBackend({.threads = 1, .instruction_set = GetParam()}); !made.ok()) {
    GTEST_SKIP() << made.status().message();
  }
  for (const Cell cell : kCells) {
    for (const auto& [B, H] : {std::pair<int64_t, int64_t>{16, 64}, {7, 93}, {33, 130}, {1, 160}, {300, 11}}) {
      const auto one = AfterATrainingStep(cell, B, H, 1, GetParam());
      for (const int threads : {2, 3, 8}) {
        const auto many = AfterATrainingStep(cell, B, H, threads, GetParam());
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
