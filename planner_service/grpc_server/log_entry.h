// SPDX-License-Identifier: Apache-2.0
//
// Entries of a daemon's log: the ids that they carry, and how they become lines.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_LOG_ENTRY_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_LOG_ENTRY_H_

#include <limits.h>  // NOLINT(modernize-deprecated-headers): PIPE_BUF is POSIX
#include <spdlog/common.h>
#include <spdlog/formatter.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace recurve {

// What an entry concerns; empty ids are left out. They may come from clients: each is shown as printable text, of at
// most 512 bytes.
struct LogIds {
  std::string job_id;
  std::string request_id;  // of CreateJob and RetryJob
  std::string trace_id;    // as in TraceContext
  std::string span_id;
  std::string owner;  // who made the call, as in Caller
  std::string peer;   // the host from which it came
};

// Logs an entry with ids, to spdlog's default logger. Entries without ids go there directly: spdlog::info(...).
//
//   LogFor({.job_id = id}, spdlog::level::info, "job is QUEUED: accepted");
void LogFor(const LogIds& ids, spdlog::level::level_enum level, std::string_view message);

enum class LogFormat : uint8_t {
  kText,  // [2026-11-27 09:20:16.512 +01:00] [recurve-executor] [info] job is QUEUED: accepted job_id=1f0c-1
  kJson,  // {"time":"2026-11-27T09:20:16.512+01:00","level":"info","program":...,"message":...,"job_id":"1f0c-1"}
};

// The longest line, in bytes with its end: writes of up to this size to a pipe are atomic.
inline constexpr size_t kLongestLogLine = PIPE_BUF;

// Makes a single line of printable text (printable.h) of every entry, whatever it contains; in kJson, a JSON object.
// Only the message of an entry is cut if the line would be too long.
std::unique_ptr<spdlog::formatter> MakeLogFormatter(LogFormat format);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_LOG_ENTRY_H_
