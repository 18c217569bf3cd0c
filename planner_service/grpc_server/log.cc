// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "planner_service/text/printable.h"

namespace recurve {
namespace {

class PrintableFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string text = Printable({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg printable = message;
    printable.payload = text;
    pattern_.format(printable, line);
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<PrintableFormatter>(); }

 private:
  spdlog::pattern_formatter pattern_{"[%Y-%m-%d %H:%M:%S.%e %z] [%n] [%l] %v"};
};

}  // namespace

void MakeLogPrintable() { spdlog::set_formatter(std::make_unique<PrintableFormatter>()); }

}  // namespace recurve
