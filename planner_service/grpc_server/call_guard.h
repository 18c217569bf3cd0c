// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_CALL_GUARD_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_CALL_GUARD_H_

#include <grpcpp/support/server_interceptor.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "planner_service/process/mutex.h"

namespace recurve {

struct CallLimits {
  int calls_per_host = 1024;     // in progress at a time
  int watches_per_host = 64;     // streams of grpc.health.v1.Health/Watch
  int reflections_per_host = 8;  // streams of server reflection, each of which occupies a thread
  // A call whose client reads nothing of an answer, or sends nothing of a message that the service waits for, for this
  // long is ended.
  std::chrono::milliseconds stall{60'000};
};

// The calls of a server in progress. Ends those of a host that has too many, with RESOURCE_EXHAUSTED, and those whose
// client does not move, with DEADLINE_EXCEEDED. Covers every method, those of health and reflection included. Its
// interceptors see calls from their begin to their end. Thread-safe; must outlive the server.
class CallGuard {
 public:
  explicit CallGuard(const CallLimits& limits);
  ~CallGuard();
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeInterceptors();

  int64_t refused() const { return refused_; }
  int64_t stalled() const { return stalled_; }

 private:
  class Call;
  class Factory;

  // Counts a call until Leave. Returns why it must end at once; empty: it may go on.
  std::string Enter(Call& call);
  void Leave(Call& call);
  int MostOf(absl::string_view kind) const;
  void Run();
  void EndStalled();

  const CallLimits limits_;
  std::atomic<int64_t> refused_{0};
  std::atomic<int64_t> stalled_{0};

  Mutex mutex_;
  std::condition_variable_any stopping_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_set<Call*> calls_ ABSL_GUARDED_BY(mutex_);
  // By host, followed by the kind of calls if these have a limit of their own.
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_CALL_GUARD_H_
