// SPDX-License-Identifier: Apache-2.0
//
// The log of a daemon, on standard error, which never blocks. A line that cannot be written immediately, because nobody
// reads it, is dropped and counted; the next line that is written is preceded by the number of dropped lines.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_LOG_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_LOG_H_

#include <cstdint>
#include <string>

#include "planner_service/grpc_server/log_entry.h"

namespace recurve {

// Makes the log above, under this name and as text, spdlog's default logger. Must be called at the beginning of main.
void StartDaemonLog(const std::string& program);

// Changes the format of spdlog's default logger.
void SetLogFormat(LogFormat format);

// Lines dropped by this process so far.
int64_t DroppedLogLines();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_LOG_H_
