// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/crash_marker.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"

namespace recurve {
namespace {

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

int marker = -1;  // descriptor
thread_local int64_t current_job = 0;

// Appends "fault <number>\n"; only async-signal-safe calls. The default action then ends the process.
void MarkFault(int signal) {
  std::array<char, 40> text{};
  size_t at = text.size();
  text[--at] = '\n';
  int64_t number = current_job;
  do {
    text[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  for (const char letter : {' ', 't', 'l', 'u', 'a', 'f'}) text[--at] = letter;
  if (marker >= 0) (void)!write(marker, text.data() + at, text.size() - at);
  raise(signal);  // SA_RESETHAND: the default action
}

// The boot and the number of processes that its kernel has killed for lack of memory, as one line.
std::string MemoryKills() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::ifstream counters("/proc/vmstat");
  std::string name;
  int64_t count = 0;
  while (counters >> name >> count) {
    if (name == "oom_kill") return absl::StrCat(boot, " ", count);
  }
  return "";
}

}  // namespace

// The file has MemoryKills at the start of the daemon, then a line for each fault.
CrashReport ReadCrashReport(const std::string& path) {
  CrashReport report;
  std::ifstream file(path);
  std::string kills_before;
  if (!std::getline(file, kills_before)) return report;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    int64_t number = 0;
    if (!(words >> word >> number) || word != "fault") continue;
    report.fault = true;
    if (number > 0) report.suspects.insert(number);
  }
  const std::string kills = MemoryKills();
  const std::string boot = kills.substr(0, kills.find(' '));
  if (!boot.empty() && kills_before.rfind(boot, 0) == 0 && kills != kills_before) report.fault = true;
  return report;
}

absl::Status WatchForCrashes(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return PosixError(errno, "write", path);
  const std::string header = MemoryKills() + "\n";
  if (write(fd, header.data(), header.size()) != static_cast<ssize_t>(header.size())) {
    const int error = errno;
    close(fd);
    return PosixError(error, "write", path);
  }
  if (marker >= 0) close(marker);
  marker = fd;
  struct sigaction action = {};
  action.sa_handler = MarkFault;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int fault : kFaults) sigaction(fault, &action, nullptr);
  return absl::OkStatus();
}

void StopWatchingForCrashes(const std::string& path) {
  if (marker >= 0) close(std::exchange(marker, -1));
  unlink(path.c_str());
}

CrashScope::CrashScope(int64_t job_number) { current_job = job_number; }

CrashScope::~CrashScope() { current_job = 0; }

}  // namespace recurve
