// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/daemon_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

namespace recurve {
namespace {

TEST(DaemonLog, HasOnePrintableLineForEachEntry) {
  const std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
  std::ostringstream log;
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(log)));
  MakeLogPrintable();
  spdlog::info("job {}: {}", "x\n[forged] job y: succeeded", "\x1B[2K\xC2\x9B\xE2\x80\xAE\xFF");
  spdlog::set_default_logger(before);
  const std::string text = log.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_THAT(text, testing::ContainsRegex(R"(^\[[-0-9]+ [0-9:.]+ [-+][0-9:]+\] \[test\] \[info\] job)")) << "no zone";
  EXPECT_THAT(text, testing::HasSubstr("job x\\n[forged] job y: succeeded: \\x1b[2K\\u009b\\u202e\\xff"));
}

}  // namespace
}  // namespace recurve
