// SPDX-License-Identifier: Apache-2.0
//
// The suite that every backend passes: each operation against the plain loops of reference.h, with shapes that fit no
// tile, the aliasing that backend.h allows, and sums that add to what is there. A backend's test program links the
// suite and says what to run it on:
//
//   INSTANTIATE_TEST_SUITE_P(Cpu, BackendConformance, ::testing::Values(BackendUnderTest{...}),
//   BackendUnderTest::Name);
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_BACKEND_CONFORMANCE_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_BACKEND_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "tests/executor/backend/reference.h"

namespace recurve {

struct BackendUnderTest {
  std::string name;
  // An error where this machine has no such device: the suite is skipped and says why.
  std::function<absl::StatusOr<std::unique_ptr<Backend>>()> make;
  // The largest error of a sum of products of numbers in [-1, 1], over the square root of their count.
  double product_tolerance = 1e-6;

  static std::string Name(const ::testing::TestParamInfo<BackendUnderTest>& info) { return info.param.name; }
};

// A tensor on a backend, followed by NaNs: who reads beyond its end is found by what it computes, and who writes there
// by Values.
template <class T>
class DeviceTensor {
 public:
  DeviceTensor(Backend& backend, std::vector<T> values) : backend_(backend), count_(values.size()) {
    values.resize(count_ + kGuard);
    std::memset(values.data() + count_, 0xFF, kGuard * sizeof(T));  // a NaN, and an impossible index
    const auto bytes = static_cast<int64_t>(values.size() * sizeof(T));
    memory_ = *backend.Allocate(bytes);
    backend.Upload(values.data(), bytes, memory_->data());
  }

  T* data() { return reinterpret_cast<T*>(memory_->data()); }

  // What the device has now.
  std::vector<T> Values() {
    std::vector<T> values(count_ + kGuard);
    backend_.Download(memory_->data(), static_cast<int64_t>(values.size() * sizeof(T)), values.data());
    EXPECT_TRUE(backend_.Synchronize().ok());
    const std::vector<unsigned char> guard(kGuard * sizeof(T), 0xFF);
    EXPECT_EQ(std::memcmp(values.data() + count_, guard.data(), guard.size()), 0) << "written beyond the end";
    values.resize(count_);
    return values;
  }

 private:
  static constexpr size_t kGuard = 64;
  Backend& backend_;
  const size_t count_;
  std::unique_ptr<DeviceMemory> memory_;
};

class BackendConformance : public ::testing::TestWithParam<BackendUnderTest> {
 protected:
  void SetUp() override {
    auto made = GetParam().make();
    if (!made.ok()) GTEST_SKIP() << made.status().message();
    backend_ = *std::move(made);
  }

  // Uniform in [-1, 1).
  std::vector<float> Random(int64_t n) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(n);
    for (float& v : values) v = uniform(random_);
    return values;
  }

  std::vector<int32_t> RandomTokens(int64_t n, int32_t V) {
    std::uniform_int_distribution<int32_t> uniform(0, V - 1);
    std::vector<int32_t> tokens(n);
    for (int32_t& t : tokens) t = uniform(random_);
    return tokens;
  }

  DeviceTensor<float> OnDevice(std::vector<float> values) { return {*backend_, std::move(values)}; }
  DeviceTensor<int32_t> OnDevice(std::vector<int32_t> values) { return {*backend_, std::move(values)}; }
  DeviceTensor<float> Unwritten(int64_t n) { return {*backend_, std::vector<float>(n, std::nanf(""))}; }

  DeviceTensor<float> Packed(Packing packing, DeviceTensor<float>& w, int64_t rows, int64_t cols) {
    const int64_t bytes = backend_->PackedBytes(packing, rows, cols);
    EXPECT_EQ(bytes % kAlignment, 0);
    DeviceTensor<float> packed = Unwritten(bytes / static_cast<int64_t>(sizeof(float)));
    backend_->Pack(packing, w.data(), rows, cols, packed.data());
    return packed;
  }

  DeviceTensor<float> PackedRecurrent(Cell cell, Packing packing, DeviceTensor<float>& w, int64_t H) {
    const int64_t bytes = backend_->PackedRecurrentBytes(cell, packing, H);
    EXPECT_EQ(bytes % kAlignment, 0);
    DeviceTensor<float> packed = Unwritten(bytes / static_cast<int64_t>(sizeof(float)));
    backend_->PackRecurrent(cell, packing, w.data(), H, packed.data());
    return packed;
  }

  double ProductTolerance(int64_t count) const {
    return GetParam().product_tolerance * (1 + std::sqrt(static_cast<double>(count)));
  }

  static std::vector<double> Doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

  static void ExpectNear(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance,
                         const std::string& what) {
    ASSERT_EQ(actual.size(), expected.size()) << what;
    for (size_t i = 0; i < actual.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << what << ", element " << i;
    }
  }

  // For comparisons that tell -0 from 0 and find a NaN equal to itself.
  static std::vector<uint32_t> Bits(const std::vector<float>& values, int64_t begin, int64_t count) {
    std::vector<uint32_t> bits(count);
    std::transform(values.begin() + begin, values.begin() + begin + count, bits.begin(),
                   [](float v) { return std::bit_cast<uint32_t>(v); });
    return bits;
  }

  std::unique_ptr<Backend> backend_;
  std::mt19937 random_{20260101};
};

// For backends that compute a row of a product with the same bits in whatever batch it is. One whose library chooses by
// the shape how to multiply does not promise that; it does not instantiate this suite, and says so with
// GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST.
class RowBitsConformance : public BackendConformance {};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_BACKEND_CONFORMANCE_H_
