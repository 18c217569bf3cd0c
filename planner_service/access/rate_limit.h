// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_ACCESS_RATE_LIMIT_H_
#define RECURVE_PLANNER_SERVICE_ACCESS_RATE_LIMIT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// Bounds the rate of requests of each client: a token bucket that holds the requests of one second. Remembers the
// clients of most recent requests, so that its memory is bounded; a client that is forgotten starts with a full bucket.
// Thread-safe.
class RateLimit {
 public:
  static constexpr size_t kMostClients = 4096;

  // 0: no limit.
  explicit RateLimit(int64_t requests_per_second) : requests_per_second_(requests_per_second) {}

  // Whether the client may make a request now, which is then counted.
  bool Take(std::string_view client, std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  int64_t requests_per_second() const { return requests_per_second_; }

 private:
  struct Bucket {
    std::string client;
    std::chrono::steady_clock::time_point full;  // when it will be: each request postpones it
  };

  const int64_t requests_per_second_;
  Mutex mutex_;
  std::list<Bucket> buckets_ ABSL_GUARDED_BY(mutex_);  // the latest request first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_client_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ACCESS_RATE_LIMIT_H_
