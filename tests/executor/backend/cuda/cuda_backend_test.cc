// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_backend.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

BackendUnderTest Cuda() {
  return {.name = "device_0", .make = [] { return MakeCudaBackend({}); }, .rows_have_equal_bits = false};
}

INSTANTIATE_TEST_SUITE_P(Cuda, BackendConformance, ::testing::Values(Cuda()), BackendUnderTest::Name);

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
INSTANTIATE_TEST_SUITE_P(Cuda, CudaBackendTest, ::testing::Values(Cuda()), BackendUnderTest::Name);

TEST_P(CudaBackendTest, SaysWhatItIs) { EXPECT_THAT(backend_->Describe(), StartsWith("cuda (device 0, ")); }

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
    backend_->Dropout(3, {.rate = 0}, x.data(), x.data());
    values = x.Values();
  }).join();
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
}

// A batch whose recurrent product has no room in the scratch memory: in parts, to the same values.
TEST_P(CudaBackendTest, LstmForwardOfALargeBatch) {
  const int64_t k = 2;
  const int64_t B = 7003;
  const int64_t H = 301;
  const int64_t BH = B * H;
  const int64_t alone = 3;  // sequences at the end, computed again by themselves
  auto w = OnDevice(Random(H * 4 * H));
  auto packed = Packed(Packing::kLstm, w, H, 4 * H);
  auto input = OnDevice(Random(k * B * 4 * H));
  auto h_first = OnDevice(Random(BH));
  auto c_first = OnDevice(Random(BH));
  auto h = Unwritten(BH);
  auto c = Unwritten(BH);
  auto h_last = Unwritten(BH);
  auto c_last = Unwritten(BH);
  auto gates = Unwritten(k * B * 4 * H);
  backend_->LstmForward({k,
                         B,
                         H,
                         {.projected = input.data()},
                         packed.data(),
                         h_first.data(),
                         c_first.data(),
                         gates.data(),
                         h.data(),
                         c.data(),
                         h_last.data(),
                         c_last.data()});
  const std::vector<float> whole = h_last.Values();
  const std::vector<float> whole_gates = gates.Values();

  const std::vector<float> inputs = input.Values();
  std::vector<float> last_inputs;
  for (int64_t t = 0; t < k; ++t) {
    const auto end = inputs.begin() + (t + 1) * B * 4 * H;
    last_inputs.insert(last_inputs.end(), end - alone * 4 * H, end);
  }
  auto last_input = OnDevice(last_inputs);
  const int64_t skipped = BH - alone * H;
  backend_->LstmForward({k,
                         alone,
                         H,
                         {.projected = last_input.data()},
                         packed.data(),
                         h_first.data() + skipped,
                         c_first.data() + skipped,
                         last_input.data(),
                         h.data(),
                         c.data(),
                         h_last.data(),
                         c_last.data()});
  const std::vector<float> last = h_last.Values();
  ExpectNear({last.begin(), last.begin() + alone * H}, Doubles({whole.begin() + skipped, whole.end()}), 1e-4, "h");
  const std::vector<float> last_gates = last_input.Values();
  ExpectNear({last_gates.end() - alone * 4 * H, last_gates.end()},
             Doubles({whole_gates.end() - alone * 4 * H, whole_gates.end()}), 1e-4, "gates");
}

// More rows than have room for their losses in the scratch memory.
TEST_P(CudaBackendTest, SoftmaxOfManyRows) {
  const int64_t n = kCudaBackendBytes / 8 + 5;
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
      backend_->LinearForward(n, in, out, x.data(), packed.data(), nullptr, y.data());
      backend_->LinearInputGradient(n, in, out, dy.data(), packed.data(), dx.data());
      backend_->LinearWeightGradient(n, in, out, x.data(), dy.data(), dw.data(), dbias.data());
      std::vector<std::vector<float>> values = {y.Values(), dx.Values(), dw.Values(), dbias.Values()};
      if (round == 0) first = values;
      EXPECT_EQ(values, first) << "n " << n << ", in " << in << ", out " << out;
    }
  }
}

}  // namespace
}  // namespace recurve
