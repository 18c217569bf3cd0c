// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/child_process.h"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace recurve {
namespace {

constexpr int kExecFailed = 127;

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(kExecFailed);
  }
  close(ends[1]);
  pipe_ = ends[0];
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (pipe_ >= 0) close(pipe_);
}

int64_t ChildProcess::PeakResidentBytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string word; status >> word;) {
    int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

bool ChildProcess::WaitForOutput(const std::string& text) {
  while (output_.find(text) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

void ChildProcess::CloseOutput() {
  close(pipe_);
  pipe_ = -1;
}

void ChildProcess::ShortenPipe() const { fcntl(pipe_, F_SETPIPE_SZ, 4096); }

void ChildProcess::Signal(int number) const { kill(pid_, number); }

int ChildProcess::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool ChildProcess::ReadMore() {
  if (pipe_ < 0) return false;
  std::array<char, 4096> bytes{};
  const ssize_t count = read(pipe_, bytes.data(), bytes.size());
  if (count < 0) return errno == EINTR;
  output_.append(bytes.data(), static_cast<size_t>(count));
  return count > 0;
}

int NumberAfter(const std::string& log, const std::string& text) {
  const size_t at = log.find(text);
  return at == std::string::npos ? 0 : std::atoi(log.c_str() + at + text.size());
}

}  // namespace recurve
