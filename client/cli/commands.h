// SPDX-License-Identifier: Apache-2.0
//
// The subcommands. Each binds its options to `app`, and runs what was asked for after parsing.
#ifndef RECURVE_CLIENT_CLI_COMMANDS_H_
#define RECURVE_CLIENT_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

#include "client/cli/exit_status.h"

namespace recurve {

struct Command {
  CLI::App* app;                    // the subcommand, owned by the app it was added to
  std::function<ExitStatus()> run;  // after parsing; says on stderr what went wrong, if anything
};

Command AddPlanCommand(CLI::App& app);
Command AddAdviseCommand(CLI::App& app);
Command AddCurveCommand(CLI::App& app);
Command AddBudgetCommand(CLI::App& app);
Command AddFitCommand(CLI::App& app);
Command AddLengthsCommand(CLI::App& app);
Command AddSplitCommand(CLI::App& app);
Command AddScheduleCommand(CLI::App& app);
Command AddChainCommand(CLI::App& app);
Command AddOffloadCommand(CLI::App& app);
Command AddTrainCommand(CLI::App& app);
Command AddProfileCommand(CLI::App& app);
Command AddSampleCommand(CLI::App& app);
Command AddEvalCommand(CLI::App& app);
Command AddSubmitCommand(CLI::App& app);
Command AddJobsCommand(CLI::App& app);
Command AddWatchCommand(CLI::App& app);
Command AddCancelCommand(CLI::App& app);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMANDS_H_
