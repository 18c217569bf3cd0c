// SPDX-License-Identifier: Apache-2.0
#include "client/cli/model_output.h"

#include <unistd.h>

#include <cstdio>

#include "client/cli/interrupt.h"
#include "executor/backend/cpu/cpu_backend.h"

namespace recurve {
namespace {

void Show(char c, bool terminal) {
  const auto byte = static_cast<unsigned char>(c);
  const bool control = (byte < ' ' && c != '\n' && c != '\t') || byte == 0x7F;
  std::putchar(terminal && control ? '?' : c);
}

}  // namespace

absl::StatusOr<std::string> SampleModel(const Model& model, const SampleOptions& options, int threads, bool print) {
  const auto backend = MakeCpuBackend({.threads = threads});
  if (!backend.ok()) return backend.status();

  const bool terminal = isatty(STDOUT_FILENO) != 0;
  std::string text;
  const auto emit = [&](char c) {
    text.push_back(c);
    if (print) {
      Show(c, terminal);
      if (terminal) std::fflush(stdout);
    }
    return !Interrupted();
  };
  if (print) {
    for (const char c : options.prompt) Show(c, terminal);
  }
  const absl::Status status = Sample(model, options, **backend, emit);
  if (print) std::putchar('\n');
  if (!status.ok()) return status;
  if (Interrupted()) return absl::CancelledError("interrupted");
  return text;
}

}  // namespace recurve
