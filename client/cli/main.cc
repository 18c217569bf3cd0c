// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/exit_status.h"

namespace recurve {
namespace {

constexpr char kDescription[] =
    "Recurve trains recurrent networks on long sequences inside a memory budget, with exact gradients:\n"
    "what does not fit is computed again, as little as possible.";

constexpr char kFooter[] = R"(
Without any service, on this machine:
  recurve plan --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --budget-bytes 15MiB
                                            what backpropagation through 1000 links costs in 15 MiB (also: chain, offload)
  recurve train --data book.txt --length 1000 --memory 5% --steps 600 --save book.safetensors
                                            train a language model in 5 % of the activation memory
  recurve sample --model book.safetensors --prompt "In the beginning" --bytes 200
  recurve eval --model book.safetensors --data other.txt
  recurve profile --data book.txt --memory 5%
                                            where the time goes, against the roofs of this machine

Before a job is placed (also: advise, curve, fit, lengths, split):
  recurve budget --layers 2 --hidden 1024 --batch 32 --length 1000 --max-slowdown 1.25
                                            the smallest memory in which it is at most a quarter slower

With services: recurve-planner answers plan requests, recurve-executor runs jobs on its machine.
  recurve submit --executor node7:7402 --data /data/book.txt --memory 64MiB --save /models/book.safetensors
  recurve jobs   --executor node7:7402      also: watch ID, cancel ID

Bytes are written as 64MiB, 1.5GiB, 500kB or plain 4096. --json gives machines one JSON object a line.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 the memory given is too small, 130 interrupted.
`recurve COMMAND --help` has examples, units and defaults of each.)";

ExitStatus Main(int argc, char** argv) {
  CLI::App app(kDescription, "recurve");
  app.footer(kFooter);
  app.set_version_flag("--version", "recurve " RECURVE_VERSION, "print the version");
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.get_formatter()->column_width(30);
  const std::vector<Command> commands = {
      AddPlanCommand(app),   AddScheduleCommand(app), AddAdviseCommand(app),  AddCurveCommand(app),
      AddBudgetCommand(app), AddFitCommand(app),      AddLengthsCommand(app), AddSplitCommand(app),
      AddChainCommand(app),  AddOffloadCommand(app),  AddTrainCommand(app),   AddSampleCommand(app),
      AddEvalCommand(app),   AddSubmitCommand(app),   AddJobsCommand(app),    AddWatchCommand(app),
      AddCancelCommand(app), AddProfileCommand(app),
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return static_cast<ExitStatus>(app.exit(help_or_version));
  } catch (const CLI::Error& error) {
    std::string command = "recurve";
    for (const CLI::App* chosen : app.get_subcommands()) command += " " + chosen->get_name();
    return Fail(ExitStatus::kUsage, std::string(error.what()) + "; see " + command + " --help");
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  return ExitStatus::kUsage;
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
  } catch (const std::exception& error) {  // memory ran out, say
    return static_cast<int>(recurve::Fail(recurve::ExitStatus::kFailed, error.what()));
  }
}
