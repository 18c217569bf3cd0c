// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/call_memory.h"

#include "absl/strings/str_cat.h"
#include "planner_service/process/heap.h"
#include "planner_service/status/retry_delay.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// Pages are returned when so many bytes have been freed and little is in use.
constexpr int64_t kBurstBytes = 32 << 20;
constexpr int64_t kLittle = 8;  // 1 / kLittle of what was freed

}  // namespace

absl::StatusOr<CallMemory::Reservation> CallMemory::Reserve(const std::string& client, int64_t bytes) {
  if (bytes > max_bytes_ / 2) {
    metrics_.price_refusals_memory.Increment();
    return absl::FailedPreconditionError(
        absl::StrCat("the request and its answer take ", FormatBytes(bytes), "; this server (--memory-limit) holds ",
                     FormatBytes(max_bytes_ / 2), " for one client: divide the request"));
  }
  const MutexLock lock(mutex_);
  int64_t& held = by_client_[client];
  if (held + bytes > max_bytes_ - used_ - bytes) {
    const absl::Status status = absl::ResourceExhaustedError(
        absl::StrCat("the planner is busy: requests hold ", FormatBytes(used_), " of ", FormatBytes(max_bytes_),
                     ", of which ", FormatBytes(held), " by this client; try again later"));
    if (held == 0) by_client_.erase(client);
    metrics_.shed.Increment();
    return WithRetryDelay(status);
  }
  held += bytes;
  used_ += bytes;
  metrics_.call_bytes.Set(static_cast<double>(used_));
  return Reservation(*this, client, bytes);
}

void CallMemory::Release(const std::string& client, int64_t bytes) {
  {
    const MutexLock lock(mutex_);
    used_ -= bytes;
    freed_ += bytes;
    metrics_.call_bytes.Set(static_cast<double>(used_));
    const auto held = by_client_.find(client);
    held->second -= bytes;
    if (held->second == 0) by_client_.erase(held);
    if (freed_ < kBurstBytes || used_ > freed_ / kLittle) return;
    freed_ = 0;
  }
  ReturnFreePages();
}

}  // namespace recurve
