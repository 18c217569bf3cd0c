// SPDX-License-Identifier: Apache-2.0
#include "planner_service/access/rate_limit.h"

#include <algorithm>

namespace recurve {

bool RateLimit::Take(std::string_view client, std::chrono::steady_clock::time_point now) {
  if (requests_per_second_ == 0) return true;
  constexpr std::chrono::nanoseconds kCapacity = std::chrono::seconds(1);
  const MutexLock lock(mutex_);
  const auto found = by_client_.find(client);
  if (found != by_client_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  } else {
    if (buckets_.size() >= kMostClients) {
      by_client_.erase(buckets_.back().client);
      buckets_.pop_back();
    }
    buckets_.push_front({.client = std::string(client), .full = now});
    by_client_.emplace(buckets_.front().client, buckets_.begin());
  }
  Bucket& bucket = buckets_.front();
  const auto full = std::max(bucket.full, now) + kCapacity / requests_per_second_;
  if (full - now > kCapacity) return false;
  bucket.full = full;
  return true;
}

}  // namespace recurve
