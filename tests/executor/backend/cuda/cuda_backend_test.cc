// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_backend.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "tests/executor/backend/backend_conformance.h"
#include "tests/executor/backend/layer_tensors.h"
#include "tests/executor/backend/product_tolerance.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

BackendUnderTest Cuda(Precision precision) {
  return {.name = std::string(ToString(precision)),
          .make = [precision] { return MakeCudaBackend({.precision = precision}); },
          .product_tolerance = ProductToleranceOf(precision)};
}

// Without persistent kernels.
BackendUnderTest CudaStepByStep(Precision precision) {
  return {.name = std::string(ToString(precision)) + "_steps",
          .make = [precision] { return MakeCudaBackend({.precision = precision, .persistent = false}); },
          .product_tolerance = ProductToleranceOf(precision)};
}

const auto kEveryPrecision = ::testing::Values(Cuda(Precision::kFp32), Cuda(Precision::kTf32), Cuda(Precision::kBf16));

INSTANTIATE_TEST_SUITE_P(Cuda, BackendConformance, kEveryPrecision, BackendUnderTest::Name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RowBitsConformance);  // cuBLAS chooses its kernels by the shape

// On a machine that has a GPU and on one that has none.
TEST(MakeCudaBackend, SaysWhyThereIsNone) {
  for (const int device : {0, -1, 1000}) {
    const auto backend = MakeCudaBackend({.device = device});
    if (backend.ok()) {
      EXPECT_EQ(device, 0);
      continue;
    }
    EXPECT_THAT(backend.status().code(),
                AnyOf(absl::StatusCode::kInvalidArgument, absl::StatusCode::kFailedPrecondition,
                      absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted));
    EXPECT_FALSE(backend.status().message().empty());
    if (backend.status().code() == absl::StatusCode::kInvalidArgument) {
      EXPECT_THAT(std::string(backend.status().message()), HasSubstr("device is " + std::to_string(device)));
    }
  }
}

class CudaBackendTest : public BackendConformance {};
INSTANTIATE_TEST_SUITE_P(Cuda, CudaBackendTest, kEveryPrecision, BackendUnderTest::Name);

TEST_P(CudaBackendTest, SaysWhatItIs) {
  EXPECT_THAT(backend_->Describe(), AllOf(StartsWith("cuda (device 0, "), EndsWith(", " + GetParam().name + ")")));
}

// More uploads, and larger ones, than are staged at a time.
TEST_P(CudaBackendTest, UploadsLeaveTheCallersMemoryFree) {
  const int64_t floats = 100'003;
  const int64_t uploads = 60;
  auto there = Unwritten(uploads * floats);
  std::vector<float> host(floats);
  for (int64_t i = 0; i < uploads; ++i) {
    std::fill(host.begin(), host.end(), static_cast<float>(i));
    backend_->Upload(host.data(), floats * 4, there.data() + i * floats);
  }
  const auto values = there.Values();
  for (int64_t i = 0; i < uploads; ++i) {
    const auto begin = values.begin() + i * floats;
    ASSERT_EQ(std::count(begin, begin + floats, static_cast<float>(i)), floats) << "upload " << i;
  }
}

TEST_P(CudaBackendTest, FollowsItsCallerToAnotherThread) {
  std::vector<float> values;
  std::thread([&] {
    auto x = OnDevice(std::vector<float>{1, 2, 3});
    backend_->Dropout(3, {.rate = 0}, x.data(), x.data(), /*add=*/false);
    values = x.Values();
  }).join();
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
}

// A layer over a link, forward and backward, with what it gives: states, gates, and gradients of states and weights.
class LinkRun {
 public:
  LinkRun(Backend& backend, const reference::Layer& layer, const std::vector<float>& d_last)
      : backend_(backend), layer_(layer), there_(backend, layer), dw_(backend, Zeros()), dbias_(backend, ZeroBias()) {
    for (size_t s = 0; s < layer.first.size(); ++s) d_.emplace_back(backend, d_last);
  }

