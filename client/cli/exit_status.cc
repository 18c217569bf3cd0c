// SPDX-License-Identifier: Apache-2.0
#include "client/cli/exit_status.h"

#include <cstdio>

namespace recurve {

ExitStatus Fail(ExitStatus exit, const std::string& message) {
  std::string line = "recurve: " + message;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
  }
  line.resize(line.find_last_not_of(' ') + 1);
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", line.c_str());
  return exit;
}

ExitStatus Fail(const absl::Status& status, ExitStatus exit) {
  return Fail(absl::IsCancelled(status) ? ExitStatus::kInterrupted : exit, std::string(status.message()));
}

}  // namespace recurve
