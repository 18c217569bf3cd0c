// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/product_peak.h"

#include <algorithm>
#include <vector>

#include "executor/model/region.h"
#include "executor/profile/least_seconds.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
absl::StatusOr<std::unique_ptr<ProductPeak>> ProductPeak::Create(Backend& backend, const Shape& shape) {
  const auto& [rows, depth, width] = shape;
  std::unique_ptr<ProductPeak> peak(new ProductPeak(backend, shape));
  const auto place = [&, depth = depth, width = width, rows = rows](Region region) {
    peak->x_ = region.Floats(rows * depth);
    peak->y_ = region.Floats(std::max(rows, depth) * width);  // initially the unpacked matrix
    peak->packed_ = region.Bytes(backend.PackedBytes(Packing::kForward, depth, width));
    return region.used();
  };
  ASSIGN_OR_RETURN(peak->memory_, backend.Allocate(place(Region())));
  place(Region(peak->memory_->data()));
  const std::vector<float> ones(std::max(rows * depth, depth * width), 1.0f);
  const int64_t float_bytes = sizeof(float);
  backend.Upload(ones.data(), rows * depth * float_bytes, peak->x_);
  backend.Upload(ones.data(), depth * width * float_bytes, peak->y_);
  backend.Pack(Packing::kForward, peak->y_, depth, width, peak->packed_);
  return peak;
}

absl::StatusOr<double> ProductPeak::Probe(double seconds) {
  const auto& [rows, depth, width] = shape_;
  ASSIGN_OR_RETURN(const double least, LeastSeconds(backend_, seconds, [&, rows = rows, depth = depth, width = width] {
                     backend_.LinearForward(rows, depth, width, x_, packed_, nullptr, y_, width);
                   }));
  return 2.0 * static_cast<double>(rows * depth * width) / least;
}

}  // namespace recurve
