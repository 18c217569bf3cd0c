// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_ROOFLINE_H_
#define RECURVE_EXECUTOR_PROFILE_ROOFLINE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/profile/operation.h"

namespace recurve {

// The roofline ceilings of a device.
struct Roofline {
  double flops_per_second = 0;  // of products with a packed matrix
  double bytes_per_second = 0;  // of main memory, reads plus writes

  double ComputeSeconds(const OperationCost& cost) const { return static_cast<double>(cost.flops) / flops_per_second; }
  double MemorySeconds(const OperationCost& cost) const { return static_cast<double>(cost.bytes) / bytes_per_second; }
  // The minimum time that both ceilings allow.
  double Seconds(const OperationCost& cost) const;
};

// What limits an operation: the lower ceiling, or overhead if the ceilings explain less than half of its time.
enum class Bound : uint8_t { kCompute, kMemory, kOverhead };

std::string_view ToString(Bound bound);  // "compute", "memory", "overhead"

Bound BoundOf(const OperationCost& cost, double seconds, const Roofline& roofline);

// Measures both ceilings on the backend in about half a second, as the best of several runs: a product [960, 512] by
// [512, 2048], and y += x over the larger of 128 MiB and four times the last-level cache. RESOURCE_EXHAUSTED if there
// is insufficient memory for that.
absl::StatusOr<Roofline> ProbeRoofline(Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_ROOFLINE_H_
