// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/log_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "planner_service/text/printable.h"
#include "planner_service/text/strict_json.h"
#include "tests/planner_service/grpc_server/log_capture.h"

namespace recurve {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kHostile[] = "x\n[forged] \"job\\\" y: \x1B[2K\xC2\x9B\xE2\x80\xAE\xFF";
constexpr char kHostileShown[] = R"(x\n[forged] "job\" y: \x1b[2K\u009b\u202e\xff)";

// The object in a log that must be one line of strict JSON.
nlohmann::json ObjectOf(const std::string& log) {
  EXPECT_LE(log.size(), kLongestLogLine);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_THAT(log, EndsWith("}\n"));
  const absl::StatusOr<nlohmann::json> object = ParseStrictJson<nlohmann::json>(log);
  EXPECT_TRUE(object.ok()) << object.status() << ": " << log;
  return object.ok() ? *object : nlohmann::json::object();
}

TEST(LogEntryText, HasOnePrintableLineForEachEntry) {
  LogCapture log(LogFormat::kText);
  spdlog::info("job {}", kHostile);
  const std::string text = log.Take();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_THAT(text, ContainsRegex(R"(^\[[-0-9]+ [0-9:.]+ [-+][0-9:]+\] \[test\] \[info\] job)")) << "no zone";
  EXPECT_THAT(text, HasSubstr(kHostileShown));
}

TEST(LogEntryText, EndsWithTheIds) {
  LogCapture log(LogFormat::kText);
  LogFor({.job_id = "1f0c-1", .trace_id = "0af7", .span_id = "b7ad", .owner = "alice", .peer = "::1"},
         spdlog::level::warn, "message");
  EXPECT_THAT(log.Take(),
              EndsWith("[warning] message job_id=1f0c-1 trace_id=0af7 span_id=b7ad owner=alice peer=::1\n"));
  LogFor({.request_id = "a b=\"c\""}, spdlog::level::info, "message");
  EXPECT_THAT(log.Take(), EndsWith("message request_id=\"a b=\\\"c\\\"\"\n")) << "cannot pass for other ids";
  LogFor({}, spdlog::level::info, "message");
  EXPECT_THAT(log.Take(), EndsWith("message\n"));
}

TEST(LogEntryText, IsCutBeforeTheIds) {
  LogCapture log(LogFormat::kText);
  LogFor({.job_id = "1f0c-1"}, spdlog::level::info, std::string(10'000, 'x'));
  const std::string text = log.Take();
  EXPECT_EQ(text.size(), kLongestLogLine);
  EXPECT_THAT(text, EndsWith("xxx... job_id=1f0c-1\n"));
}

TEST(LogEntryJson, HasKeysForWhatItConcerns) {
  LogCapture log(LogFormat::kJson);
  LogFor({.job_id = "1f0c-1", .request_id = "r", .trace_id = "0af7", .span_id = "b7ad"}, spdlog::level::warn, "text");
  nlohmann::json entry = ObjectOf(log.Take());
  EXPECT_THAT(entry["time"].get<std::string>(),
              testing::MatchesRegex(R"([0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\.[0-9][0-9][0-9][-+][0-9]+:[0-9]+)"));
  entry.erase("time");
  EXPECT_EQ(entry, (nlohmann::json{{"level", "warning"},
                                   {"program", "test"},
                                   {"message", "text"},
                                   {"job_id", "1f0c-1"},
                                   {"request_id", "r"},
                                   {"trace_id", "0af7"},
                                   {"span_id", "b7ad"}}));
  spdlog::debug("text");
  entry = ObjectOf(log.Take());
  EXPECT_EQ(entry["level"], "debug");
  EXPECT_EQ(entry.size(), 4U) << entry;
}

TEST(LogEntryJson, IsValidWhateverClientsSend) {
  LogCapture log(LogFormat::kJson);
  LogFor({.job_id = kHostile, .request_id = kHostile}, spdlog::level::info, kHostile);
  const nlohmann::json entry = ObjectOf(log.Take());
  for (const char* key : {"message", "job_id", "request_id"}) EXPECT_EQ(entry[key], kHostileShown);
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second), 'x'};
      LogFor({.request_id = text}, spdlog::level::info, text);
      const nlohmann::json shown = ObjectOf(log.Take());
      ASSERT_EQ(shown["message"], Printable(text));
      ASSERT_EQ(shown["request_id"], Printable(text));
    }
  }
}

// Escape sequences and characters of several bytes at every position relative to the cut.
TEST(LogEntryJson, IsCutOnlyInsideItsStrings) {
  LogCapture log(LogFormat::kJson);
  for (const std::string piece : {"x", "\\", "\"", "\x1B", "\xC3\xA9", "\xF0\x9F\x8E\x89", "\xE2\x80\xAE"}) {
    std::string repeated;
    for (int i = 0; i < 5000; ++i) repeated += piece;
    for (size_t shift = 0; shift < 10; ++shift) {
      const std::string text = std::string(shift, '-') + repeated;
      LogFor({.job_id = text, .request_id = text, .trace_id = text, .span_id = text, .owner = text, .peer = text},
             spdlog::level::info, text);
      const std::string line = log.Take();
      EXPECT_GT(line.size(), kLongestLogLine - 10);
      const nlohmann::json entry = ObjectOf(line);
      for (const char* key : {"message", "job_id", "request_id", "trace_id", "span_id", "owner", "peer"}) {
        EXPECT_THAT(entry[key].get<std::string>(), StartsWith(std::string(shift, '-') + Printable(piece)));
        EXPECT_THAT(entry[key].get<std::string>(), EndsWith("..."));
      }
    }
  }
}

// 128 characters, the most that a request id may have, of 4 bytes.
TEST(LogEntryJson, ShowsValidRequestIdsInFull) {
  LogCapture log(LogFormat::kJson);
  std::string id;
  for (int i = 0; i < 128; ++i) id += "\xF0\x9F\x8E\x89";
  LogFor({.request_id = id}, spdlog::level::info, "text");
  EXPECT_EQ(ObjectOf(log.Take())["request_id"], id);
}

TEST(LogEntry, IsLeftOutBelowTheLevelOfTheLog) {
  LogCapture log(LogFormat::kText);
  spdlog::set_level(spdlog::level::warn);
  LogFor({.job_id = "a"}, spdlog::level::info, "text");
  EXPECT_EQ(log.Take(), "");
  spdlog::set_level(spdlog::level::info);
}

}  // namespace
}  // namespace recurve
