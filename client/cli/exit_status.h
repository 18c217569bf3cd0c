// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXIT_STATUS_H_
#define RECURVE_CLIENT_CLI_EXIT_STATUS_H_

#include <string>

#include "absl/status/status.h"

namespace recurve {

// What the program ends with. Listed in `recurve --help`; scripts rely on it.
enum class ExitStatus : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,       // a flag or its value is wrong
  kInfeasible = 3,  // the memory given cannot hold what was asked for
  kInterrupted = 130,
};

// Says what is wrong as one printable line on stderr, "recurve: <message>", whatever is in the message, and returns
// `exit`.
ExitStatus Fail(ExitStatus exit, const std::string& message);

// The same for a status that is not OK; CANCELLED ends with kInterrupted.
ExitStatus Fail(const absl::Status& status, ExitStatus exit = ExitStatus::kFailed);

// Says something that is not an error as one line on stderr, "recurve: note: <message>".
void Note(const std::string& message);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXIT_STATUS_H_
