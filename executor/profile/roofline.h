// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_ROOFLINE_H_
#define RECURVE_EXECUTOR_PROFILE_ROOFLINE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/profile/operation.h"

namespace recurve {

// What a device can do at the most.
struct Roofline {
  double flops_per_second = 0;  // of products with a packed matrix
  double bytes_per_second = 0;  // of its memory, reading and writing, beyond the caches

  double ComputeSeconds(const OperationCost& cost) const { return static_cast<double>(cost.flops) / flops_per_second; }
  double MemorySeconds(const OperationCost& cost) const { return static_cast<double>(cost.bytes) / bytes_per_second; }
  // The least time that both roofs allow.
  double Seconds(const OperationCost& cost) const;
};

// What the time of an operation is spent on: the nearer roof, or neither when the roofs explain less than half of it.
enum class Bound : uint8_t { kCompute, kMemory, kOverhead };

std::string_view ToString(Bound bound);  // "compute", "memory", "overhead"

Bound BoundOf(const OperationCost& cost, double seconds, const Roofline& roofline);

// Measures both on the backend's own threads, for half a second, the best of several: a product [960, 512] by [512,
// 2048], and y += x over 128 MiB or four times the last cache, whichever is more. RESOURCE_EXHAUSTED where there is not
// so much memory.
absl::StatusOr<Roofline> ProbeRoofline(Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_ROOFLINE_H_
