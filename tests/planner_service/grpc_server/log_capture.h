// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_LOG_CAPTURE_H_
#define RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_LOG_CAPTURE_H_

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "planner_service/grpc_server/daemon_log.h"

namespace recurve {

// The log of a program "test", from level debug on, while the object lives. Thread-safe.
class LogCapture {
 public:
  explicit LogCapture(LogFormat format) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink_));
    spdlog::default_logger()->set_level(spdlog::level::debug);
    SetLogFormat(format);
  }
  ~LogCapture() { spdlog::set_default_logger(before_); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // What was logged since the last call.
  std::string Take() { return sink_->Take(); }

 private:
  class Sink final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    std::string Take() {
      const std::lock_guard<std::mutex> lock(mutex_);
      return std::exchange(text_, "");
    }

   private:
    void sink_it_(const spdlog::details::log_msg& message) override {
      spdlog::memory_buf_t line;
      formatter_->format(message, line);
      text_.append(line.data(), line.size());
    }
    void flush_() override {}

    std::string text_;
  };

  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  const std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
};

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_LOG_CAPTURE_H_
