// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/roofline.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "executor/model/region.h"

namespace recurve {
namespace {

constexpr double kProbeSeconds = 0.25;        // of each roof
constexpr double kLeastSampleSeconds = 2e-3;  // far above what waiting for a device takes
constexpr int kLeastSamples = 5;

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// The least seconds that `run` took in several samples, each of as many runs as make a sample long enough.
template <class Function>
absl::StatusOr<double> LeastSeconds(Backend& backend, const Function& run) {
  double least = 0;
  int64_t runs = 1;
  const double start = Now();
  for (int samples = 0; samples < kLeastSamples || Now() - start < kProbeSeconds;) {
    const double begin = Now();
    for (int64_t i = 0; i < runs; ++i) run();
    if (absl::Status status = backend.Synchronize(); !status.ok()) return status;
    const double seconds = Now() - begin;
    if (seconds < kLeastSampleSeconds) {
      runs *= 2;
      continue;
    }
    const double each = seconds / static_cast<double>(runs);
    least = samples == 0 ? each : std::min(least, each);
    ++samples;
  }
  return least;
}

absl::StatusOr<double> ProductFlops(Backend& backend) {
  constexpr int64_t kRows = 960, kDepth = 512, kWidth = 2048;  // busies two cores and fits their caches
  float *x = nullptr, *w = nullptr, *y = nullptr;
  std::byte* packed = nullptr;
  const auto place = [&](Region region) {
    x = region.Floats(kRows * kDepth);
    w = region.Floats(kDepth * kWidth);
    y = region.Floats(kRows * kWidth);
    packed = region.Bytes(backend.PackedBytes(Packing::kForward, kDepth, kWidth));
    return region.used();
  };
  absl::StatusOr<std::unique_ptr<DeviceMemory>> memory = backend.Allocate(place(Region()));
  if (!memory.ok()) return memory.status();
  place(Region((*memory)->data()));
  const std::vector<float> ones(kDepth * std::max(kRows, kWidth), 1.0f);
  backend.Upload(ones.data(), kRows * kDepth * static_cast<int64_t>(sizeof(float)), x);
  backend.Upload(ones.data(), kDepth * kWidth * static_cast<int64_t>(sizeof(float)), w);
  backend.Pack(Packing::kForward, w, kDepth, kWidth, packed);
  const absl::StatusOr<double> seconds =
      LeastSeconds(backend, [&] { backend.LinearForward(kRows, kDepth, kWidth, x, packed, nullptr, y, kWidth); });
  if (!seconds.ok()) return seconds.status();
  return static_cast<double>(2 * kRows * kDepth * kWidth) / *seconds;
}

absl::StatusOr<double> MemoryBytes(Backend& backend) {
  constexpr int64_t kLeastBytes = 128 << 20;
  const int64_t bytes = std::max<int64_t>(kLeastBytes, 4 * sysconf(_SC_LEVEL3_CACHE_SIZE));
  absl::StatusOr<std::unique_ptr<DeviceMemory>> memory = backend.Allocate(bytes);
  if (!memory.ok()) return memory.status();
  const int64_t n = bytes / 2 / static_cast<int64_t>(sizeof(float));
  auto* x = reinterpret_cast<float*>((*memory)->data());
  backend.Zero(x, bytes);
  const absl::StatusOr<double> seconds = LeastSeconds(backend, [&] { backend.Add(n, x, x + n); });
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
  const absl::StatusOr<double> flops = ProductFlops(backend);
  if (!flops.ok()) return flops.status();
  const absl::StatusOr<double> bytes = MemoryBytes(backend);
  if (!bytes.ok()) return bytes.status();
  return Roofline{.flops_per_second = *flops, .bytes_per_second = *bytes};
}

}  // namespace recurve
