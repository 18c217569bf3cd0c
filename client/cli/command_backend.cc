// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_backend.h"

#include <cstdio>

#include "executor/backend/cpu/cpu_backend.h"

namespace recurve {

absl::StatusOr<std::unique_ptr<Backend>> MakeCommandBackend(int threads) {
  const ThreadChoice choice = ChooseThreads(threads);
  if (!choice.note.empty()) std::fprintf(stderr, "recurve: note: %s\n", choice.note.c_str());
  return MakeCpuBackend({.threads = choice.threads});
}

}  // namespace recurve
