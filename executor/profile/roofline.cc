// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/roofline.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

#include "executor/profile/least_seconds.h"
#include "executor/profile/product_peak.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr double kProbeSeconds = 0.25;  // per ceiling
absl::StatusOr<double> MemoryBytes(Backend& backend) {
  constexpr int64_t kLeastBytes = 128 << 20;
  const int64_t bytes = std::max<int64_t>(kLeastBytes, 4 * sysconf(_SC_LEVEL3_CACHE_SIZE));
  ASSIGN_OR_RETURN(std::unique_ptr<DeviceMemory> memory, backend.Allocate(bytes));
  const int64_t n = bytes / 2 / static_cast<int64_t>(sizeof(float));
  auto* x = reinterpret_cast<float*>(memory->data());
  backend.Zero(x, bytes);
  ASSIGN_OR_RETURN(const double seconds, LeastSeconds(backend, kProbeSeconds, [&] { backend.Add(n, x, x + n); }));
  return static_cast<double>(AddCost(n).bytes) / seconds;
}

}  // namespace

double Roofline::Seconds(const OperationCost& cost) const {
  return std::max(ComputeSeconds(cost), MemorySeconds(cost));
}

std::string_view ToString(Bound bound) {
  constexpr std::string_view kNames[] = {"compute", "memory", "overhead"};
  return kNames[static_cast<int>(bound)];
}

Bound BoundOf(const OperationCost& cost, double seconds, const Roofline& roofline) {
  if (roofline.Seconds(cost) < seconds / 2) return Bound::kOverhead;
  return roofline.ComputeSeconds(cost) >= roofline.MemorySeconds(cost) ? Bound::kCompute : Bound::kMemory;
}

absl::StatusOr<Roofline> ProbeRoofline(Backend& backend) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ProductPeak> peak, ProductPeak::Create(backend, {}));
  ASSIGN_OR_RETURN(const double flops, peak->Probe(kProbeSeconds));
  ASSIGN_OR_RETURN(const double bytes, MemoryBytes(backend));
  return Roofline{.flops_per_second = flops, .bytes_per_second = bytes};
}

}  // namespace recurve
