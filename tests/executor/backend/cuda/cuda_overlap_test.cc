// SPDX-License-Identifier: Apache-2.0
//
// Gradients of recurrent weights run beside the operations that follow: each of those keeps its place.
#include <functional>
#include <numeric>

#include "executor/backend/cuda/cuda_backend.h"
#include "tests/executor/backend/backend_conformance.h"
#include "tests/executor/backend/layer_tensors.h"
#include "tests/executor/backend/random_layers.h"

namespace recurve {
namespace {

BackendUnderTest OverlappingCuda(Precision precision) {
  return {.name = std::string(ToString(precision)),
          .make = [precision] { return MakeCudaBackend({.precision = precision}); }};
}

// A gradient that takes the device long enough for the next operation to overtake it, were it allowed to.
class CudaOverlap : public BackendConformance {
 protected:
  static constexpr int64_t k = 64, B = 64, H = 256;
  static constexpr int64_t kWidth = 4 * H;  // of an LSTM's gates
  static constexpr int64_t kGates = k * B * kWidth;
  static constexpr int64_t kWeights = H * kWidth;
  static constexpr int64_t kFloatBytes = sizeof(float);

  void SetUp() override {
    BackendConformance::SetUp();
    if (IsSkipped()) return;
    layer_ = RandomLayer(Cell::kLstm, k, B, H, {}, [&](int64_t n) { return Random(n); });
    there_.emplace(*backend_, layer_);
    dw_.emplace(*backend_, std::vector<float>(kWeights, 0.0f));
    backend_->CellForward(there_->Forward());
    gates_ = there_->gates.Values();
    StartGradient();
    expected_ = dw_->Values();
  }

  // From the gates as the forward left them.
  void StartGradient() {
    backend_->Upload(gates_.data(), kGates * kFloatBytes, there_->gates.data());
    backend_->Zero(dw_->data(), kWeights * kFloatBytes);
    backend_->CellWeightGradient({.cell = layer_.cell,
                                  .k = k,
                                  .B = B,
                                  .H = H,
                                  .h_first = there_->first[0].data(),
                                  .h = there_->inner[0].data(),
                                  .gates = there_->gates.data(),
                                  .dw = dw_->data()});
  }

  DeviceTensor<int32_t> Counting(int64_t n) {
    std::vector<int32_t> numbers(n);
    std::iota(numbers.begin(), numbers.end(), 0);
    return OnDevice(numbers);
  }

  reference::Layer layer_;
  std::optional<LayerTensors> there_;
  std::optional<DeviceTensor<float>> dw_;
  std::vector<float> gates_, expected_;
};
INSTANTIATE_TEST_SUITE_P(Cuda, CudaOverlap,
                         ::testing::Values(OverlappingCuda(Precision::kFp32), OverlappingCuda(Precision::kTf32),
                                           OverlappingCuda(Precision::kBf16)),
                         BackendUnderTest::Name);

TEST_P(CudaOverlap, OverwritesWaitForWhatReads) {
  float* const gates = there_->gates.data();
  auto x = OnDevice(Random(k * B));
  auto w = OnDevice(Random(kWidth));
  auto packed = Packed(Packing::kForward, w, 1, kWidth);
  auto ones = OnDevice(std::vector<float>(kGates, 1.0f));
  auto rows = Counting(k * B);
  auto masked_targets = OnDevice(std::vector<int32_t>(k * B, -1));
  DeviceTensor<double> loss(*backend_, {0.0});
  auto input = OnDevice(Random(kGates));
  const auto host = backend_->AllocateHost(kGates * kFloatBytes).value();
  std::fill_n(host->data(), kGates * kFloatBytes, std::byte{0});
  CellForwardArgs forward = there_->Forward();
  forward.input = {.projected = input.data()};
  const std::function<void()> overwrites[] = {
      [&] { backend_->Zero(gates, kGates * kFloatBytes); },
      [&] { backend_->LinearForward(k * B, 1, kWidth, x.data(), packed.data(), nullptr, gates, kWidth); },
      [&] { backend_->ScatterAddRows(k * B, kWidth, k * B, rows.data(), ones.data(), kWidth, gates); },
      [&] { backend_->SoftmaxCrossEntropy(k * B, kWidth, masked_targets.data(), 1, gates, loss.data()); },
      [&] { backend_->Await(backend_->StartFetch(host->data(), kGates * kFloatBytes, gates)); },
      [&] { backend_->CellForward(forward); }};  // comes last: it changes h, too
  for (size_t i = 0; i < std::size(overwrites); ++i) {
    StartGradient();
    overwrites[i]();
    EXPECT_EQ(dw_->Values(), expected_) << "overwrite " << i;
    EXPECT_NE(there_->gates.Values(), gates_) << "overwrite " << i;
  }
}

TEST_P(CudaOverlap, ReadsWaitForWhatWrites) {
  auto rows = Counting(H);
  auto table = OnDevice(std::vector<float>(kWeights, 0.0f));
  StartGradient();
  backend_->ScatterAddRows(H, kWidth, H, rows.data(), dw_->data(), kWidth, table.data());
  EXPECT_EQ(table.Values(), expected_);

  const auto host = backend_->AllocateHost(kWeights * kFloatBytes).value();
  StartGradient();
  backend_->Await(backend_->StartStore(dw_->data(), kWeights * kFloatBytes, host->data()));
  ASSERT_TRUE(backend_->Synchronize().ok());
  EXPECT_EQ(std::memcmp(host->data(), expected_.data(), kWeights * kFloatBytes), 0);

  auto w = OnDevice(Random(kWidth));
  auto packed = Packed(Packing::kForward, w, kWidth, 1);
  auto y = Unwritten(H);
  backend_->LinearForward(H, kWidth, 1, dw_->data(), packed.data(), nullptr, y.data(), 1);
  const std::vector<float> expected = y.Values();
  StartGradient();
  backend_->LinearForward(H, kWidth, 1, dw_->data(), packed.data(), nullptr, y.data(), 1);
  EXPECT_EQ(y.Values(), expected);
}

}  // namespace
}  // namespace recurve
