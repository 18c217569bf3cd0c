// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/operation_parts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/backend/link_steps.h"
#include "tests/executor/backend/layer_tensors.h"
#include "tests/executor/backend/random_layers.h"

namespace recurve {
namespace {

using Tensor = DeviceTensor<float>;

std::vector<Tensor> OnBackend(Backend& backend, const std::vector<std::vector<float>>& values) {
  std::vector<Tensor> tensors;
  for (const std::vector<float>& each : values) tensors.emplace_back(backend, each);
  return tensors;
}

// Every cell, with every extra, cut after every step: the bits of the link in one piece. With a recurrent mask the last
// bit of a gradient may differ, since what is multiplied and added at once within a link is not at its borders.
TEST(OperationParts, StepsOfALinkGiveWhatTheLinkGives) {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 1}).value();
  ForEachLayerCase([&](LayerCase& it) {
    const reference::Layer& m = it.layer;
    SCOPED_TRACE(Describe(m));
    LayerTensors whole(*backend, m);
    Tensor above(*backend, it.above);
    std::vector<Tensor> d = OnBackend(*backend, it.d);
    const auto backward = [&](LayerTensors& tensors, std::vector<Tensor>& gradients) {
      CellBackwardArgs args = tensors.Backward(gradients);
      args.dh_above = it.above.empty() ? nullptr : above.data();
      return args;
    };
    backend->CellForward(whole.Forward());
    const auto states = whole.States();
    backend->CellBackward(backward(whole, d));
    for (int64_t cut = 1; cut < m.k; ++cut) {
      SCOPED_TRACE(cut);
      LayerTensors parts(*backend, m);
      std::vector<Tensor> parts_d = OnBackend(*backend, it.d);
      backend->CellForward(StepsOfLink(parts.Forward(), 0, cut));
      backend->CellForward(StepsOfLink(parts.Forward(), cut, m.k));
      EXPECT_EQ(parts.States(), states);
      backend->CellBackward(StepsOfLink(backward(parts, parts_d), cut, m.k));
      backend->CellBackward(StepsOfLink(backward(parts, parts_d), 0, cut));
      for (size_t s = 0; s < d.size(); ++s) {
        const std::vector<float> expected = d[s].Values();
        const std::vector<float> actual = parts_d[s].Values();
        for (size_t i = 0; i < expected.size(); ++i) {
          const float tolerance = m.recurrent_mask.empty() ? 0.0f : 1e-5f * (1 + std::abs(expected[i]));
          ASSERT_NEAR(actual[i], expected[i], tolerance) << "state " << s << ", element " << i;
        }
      }
    }
  });
}

TEST(OperationParts, RowsOfASumAreItsRows) {
  const std::vector<float> first(100), rest(1000), dy(2000);
  for (const int64_t first_rows : {int64_t{0}, int64_t{3}, int64_t{7}}) {
    const cpu::WeightGradientArgs sum{.n = 7,
                                      .in = 4,
                                      .out = 6,
                                      .x_first = first.data(),
                                      .first_rows = first_rows,
                                      .x_rest = rest.data(),
                                      .x_stride = 5,
                                      .dy = dy.data(),
                                      .dy_stride = 9};
    const auto row = [](const cpu::WeightGradientArgs& a, int64_t r) {
      const float* x = r < a.first_rows ? a.x_first + r * a.x_stride : a.x_rest + (r - a.first_rows) * a.x_stride;
      return std::pair(x, a.dy + r * a.dy_stride);
    };
    for (int64_t begin = 0; begin < sum.n; ++begin) {
      for (int64_t end = begin + 1; end <= sum.n; ++end) {
        const cpu::WeightGradientArgs part = cpu::RowsOf(sum, begin, end);
        ASSERT_EQ(part.n, end - begin);
        for (int64_t r = begin; r < end; ++r) EXPECT_EQ(row(part, r - begin), row(sum, r));
      }
    }
  }
}

// A product of many rows: asked between its parts, and left when it is told to.
TEST(OperationParts, ALongOperationIsLeftWhenItIsToldToStop) {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 2}).value();
  constexpr int64_t kRows = 12'000;
  constexpr int64_t kWidth = 512;
  Tensor x(*backend, std::vector<float>(kRows * kWidth, 1));
  Tensor w(*backend, std::vector<float>(kWidth * kWidth, 1));
  Tensor dw(*backend, std::vector<float>(kWidth * kWidth));
  int asked = 0;
  int stop_at = 0;
  const std::function<bool()> stop = [&] { return ++asked == stop_at; };
  const auto run = [&](int at) {
    asked = 0;
    stop_at = at;
    const StopScope scope(*backend, stop);
    backend->LinearWeightGradient(kRows, kWidth, kWidth, x.data(), x.data(), kWidth, dw.data(), nullptr);
    return backend->Synchronize().code();
  };
  EXPECT_EQ(run(0), absl::StatusCode::kOk);
  const int most = asked;
  EXPECT_GE(most, 2);
  EXPECT_EQ(run(1), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 1) << "it goes no further";
  EXPECT_EQ(run(0), absl::StatusCode::kOk) << "and what comes after is done again";
  EXPECT_EQ(asked, most);
}

}  // namespace
}  // namespace recurve
