// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_RELOADED_TLS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_RELOADED_TLS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "planner_service/process/mutex.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// TLS files that may be replaced at any time: holds the last contents that passed all checks. A thread reads the files
// again at every interval, so that it does not matter how they are replaced. Thread-safe.
class ReloadedTls {
 public:
  // Errors are those of ReadTlsFiles; RESOURCE_EXHAUSTED if the system cannot start a thread.
  static absl::StatusOr<std::unique_ptr<ReloadedTls>> Open(
      const TlsFiles& files, TlsRole role, std::chrono::milliseconds interval = std::chrono::milliseconds(1000));
  ~ReloadedTls();
  ReloadedTls(const ReloadedTls&) = delete;
  ReloadedTls& operator=(const ReloadedTls&) = delete;

  // Changes only when the contents of the files do. Not null.
  std::shared_ptr<const TlsCredentials> current() const;

  // How often the files were found unusable: because they were replaced by bad ones, or have expired.
  int64_t failures() const { return failures_; }

 private:
  ReloadedTls(const TlsFiles& files, TlsRole role, TlsCredentials first);
  void Run(std::chrono::milliseconds interval);
  void Reload();

  const TlsFiles files_;
  const TlsRole role_;
  std::atomic<int64_t> failures_{0};
  // Of the thread: why the files could not be used when they were last read, and whether that has been reported.
  std::string objection_;
  bool reported_ = false;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const TlsCredentials> current_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_RELOADED_TLS_H_
