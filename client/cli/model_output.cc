// SPDX-License-Identifier: Apache-2.0
#include "client/cli/model_output.h"

#include <unistd.h>

#include <cstdio>

#include "client/cli/command_backend.h"
#include "client/cli/interrupt.h"
#include "executor/data/input_file.h"
#include "executor/task/registry.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

// Writes bytes to stdout as they are sampled. A terminal gets complete, printable characters.
class ByteDisplay {
 public:
  ~ByteDisplay() { Flush(); }

  void Show(char c) {
    if (!terminal_) {
      std::putchar(c);
      return;
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xC0) == 0x80;
    if (!continues) Flush();
    character_.push_back(c);
    constexpr size_t kLongest = 4;
    if (byte < 0x80 || character_.size() == kLongest) Flush();
  }
  void Flush() {
    const bool layout = character_ == "\n" || character_ == "\t";
    std::fputs(layout ? character_.c_str() : Printable(character_).c_str(), stdout);
    character_.clear();
    if (terminal_) std::fflush(stdout);
  }

 private:
  const bool terminal_ = isatty(STDOUT_FILENO) != 0;
  std::string character_;  // its bytes so far
};

}  // namespace

absl::StatusOr<TrainedModel> LoadModelArgument(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, InputFile::OpenArgument(path, WhenInterrupted()));
  return LoadModel(*file);
}

absl::StatusOr<std::string> SampleModel(const TrainedModel& model, const SampleOptions& options, int threads,
                                        bool print) {
  ASSIGN_OR_RETURN(const auto backend, MakeCommandBackend(threads));

  ByteDisplay display;
  std::string text;
  const auto emit = [&](char c) {
    text.push_back(c);
    if (print) display.Show(c);
    return !Interrupted();
  };
  if (print) {
    for (const char c : options.prompt) display.Show(c);
  }
  const absl::Status status = model.task->Sample(model.parameters, options, *backend, emit);
  if (print) display.Show('\n');
  if (!status.ok()) return status;
  if (Interrupted()) return absl::CancelledError("interrupted");
  return text;
}

}  // namespace recurve
