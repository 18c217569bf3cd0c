// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/daemon_log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

std::atomic<int64_t> dropped_log_lines{0};

class NeverWaitingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  NeverWaitingSink() {
    struct stat file {};
    if (fstat(STDERR_FILENO, &file) != 0) return;
    is_socket_ = S_ISSOCK(file.st_mode);
    // O_NONBLOCK is a property of the open file description, which other processes may share. So this pipe or terminal
    // is opened again.
    if (S_ISFIFO(file.st_mode) || S_ISCHR(file.st_mode)) {
      own_ = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    }
  }
  ~NeverWaitingSink() override {
    if (own_ >= 0) close(own_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (unreported_ > 0 && !Report(message.logger_name)) return Drop();
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!Write({line.data(), line.size()})) Drop();
  }
  void flush_() override {}

  void Drop() {
    ++unreported_;
    ++dropped_log_lines;
  }

  bool Report(spdlog::string_view_t program) {
    const std::string text = absl::StrCat(unreported_, " lines of this log were dropped because there was no reader");
    const spdlog::details::log_msg message({}, program, spdlog::level::warn, text);
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!Write({line.data(), line.size()})) return false;
    unreported_ = 0;
    return true;
  }

  // False if the line would block. Other errors mean that there is no longer a reader; the line is then discarded.
  bool Write(std::string_view line) const {
    if (is_socket_) {
      return send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != EAGAIN;
    }
    if (own_ >= 0) return write(own_, line.data(), line.size()) >= 0 || errno != EAGAIN;
    pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) == 0) return false;
    return write(STDERR_FILENO, line.data(), line.size()) >= 0 || errno != EAGAIN;
  }

  int own_ = -1;
  bool is_socket_ = false;
  int64_t unreported_ = 0;
};

}  // namespace

void SetLogFormat(LogFormat format) { spdlog::set_formatter(MakeLogFormatter(format)); }

void StartDaemonLog(const std::string& program) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(program, std::make_shared<NeverWaitingSink>()));
  SetLogFormat(LogFormat::kText);
}

int64_t DroppedLogLines() { return dropped_log_lines; }

}  // namespace recurve
