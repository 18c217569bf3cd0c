// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "planner_service/process/failures.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kProgramDescription[] =
    "Recurve trains recurrent networks on long sequences inside a memory budget, with exact gradients:\n"
    "what does not fit is computed again, as little as possible.";

constexpr char kProgramFooter[] = R"(Examples:
  recurve train --data book.txt --length 1000 --memory 5% --steps 600 --save book.safetensors
                                            train a language model in 5 % of the activation memory
  recurve sample --model book.safetensors --prompt "In the beginning" --bytes 200
  recurve plan --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --memory 15MiB
                                            what backpropagation through 1000 links costs in 15 MiB
  recurve capacity budget --layers 2 --hidden 1024 --batch 32 --max-slowdown 1.25
                                            the smallest memory in which a model trains fast enough
  recurve submit --executor node7:7402 --data /data/book.txt --memory 64MiB --save /models/book.safetensors
                                            recurve-executor runs jobs on its machine; recurve-planner plans for it

Bytes are written as 64MiB, 1.5GiB, 500kB or plain 4096. --json gives machines one JSON object a line.
A file that is written replaces one of its kind only: a picture replaces a picture, a model a model.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 the memory given is too small, 130 interrupted.
`recurve COMMAND --help` or `recurve help COMMAND` has examples, units and defaults of each.)";

ExitStatus Main(int argc, char** argv) {
  const std::vector<CommandSection> sections = {
      {"On this machine", {AddTrainCommand, AddSampleCommand, AddEvalCommand, AddProfileCommand}},
      {"Plans", {AddPlanCommand, AddScheduleCommand, AddCapacityCommand}},
      {"With an executor daemon", {AddSubmitCommand, AddJobsCommand, AddWatchCommand, AddCancelCommand}},
      {"For the shell", {AddCompletionCommand}},
  };
  for (int i = 1; i < argc; ++i) {
    // A prompt is bytes; everything else is shown, and sent in messages that carry nothing but UTF-8.
    const std::string word = argv[i];
    const bool prompt = word.rfind("--prompt=", 0) == 0 || std::string(argv[i - 1]) == "--prompt";
    if (!prompt && !IsUtf8(word)) {
      return Fail(ExitStatus::kUsage, "\"" + word + "\" is not UTF-8; write words and names of files in it");
    }
  }
  return RunCommandLine({kProgramDescription, kProgramFooter}, sections, {argv + std::min(argc, 1), argv + argc});
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  try {
    std::signal(SIGXFSZ, SIG_IGN);  // output that outgrows ulimit -f is a write that fails
    const recurve::ExitStatus status = recurve::Main(argc, argv);
    // What a full disk swallowed was not done, whatever the command thinks.
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (written || status != recurve::ExitStatus::kDone) return static_cast<int>(status);
    return static_cast<int>(recurve::Fail(recurve::ExitStatus::kFailed, "cannot write to standard output"));
  } catch (...) {  // memory ran out, say
    return static_cast<int>(recurve::Fail(recurve::StatusOfException("the command")));
  }
}
