// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_DIGEST_CACHE_H_
#define RECURVE_EXECUTOR_TRANSFERS_DIGEST_CACHE_H_

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// The SHA-256 of files that were read before, by InputFile::Version, so that a download that is resumed does not read
// its file from the beginning again. Keeps the newest `kEntries`. Thread-safe.
class DigestCache {
 public:
  static constexpr size_t kEntries = 256;

  std::optional<std::string> Find(const std::string& version) const;
  void Add(const std::string& version, const std::string& sha256);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::string> digests_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> versions_ ABSL_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_DIGEST_CACHE_H_
