// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_RELOADED_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_RELOADED_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planner_service/process/mutex.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

// What is read from files that may be replaced at any time: holds the last contents that passed all checks. A thread
// reads them again at every interval, so that it does not matter how they are replaced. Thread-safe.
template <typename T>  // T has operator==
class Reloaded {
 public:
  struct Source {
    std::function<absl::StatusOr<T>()> read;
    std::function<void(const T& now)> on_change;
    // The files became unusable; `kept` remains in use. Called once for as long as the status remains the same.
    std::function<void(const absl::Status& problem, const T& kept)> on_failure;
  };

  // Errors are those of `read`; RESOURCE_EXHAUSTED if the system cannot start a thread.
  static absl::StatusOr<std::unique_ptr<Reloaded>> Open(Source source, std::chrono::milliseconds interval) {
    ASSIGN_OR_RETURN(T first, source.read());
    std::unique_ptr<Reloaded> reloaded(new Reloaded(std::move(source), std::move(first)));
    try {
      reloaded->thread_ = std::thread([self = reloaded.get(), interval] { self->Run(interval); });
    } catch (const std::system_error& error) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot start the thread that reloads files (", error.what(), "); raise the limit (ulimit -u)"));
    }
    return reloaded;
  }

  ~Reloaded() {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    stopped_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Reloaded(const Reloaded&) = delete;
  Reloaded& operator=(const Reloaded&) = delete;

  // Changes only when the contents of the files do. Not null.
  std::shared_ptr<const T> current() const {
    const MutexLock lock(mutex_);
    return current_;
  }

  // How often the files were found unusable: because they were replaced by bad ones, or have expired.
  int64_t failures() const { return failures_; }

 private:
  Reloaded(Source source, T first)
      : source_(std::move(source)), current_(std::make_shared<const T>(std::move(first))) {}

  void Run(std::chrono::milliseconds interval) {
    MutexLock lock(mutex_);
    while (!stopped_.wait_for(lock, interval, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_; })) {
      lock.unlock();
      Reload();
      lock.lock();
    }
  }

  // Files may be read while they are being replaced. So what is wrong with them is reported only when it is still wrong
  // at the next reading.
  void Reload() {
    absl::StatusOr<T> read = source_.read();
    const std::shared_ptr<const T> before = current();
    if (!read.ok()) {
      const bool repeated = read.status() == std::exchange(problem_, read.status());
      if (!repeated) reported_ = false;
      if (!repeated || std::exchange(reported_, true)) return;
      ++failures_;
      source_.on_failure(read.status(), *before);
      return;
    }
    problem_ = absl::OkStatus();
    if (*read == *before) return;
    source_.on_change(*read);
    const MutexLock lock(mutex_);
    current_ = std::make_shared<const T>(*std::move(read));
  }

  const Source source_;
  std::atomic<int64_t> failures_{0};
  // Of the thread: why the files could not be used when they were last read, and whether that has been reported.
  absl::Status problem_;
  bool reported_ = false;

  mutable Mutex mutex_;
  std::condition_variable_any stopped_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const T> current_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_RELOADED_H_
