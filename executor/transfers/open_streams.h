// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_OPEN_STREAMS_H_
#define RECURVE_EXECUTOR_TRANSFERS_OPEN_STREAMS_H_

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "planner_service/process/mutex.h"

namespace recurve {

struct OpenStreamsOptions {
  std::string name;     // for messages: "WatchJob streams"
  std::string flag;     // that sets `most`: "--max-watchers"; with "-per-owner" it sets `most_of_one`
  int most = 1;         // of all clients
  int most_of_one = 0;  // of one client; 0: `most`
  std::function<void()> on_quota_refusal = [] {};  // called for a stream above `most_of_one`, with a lock held
};

// Bounds how many streams are open at a time, in all and of each client. Thread-safe.
class OpenStreams {
 public:
  explicit OpenStreams(OpenStreamsOptions options) : options_(std::move(options)) {}

  // Counts a stream of `client` (see Caller) until Close. RESOURCE_EXHAUSTED if it is one too many, and not counted.
  absl::Status Open(const std::string& client);
  void Close(const std::string& client);

 private:
  const OpenStreamsOptions options_;
  Mutex mutex_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> of_clients_ ABSL_GUARDED_BY(mutex_);  // only of those that have some
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_OPEN_STREAMS_H_
