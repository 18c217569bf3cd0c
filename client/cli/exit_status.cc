// SPDX-License-Identifier: Apache-2.0
#include "client/cli/exit_status.h"

#include <cstdio>

#include "planner_service/text/printable.h"

namespace recurve {

namespace {

void SayOnStderr(std::string message) {
  message.resize(message.find_last_not_of(" \n") + 1);  // messages of libraries may end so
  std::fflush(stdout);
  std::fprintf(stderr, "recurve: %s\n", Printable(message).c_str());
}

}  // namespace

ExitStatus Fail(ExitStatus exit, const std::string& message) {
  SayOnStderr(message);
  return exit;
}

ExitStatus Fail(const absl::Status& status, ExitStatus exit) {
  return Fail(absl::IsCancelled(status) ? ExitStatus::kInterrupted : exit, std::string(status.message()));
}

void Note(const std::string& message) { SayOnStderr("note: " + message); }

}  // namespace recurve