  // Every value after a forward, a backward and the weights' gradients. Each call begins with the same values.
  std::vector<std::vector<float>> Values(const std::vector<float>& d_last) {
    backend_.CellForward(there_.Forward());
    std::vector<std::vector<float>> values = there_.States();
    for (auto& d : d_) backend_.Upload(d_last.data(), static_cast<int64_t>(d_last.size()) * 4, d.data());
    backend_.Zero(dw_.data(), static_cast<int64_t>(Zeros().size()) * 4);
    backend_.Zero(dbias_.data(), static_cast<int64_t>(ZeroBias().size()) * 4);
    backend_.CellBackward(there_.Backward(d_));
    backend_.CellWeightGradient({.cell = layer_.cell,
                                 .k = layer_.k,
                                 .B = layer_.B,
                                 .H = layer_.H,
                                 .h_first = there_.first[0].data(),
                                 .h = there_.inner[0].data(),
                                 .gates = there_.gates.data(),
                                 .dw = dw_.data(),
                                 .dbias = there_.geometry.recurrent_bias ? dbias_.data() : nullptr,
                                 .recurrent_mask = there_.Mask(),
                                 .masked = there_.masked.data()});
    for (auto& d : d_) values.push_back(d.Values());
    values.push_back(there_.gates.Values());
    values.push_back(dw_.Values());
    values.push_back(dbias_.Values());
    return values;
  }

 private:
  std::vector<float> Zeros() const {
    return std::vector<float>(layer_.H * GeometryOf(layer_.cell).gates * layer_.H, 0.0f);
  }
  std::vector<float> ZeroBias() const { return std::vector<float>(GeometryOf(layer_.cell).gates * layer_.H, 0.0f); }

  Backend& backend_;
  const reference::Layer& layer_;
  LayerTensors there_;
  DeviceTensor<float> dw_, dbias_;
  std::vector<LayerTensors::Tensor> d_;
};

class CudaLinkTest : public CudaBackendTest {
 protected:
  reference::Layer RandomLayer(Cell cell, int64_t k, int64_t B, int64_t H) {
    const CellGeometry geometry = GeometryOf(cell);
    reference::Layer m{.cell = cell, .k = k, .B = B, .H = H, .input = Doubles(Random(k * B * geometry.gates * H))};
    m.recurrent = Doubles(Random(H * geometry.gates * H));
    for (double& w : m.recurrent) w /= std::sqrt(static_cast<double>(H));
    if (geometry.recurrent_bias) m.recurrent_bias = Doubles(Random(geometry.gates * H));
    for (int s = 0; s < geometry.states; ++s) m.first.emplace_back(B * H, 0.0);
    return m;
  }
};
INSTANTIATE_TEST_SUITE_P(Cuda, CudaLinkTest, kEveryPrecision, BackendUnderTest::Name);
INSTANTIATE_TEST_SUITE_P(CudaStepByStep, CudaLinkTest,
                         ::testing::Values(CudaStepByStep(Precision::kTf32), CudaStepByStep(Precision::kBf16)),
                         BackendUnderTest::Name);

// Step by step, captured, replayed, and replayed on tensors elsewhere: the same bits.
TEST_P(CudaLinkTest, EveryRunOfALinkGivesTheSameBits) {
  for (const Cell cell : kCells) {
    const reference::Layer layer = RandomLayer(cell, 9, 5, 37);
    const std::vector<float> d_last = Random(5 * 37);
    LinkRun here(*backend_, layer, d_last);
    const auto first = here.Values(d_last);
    for (int run = 0; run < 3; ++run) EXPECT_EQ(here.Values(d_last), first) << ToString(cell);
    const auto between = Unwritten(1000);
    LinkRun there(*backend_, layer, d_last);
    EXPECT_EQ(there.Values(d_last), first) << ToString(cell);
  }
  EXPECT_EQ(backend_->CountLinkRuns().failed_graphs, 0);
  if (GetParam().name != "fp32") return;  // which no persistent kernel computes
  EXPECT_GE(backend_->CountLinkRuns().graphs, 2 * static_cast<int64_t>(std::size(kCells)));
  EXPECT_GT(backend_->CountLinkRuns().graph_launches, 0);
}

