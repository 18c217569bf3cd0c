// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/daemon/daemon_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The word of `text` that follows `label`, without the character after it; empty if it is not there yet.
std::string WordAfter(const std::string& text, const std::string& label) {
  const size_t at = text.find(label);
  if (at == std::string::npos) return "";
  const size_t begin = at + label.size();
  const size_t end = text.find_first_of(",; \n", begin);
  return end == std::string::npos ? "" : text.substr(begin, end - begin);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DaemonProcess>> DaemonProcess::Start(const std::string& program,
                                                                    const std::string& directory,
                                                                    const std::vector<std::string>& flags) {
  std::vector<std::string> words = {program,       "--listen",    "127.0.0.1:0", "--metrics-listen",
                                    "127.0.0.1:0", "--state-dir", directory};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = directory + ".log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  std::unique_ptr<DaemonProcess> daemon(new DaemonProcess);
  const Clock::time_point start = Clock::now();
  const int failure = posix_spawn(&daemon->pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return absl::ErrnoToStatus(failure, absl::StrCat("cannot start ", program));
  RETURN_IF_ERROR(daemon->WaitUntilServing(log));
  daemon->start_seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
  return daemon;
}

absl::Status DaemonProcess::WaitUntilServing(const std::string& log) {
  const Clock::time_point end = Clock::now() + kPatience;
  for (std::string text; Clock::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
    text = Read(log);
    target_ = WordAfter(text, "serves gRPC on ");
    const std::string metrics = WordAfter(text, ", metrics ");
    if (!target_.empty() && !metrics.empty()) {
      metrics_port_ = static_cast<uint16_t>(std::atoi(metrics.substr(metrics.rfind(':') + 1).c_str()));
      return absl::OkStatus();
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return absl::UnavailableError(absl::StrCat("the daemon has ended: ", text));
    }
  }
  return absl::DeadlineExceededError(absl::StrCat("the daemon does not serve after ", kPatience.count(), " seconds"));
}

DaemonProcess::~DaemonProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

absl::Status DaemonProcess::Stop() {
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (status == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the daemon ended with wait status ", status));
}

ProcessMemory DaemonProcess::Memory() const {
  ProcessMemory memory;
  std::ifstream status(absl::StrCat("/proc/", pid_, "/status"));
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t value = 0;
    words >> name >> value;
    if (name == "VmRSS:") memory.resident_bytes = value * 1024;
    if (name == "RssAnon:") memory.anonymous_bytes = value * 1024;
    if (name == "Threads:") memory.threads = value;
  }
  return memory;
}

std::string DaemonProcess::Scrape() const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(metrics_port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::string answer;
  if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    std::array<char, 65536> bytes{};
    for (ssize_t count = 0; (count = recv(fd, bytes.data(), bytes.size(), 0)) > 0;) {
      answer.append(bytes.data(), static_cast<size_t>(count));
    }
  }
  if (fd >= 0) close(fd);
  return answer;
}

}  // namespace recurve
