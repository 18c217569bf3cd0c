// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_LOG_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_LOG_H_

namespace recurve {

// Makes every entry of spdlog's default logger one line of printable text (printable.h), whatever clients and files
// have put into it. To be called after the logger is set.
void MakeLogPrintable();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_LOG_H_
