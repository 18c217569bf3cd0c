// SPDX-License-Identifier: Apache-2.0
//
// The log of a daemon: lines on standard error, which never wait. A line that cannot be written at once, because nobody
// reads, is dropped and counted; the next line that gets through is preceded by how many there were.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_LOG_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_LOG_H_

#include <cstdint>
#include <string>

namespace recurve {

// Makes spdlog's default logger the one above, under this name. To be called at the beginning of main.
void StartDaemonLog(const std::string& program);

// Makes every entry of spdlog's default logger one line of printable text (printable.h), whatever clients and files
// have put into it. StartDaemonLog does.
void MakeLogPrintable();

// Lines dropped by this process so far.
int64_t DroppedLogLines();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_LOG_H_
