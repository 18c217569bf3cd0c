// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/plan_memo.h"

#include <iterator>
#include <utility>

namespace recurve {
namespace {

// Overhead of a list node, a shared plan and a vector: the allocator's headers and the reference counts.
constexpr int64_t kAllocationBytes = 80;
// The load factor of the hash table is between 7/16 and 7/8.
constexpr int64_t kSlotsPerEntry = 2;

}  // namespace

int64_t PlanMemo::BytesOf(const Plan& plan) {
  constexpr int64_t kSlotBytes = sizeof(std::pair<PlanKey, Entries::iterator>) + 1;
  return static_cast<int64_t>(plan.schedule.runs.capacity() * sizeof(Run) + sizeof(Plan) + sizeof(Entry)) +
         kAllocationBytes + kSlotsPerEntry * kSlotBytes;
}

std::shared_ptr<const Plan> PlanMemo::Find(const PlanKey& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->plan;
}

int64_t PlanMemo::Insert(const PlanKey& key, std::shared_ptr<const Plan> plan) {
  const int64_t bytes = BytesOf(*plan);
  if (bytes > max_bytes_) return 0;
  if (const auto found = index_.find(key); found != index_.end()) Remove(found->second);
  int64_t evicted = 0;
  for (; bytes_ + bytes > max_bytes_; ++evicted) Remove(std::prev(entries_.end()));
  entries_.push_front({.key = key, .plan = std::move(plan), .bytes = bytes});
  bytes_ += bytes;  // before the index, whose growth may throw: the entry is then never found, but evicted in its turn
  index_.emplace(key, entries_.begin());
  return evicted;
}

void PlanMemo::Remove(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace recurve
