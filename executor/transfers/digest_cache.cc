// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/digest_cache.h"

namespace recurve {

std::optional<std::string> DigestCache::Find(const std::string& version) const {
  const MutexLock lock(mutex_);
  const auto found = digests_.find(version);
  if (found == digests_.end()) return std::nullopt;
  return found->second;
}

void DigestCache::Add(const std::string& version, const std::string& sha256) {
  const MutexLock lock(mutex_);
  if (!digests_.emplace(version, sha256).second) return;
  versions_.push_back(version);
  if (versions_.size() <= kEntries) return;
  digests_.erase(versions_.front());
  versions_.pop_front();
}

}  // namespace recurve
