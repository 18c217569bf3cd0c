// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_PRODUCT_PEAK_H_
#define RECURVE_EXECUTOR_PROFILE_PRODUCT_PEAK_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

// The device's compute ceiling: a plain product with a packed matrix, [rows, depth] by [depth, width]. Not thread-safe.
// The backend must outlive it.
class ProductPeak {
 public:
  struct Shape {
    int64_t rows = 960, depth = 512, width = 2048;  // large enough for two CPU cores, small enough for their caches
  };

  static absl::StatusOr<std::unique_ptr<ProductPeak>> Create(Backend& backend, const Shape& shape);

  // Floating-point operations per second: the best of several products within about `seconds`.
  absl::StatusOr<double> Probe(double seconds);

 private:
  ProductPeak(Backend& backend, const Shape& shape) : backend_(backend), shape_(shape) {}

  Backend& backend_;
  const Shape shape_;
  std::unique_ptr<DeviceMemory> memory_;
  float* x_ = nullptr;
  float* y_ = nullptr;
  std::byte* packed_ = nullptr;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_PRODUCT_PEAK_H_
