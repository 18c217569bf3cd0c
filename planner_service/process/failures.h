// SPDX-License-Identifier: Apache-2.0
//
// Turns exhaustion of memory, threads or descriptors into a status, so that it ends one request, job or command instead
// of the process.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_FAILURES_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_FAILURES_H_

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// The status of the exception being handled, which ended `doing`, such as "the job": RESOURCE_EXHAUSTED if memory,
// threads or descriptors ran out, else INTERNAL. Must be called in a catch block.
absl::Status StatusOfException(std::string_view doing);

// Returns what `run` returns, an absl::Status or an absl::StatusOr, or the status of an exception that it throws.
template <typename Run>
auto CatchFailures(std::string_view doing, Run run) -> decltype(run()) {
  try {
    return run();
  } catch (...) {
    return StatusOfException(doing);
  }
}

// RESOURCE_EXHAUSTED: no thread could be started for `purpose`, such as "the jobs", with remedies.
absl::Status NoThread(std::string_view purpose, const std::system_error& error);

// Starts a thread that runs `run`. RESOURCE_EXHAUSTED when the system refuses.
template <typename Run>
absl::StatusOr<std::thread> StartThread(std::string_view purpose, Run run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {
    return NoThread(purpose, error);
  }
}

// OK if `count` more threads can be started now, else RESOURCE_EXHAUSTED as StartThread. Must be called before using a
// library that aborts the process when it cannot start a thread.
absl::Status CheckThreads(std::string_view purpose, int count);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_FAILURES_H_
