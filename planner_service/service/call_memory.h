// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_CALL_MEMORY_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_CALL_MEMORY_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "planner_service/process/mutex.h"
#include "planner_service/service/planner_metrics.h"

namespace recurve {

// Limits the memory of calls: their decoded requests, from arrival to answer, and the answers. A call that is too large
// is refused, not delayed: while it waited, its request would be held. A client may hold at most as much as it leaves
// free, so that one client gets at most half of the memory, two a third each, and there is always some for a client
// that holds none. Returns the pages of the heap to the system after a burst. The metrics must outlive it. Thread-safe.
class CallMemory {
 public:
  CallMemory(int64_t max_bytes, PlannerMetrics& metrics) : max_bytes_(max_bytes), metrics_(metrics) {
    metrics_.call_capacity_bytes.Set(static_cast<double>(max_bytes));
  }

  // What a call holds, until destroyed.
  class Reservation {
   public:
    Reservation(Reservation&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)), client_(std::move(other.client_)), bytes_(other.bytes_) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
      if (memory_ != nullptr) memory_->Release(client_, bytes_);
    }

   private:
    friend class CallMemory;
    Reservation(CallMemory& memory, std::string client, int64_t bytes)
        : memory_(&memory), client_(std::move(client)), bytes_(bytes) {}

    CallMemory* memory_;
    std::string client_;
    int64_t bytes_;
  };

  // RESOURCE_EXHAUSTED with a retry delay when the client would hold more than it leaves free, and FAILED_PRECONDITION
  // when it would even if there were no other call.
  absl::StatusOr<Reservation> Reserve(const std::string& client, int64_t bytes);

 private:
  void Release(const std::string& client, int64_t bytes);

  const int64_t max_bytes_;
  PlannerMetrics& metrics_;

  Mutex mutex_;
  int64_t used_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t freed_ ABSL_GUARDED_BY(mutex_) = 0;  // since pages were last returned
  absl::flat_hash_map<std::string, int64_t> by_client_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_CALL_MEMORY_H_
