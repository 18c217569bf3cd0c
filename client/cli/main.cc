// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX

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
    "Recurve trains recurrent networks on long sequences within a memory budget, with exact gradients\n"
    "and minimal recomputation.";

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

Bytes are written as 64MiB, 1.5GiB, 500kB or plain 4096. --json prints one JSON object per line.
An output file replaces only a file of the same kind: a picture a picture, a model a model.
Exit status: 0 success, 1 failure, 2 usage error, 3 insufficient memory, 130 interrupted.
`recurve COMMAND --help` or `recurve help COMMAND` shows examples, units and defaults.)";

ExitStatus Main(int argc, char** argv) {
  const std::vector<CommandSection> sections = {
      {"On this machine", {AddTrainCommand, AddSampleCommand, AddEvalCommand, AddProfileCommand, AddDoctorCommand}},
      {"Plans", {AddPlanCommand, AddScheduleCommand, AddCapacityCommand}},
      {"With an executor daemon",
       {AddSubmitCommand, AddJobsCommand, AddWatchCommand, AddLogCommand, AddPauseCommand, AddResumeCommand,
        AddCancelCommand, AddRetryCommand, AddDeleteCommand, AddPriorityCommand, AddMemoryCommand,
        AddCheckpointsCommand, AddDownloadCommand, AddUploadCommand, AddDevicesCommand, AddHealthCommand}},
      {"For the shell", {AddCompletionCommand}},
  };
  for (int i = 1; i < argc; ++i) {
    // A prompt may be any bytes; everything else is displayed, and sent in messages that carry only UTF-8.
    const std::string word = argv[i];
    const bool prompt = word.rfind("--prompt=", 0) == 0 || std::string(argv[i - 1]) == "--prompt";
    if (!prompt && !IsUtf8(word)) {
      return Fail(ExitStatus::kUsage, "\"" + word + "\" is not UTF-8; write arguments and file names in UTF-8");
    }
  }
  return RunCommandLine({kProgramDescription, kProgramFooter}, sections, {argv + std::min(argc, 1), argv + argc});
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  try {
    setenv("GRPC_VERBOSITY", "NONE", 0);  // NOLINT(concurrency-mt-unsafe): gRPC would log what errors say
    std::signal(SIGXFSZ, SIG_IGN);        // beyond ulimit -f, writes fail instead of killing the process
    const recurve::ExitStatus status = recurve::Main(argc, argv);
    // The command does not notice buffered output lost to a full disk.
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (written || status != recurve::ExitStatus::kDone) return static_cast<int>(status);
    return static_cast<int>(recurve::Fail(recurve::ExitStatus::kFailed, "cannot write to standard output"));
  } catch (...) {  // such as std::bad_alloc
    return static_cast<int>(recurve::Fail(recurve::StatusOfException("the command")));
  }
}
