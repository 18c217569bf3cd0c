// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_SERVICE_MANAGER_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_SERVICE_MANAGER_H_

#include <chrono>
#include <optional>
#include <string>

namespace recurve {

// The service manager that started this process and supervises it, such as systemd; see sd_notify(3) for the protocol.
// Immutable, hence thread-safe.
class ServiceManager {
 public:
  // Reads $NOTIFY_SOCKET, and $WATCHDOG_USEC if it is meant for this process. Without them, nothing is told.
  ServiceManager();

  // Whether there is one.
  explicit operator bool() const { return !socket_.empty(); }

  // The process is killed if it does not tell WATCHDOG=1 for this long; nullopt: never.
  const std::optional<std::chrono::microseconds>& watchdog() const { return watchdog_; }

  // Tells it `assignments`, one per line, such as "READY=1\nSTATUS=serving". Never waits: a message that cannot be
  // delivered is lost.
  void Tell(const std::string& assignments) const;

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_SERVICE_MANAGER_H_
