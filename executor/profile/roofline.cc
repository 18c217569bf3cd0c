// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/roofline.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

#include "executor/profile/least_seconds.h"
#include "executor/profile/product_peak.h"

namespace recurve {
namespace {

constexpr double kProbeSeconds = 0.25;  // of each roof
absl::StatusOr<double> MemoryBytes(Backend& backend) {
  constexpr int64_t kLeastBytes = 128 << 20;
  const int64_t bytes = std::max<int64_t>(kLeastBytes, 4 * sysconf(_SC_LEVEL3_CACHE_SIZE));
  absl::StatusOr<std::unique_ptr<DeviceMemory>> memory = backend.Allocate(bytes);
  if (!memory.ok()) return memory.status();
  const int64_t n = bytes / 2 / static_cast<int64_t>(sizeof(float));
  auto* x = reinterpret_cast<float*>((*memory)->data());
  backend.Zero(x, bytes);
  const absl::StatusOr<double> seconds = LeastSeconds(backend, kProbeSeconds, [&] { backend.Add(n, x, x + n); });
  if (!seconds.ok()) return seconds.status();
  return static_cast<double>(AddCost(n).bytes) / *seconds;
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
  const absl::StatusOr<std::unique_ptr<ProductPeak>> peak = ProductPeak::Create(backend, {});
  if (!peak.ok()) return peak.status();
  const absl::StatusOr<double> flops = (*peak)->Probe(kProbeSeconds);
  if (!flops.ok()) return flops.status();
  const absl::StatusOr<double> bytes = MemoryBytes(backend);
  if (!bytes.ok()) return bytes.status();
  return Roofline{.flops_per_second = *flops, .bytes_per_second = *bytes};
}

}  // namespace recurve
