// SPDX-License-Identifier: Apache-2.0
//
// What runs out (memory, threads, descriptors) as a status: it ends one request, job or command, not the process.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_FAILURES_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_FAILURES_H_

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// What the exception that is being handled means for `doing`, such as "the job": RESOURCE_EXHAUSTED when memory,
// threads or descriptors ran out, else INTERNAL. To be called in a catch block.
absl::Status StatusOfException(std::string_view doing);

// What `run` returns, an absl::Status or an absl::StatusOr; the status of an exception that it throws.
template <typename Run>
auto CatchFailures(std::string_view doing, Run run) -> decltype(run()) {
  try {
    return run();
  } catch (...) {
    return StatusOfException(doing);
  }
}

// RESOURCE_EXHAUSTED: no thread could be started for `purpose`, such as "the jobs", and what can be done.
absl::Status NoThread(std::string_view purpose, const std::system_error& error);

// A thread that runs `run`. RESOURCE_EXHAUSTED when the system gives none.
template <typename Run>
absl::StatusOr<std::thread> StartThread(std::string_view purpose, Run run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {
    return NoThread(purpose, error);
  }
}

// OK when `count` more threads can be started now; RESOURCE_EXHAUSTED as StartThread. For libraries that end the
// process when they get no thread: to be asked before.
absl::Status CheckThreads(std::string_view purpose, int count);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_FAILURES_H_
