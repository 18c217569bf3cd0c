// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLAN_MEMO_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLAN_MEMO_H_

#include <cstdint>
#include <list>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "planner_service/planning/plan.h"
#include "planner_service/service/plan_key.h"

namespace recurve {

// An LRU cache of plans by their keys, of at most `max_bytes`. Plans are shared, so an evicted plan lives as long as it
// is in use. Operations take O(1), plus evictions. Not thread-safe.
class PlanMemo {
 public:
  explicit PlanMemo(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // The plan, which becomes the most recently used one; null if there is none.
  std::shared_ptr<const Plan> Find(const PlanKey& key);

  // Adds `plan`, unless it alone exceeds the limit. Returns the number of plans evicted.
  int64_t Insert(const PlanKey& key, std::shared_ptr<const Plan> plan);

  int64_t bytes() const { return bytes_; }
  int64_t entries() const { return static_cast<int64_t>(entries_.size()); }

  // The memory of `plan` in the cache: its runs, itself, and the bookkeeping.
  static int64_t BytesOf(const Plan& plan);

 private:
  struct Entry {
    PlanKey key;
    std::shared_ptr<const Plan> plan;
    int64_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  void Remove(Entries::iterator entry);

  const int64_t max_bytes_;
  int64_t bytes_ = 0;
  Entries entries_;  // the most recently used one first
  absl::flat_hash_map<PlanKey, Entries::iterator> index_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLAN_MEMO_H_
