// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "planner_service/process/environment.h"

namespace recurve {

ServiceManager::ServiceManager() : socket_(EnvironmentVariable("NOTIFY_SOCKET")) {
  int64_t process = 0;
  const bool of_another = absl::SimpleAtoi(EnvironmentVariable("WATCHDOG_PID"), &process) && process != getpid();
  int64_t microseconds = 0;
  if (of_another || !absl::SimpleAtoi(EnvironmentVariable("WATCHDOG_USEC"), &microseconds) || microseconds <= 0) return;
  watchdog_ = std::chrono::microseconds(microseconds);
}

void ServiceManager::Tell(const std::string& assignments) const {
  sockaddr_un address = {.sun_family = AF_UNIX};
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  std::copy(socket_.begin(), socket_.end(), address.sun_path);
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // an abstract socket, whose name does not end with a zero
  const size_t size = offsetof(sockaddr_un, sun_path) + socket_.size();
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  (void)sendto(fd, assignments.data(), assignments.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
  close(fd);
}

}  // namespace recurve
