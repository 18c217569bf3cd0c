// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXIT_STATUS_H_
#define RECURVE_CLIENT_CLI_EXIT_STATUS_H_

#include <string>

#include "absl/status/status.h"

namespace recurve {

// The exit status of the program. Listed in `recurve --help`; scripts rely on it.
enum class ExitStatus : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,       // an option or its value is wrong
  kInfeasible = 3,  // insufficient memory
  kInterrupted = 130,
};

// Prints the message as one line of printable characters on stderr, "recurve: <message>", and returns `exit`.
ExitStatus Fail(ExitStatus exit, const std::string& message);

// The same for a status that is not OK; CANCELLED ends with kInterrupted.
ExitStatus Fail(const absl::Status& status, ExitStatus exit = ExitStatus::kFailed);

// Prints a message that is not an error as one line on stderr, "recurve: note: <message>".
void Note(const std::string& message);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXIT_STATUS_H_