// A link that is run in parts, of a batch that is run in parts, agrees with the reference: the scratch memory has no
// room for h in bf16 and the product of all the rows of the other.
TEST_P(CudaLinkTest, LongLinksAndLargeBatches) {
  constexpr int64_t kRows = kCudaScratchBytes / (64 * (2 + 4)) + 5;
  for (const auto& [k, B, H] : {std::tuple<int64_t, int64_t, int64_t>{300, 2, 8}, {2, kRows, 64}}) {
    const reference::Layer layer = RandomLayer(Cell::kTanhRnn, k, B, H);
    const auto expected = reference::Forward(layer);
    const std::vector<float> d_last = Random(B * H);
    const auto gradients = reference::Backward(layer, std::vector<double>(k * B * H, 0.0), {Doubles(d_last)});
    const auto values = LinkRun(*backend_, layer, d_last).Values(d_last);
    const double tolerance = 4 * ProductTolerance(H);
    ExpectNear(values[0], {expected[0].begin() + B * H, expected[0].end()}, tolerance, "h");
    ExpectNear(values[1], gradients.d[0], tolerance, "dh");
  }
}

// Layers that the persistent kernels give to many blocks, some sequences to a thread.
TEST_P(CudaLinkTest, WideLayers) {
  for (const auto& [cell, k, B, H] : {std::tuple<Cell, int64_t, int64_t, int64_t>{Cell::kLstm, 5, 20, 512},
                                      {Cell::kGru, 3, 33, 512},
                                      {Cell::kTanhRnn, 9, 12, 512},
                                      {Cell::kSlstm, 3, 9, 384},
                                      {Cell::kLstm, 2, 34, 1024}}) {
    SCOPED_TRACE(testing::Message() << ToString(cell) << ", B " << B << ", H " << H);
    const reference::Layer layer = RandomLayer(cell, k, B, H);
    const auto expected = reference::Forward(layer);
    const std::vector<float> d_last = Random(B * H);
    const std::vector<reference::Values> d(GeometryOf(cell).states, Doubles(d_last));
    const auto gradients = reference::Backward(layer, {}, d);
    LinkRun run(*backend_, layer, d_last);
    const auto values = run.Values(d_last);
    EXPECT_EQ(run.Values(d_last), values);
    if (GetParam().name == "tf32" || GetParam().name == "bf16") {  // forward in any case
      const bool hopper = backend_->Describe().find("sm_90") != std::string::npos;
      EXPECT_EQ(backend_->CountLinkRuns().persistent > 0, hopper);
    }
    const double tolerance = 2 * ProductTolerance(GeometryOf(cell).gates * H);
    ExpectNear(values[0], {expected[0].begin() + B * H, expected[0].end()}, tolerance, "h");
    ExpectNear(values[GeometryOf(cell).states], gradients.d[0], tolerance, "dh");
    ExpectNear(values[values.size() - 2], gradients.recurrent, tolerance * std::sqrt(k * B), "weights");
  }
}

