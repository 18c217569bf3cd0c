// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_DAEMON_DAEMON_PROCESS_H_
#define RECURVE_BENCHMARKS_DAEMON_DAEMON_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// What a process holds, from /proc.
struct ProcessMemory {
  int64_t resident_bytes = 0;
  int64_t anonymous_bytes = 0;  // resident, without files
  int64_t threads = 0;
};

// A running recurve-executor on free ports of the loopback interface. Killed when the object goes. Not thread-safe.
class DaemonProcess {
 public:
  // Starts `program` with its jobs in `directory` and waits until it serves. Its log is `directory`.log.
  static absl::StatusOr<std::unique_ptr<DaemonProcess>> Start(const std::string& program, const std::string& directory,
                                                              const std::vector<std::string>& flags);
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  // Sends SIGTERM and waits for the end.
  absl::Status Stop();

  const std::string& target() const { return target_; }  // HOST:PORT
  double start_seconds() const { return start_seconds_; }
  ProcessMemory Memory() const;
  // The answer of /metrics, with its header; empty on failure.
  std::string Scrape() const;

 private:
  DaemonProcess() = default;
  absl::Status WaitUntilServing(const std::string& log);

  pid_t pid_ = -1;
  std::string target_;
  uint16_t metrics_port_ = 0;
  double start_seconds_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_DAEMON_DAEMON_PROCESS_H_
