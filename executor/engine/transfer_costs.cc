// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/transfer_costs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kHostStates = 16;
constexpr int64_t kMaxHostBytes = int64_t{256} << 20;
constexpr int kRounds = 5;  // the first, which faults in the memory, does not count

// The minimum seconds per operation of `count` operations started by `start`. Other load only adds to the minimum.
absl::StatusOr<double> Time(int64_t count, const std::function<void(int64_t)>& start, Backend& backend) {
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    RETURN_IF_ERROR(backend.Synchronize());
    const auto begin = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < count; ++i) start(i);
    RETURN_IF_ERROR(backend.Synchronize());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (round > 0) least = std::min(least, seconds / static_cast<double>(count));
  }
  return least;
}

}  // namespace

absl::StatusOr<TransferCosts> MeasureTransfers(int64_t state_bytes, Backend& backend) {
  const int64_t bytes = AlignUp(state_bytes);
  const int64_t states = std::clamp<int64_t>(kMaxHostBytes / bytes, 1, kHostStates);
  ASSIGN_OR_RETURN(const std::unique_ptr<DeviceMemory> device, backend.Allocate(2 * bytes));
  ASSIGN_OR_RETURN(const std::unique_ptr<DeviceMemory> host, backend.AllocateHost(states * bytes));
  std::byte* const first = device->data();
  std::byte* const second = first + bytes;
  backend.Zero(first, 2 * bytes);
  const auto there = [&](int64_t i) { return host->data() + i * bytes; };
  const auto store = [&](int64_t i) { backend.Await(backend.StartStore(first, state_bytes, there(i))); };
  const auto fetch = [&](int64_t i) { backend.Await(backend.StartFetch(there(i), state_bytes, first)); };
  const auto copy = [&](int64_t) { backend.Copy(first, state_bytes, second); };
  TransferCosts costs;
  const std::array<std::pair<std::function<void(int64_t)>, double*>, 3> measured = {
      {{store, &costs.store_seconds}, {fetch, &costs.fetch_seconds}, {copy, &costs.copy_seconds}}};
  for (const auto& [start, seconds] : measured) {
    ASSIGN_OR_RETURN(const double time, Time(states, start, backend));
    *seconds = time;
  }
  return costs;
}

}  // namespace recurve