// Persistent kernels of two backends take turns: each needs nearly all multiprocessors, and would wait for ever if it
// had only some of them.
TEST_P(CudaLinkTest, TwoBackendsRunLinksAtOnce) {
  const reference::Layer layer = RandomLayer(Cell::kLstm, 40, 64, 512);
  const std::vector<float> d_last = Random(64 * 512);
  std::vector<std::vector<float>> values[2];
  std::vector<std::thread> threads;
  for (auto& of_thread : values) {
    threads.emplace_back([&] {
      const auto backend = GetParam().make().value();
      LinkRun run(*backend, layer, d_last);
      for (int round = 0; round < 20; ++round) of_thread = run.Values(d_last);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(values[0], values[1]);
  EXPECT_FALSE(values[0].empty());
}

// Work beside an operation that overwrites what it reads, that reads what it writes, and that touches neither.
TEST_P(CudaLinkTest, WeightGradientsKeepTheirPlaceAmongOperations) {
  const reference::Layer layer = RandomLayer(Cell::kLstm, 6, 4, 33);
  LayerTensors there(*backend_, layer);
  backend_->CellForward(there.Forward());
  const auto floats = [](const std::vector<float>& v) { return static_cast<int64_t>(v.size()); };
  const std::vector<float> gates = there.gates.Values();
  auto dw = OnDevice(std::vector<float>(33 * 4 * 33, 0.0f));
  auto copy = Unwritten(33 * 4 * 33);
  const CellWeightGradientArgs args{.cell = layer.cell,
                                    .k = layer.k,
                                    .B = layer.B,
                                    .H = layer.H,
                                    .h_first = there.first[0].data(),
                                    .h = there.inner[0].data(),
                                    .gates = there.gates.data(),
                                    .dw = dw.data()};
  backend_->CellWeightGradient(args);
  const std::vector<float> expected = dw.Values();
  for (int round = 0; round < 8; ++round) {
    backend_->Zero(dw.data(), floats(expected) * 4);
    backend_->CellWeightGradient(args);
    auto elsewhere = OnDevice(std::vector<float>(1000, 1.0f));
    backend_->Add(1000, elsewhere.data(), elsewhere.data());
    backend_->Add(floats(gates), there.gates.data(), there.gates.data());
    backend_->Copy(dw.data(), floats(expected) * 4, copy.data());
    EXPECT_EQ(copy.Values(), expected);
    EXPECT_EQ(elsewhere.Values(), std::vector<float>(1000, 2.0f));
    backend_->Upload(gates.data(), floats(gates) * 4, there.gates.data());
  }
}

// More rows than have room for their losses in the scratch memory.
TEST_P(CudaBackendTest, SoftmaxOfManyRows) {
  const int64_t n = kCudaScratchBytes / 8 + 5;
  auto logits = OnDevice(std::vector<float>(2 * n, 1.0f));
  auto targets = OnDevice(std::vector<int32_t>(n, 1));
  DeviceTensor<double> loss(*backend_, {0.0});
  backend_->SoftmaxCrossEntropy(n, 2, targets.data(), 1, logits.data(), loss.data());
  const double expected = static_cast<double>(n) * std::log(2.0);
  EXPECT_NEAR(loss.Values()[0], expected, 1e-9 * expected);
  const auto gradients = logits.Values();
  for (int64_t i = 0; i < 2 * n; ++i) ASSERT_EQ(gradients[i], i % 2 == 0 ? 0.5f : -0.5f) << i;
}

// Twice the same operations on the same values: the same bits.
TEST_P(CudaBackendTest, RepeatsItsBits) {
  for (const auto& [n, in, out] :
       {std::tuple<int64_t, int64_t, int64_t>{1000, 512, 2048}, {64, 2048, 256}, {7, 333, 65}}) {
    auto x = OnDevice(Random(n * in));
    auto dy = OnDevice(Random(n * out));
    auto w = OnDevice(Random(in * out));
    auto packed = Packed(Packing::kForward, w, in, out);
    std::vector<std::vector<float>> first;
    for (int round = 0; round < 3; ++round) {
      auto y = Unwritten(n * out);
      auto dx = Unwritten(n * in);
      auto dw = OnDevice(std::vector<float>(in * out, 0.0f));
      auto dbias = OnDevice(std::vector<float>(out, 0.0f));
      backend_->LinearForward(n, in, out, x.data(), packed.data(), nullptr, y.data(), out);
      backend_->LinearInputGradient(n, in, out, dy.data(), out, packed.data(), dx.data());
      backend_->LinearWeightGradient(n, in, out, x.data(), dy.data(), out, dw.data(), dbias.data());
      std::vector<std::vector<float>> values = {y.Values(), dx.Values(), dw.Values(), dbias.Values()};
      if (round == 0) first = values;
      EXPECT_EQ(values, first) << "n " << n << ", in " << in << ", out " << out;
    }
  }
}

}  // namespace
}  // namespace recurve
