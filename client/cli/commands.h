// SPDX-License-Identifier: Apache-2.0
//
// The commands. Each binds its options and runs after parsing.
#ifndef RECURVE_CLIENT_CLI_COMMANDS_H_
#define RECURVE_CLIENT_CLI_COMMANDS_H_

#include <functional>
#include <string>
#include <vector>

#include "client/cli/exit_status.h"
#include "client/cli/option_values.h"

namespace recurve {

struct Command {
  CLI::App* app;                    // owned by the app it was added to
  std::function<ExitStatus()> run;  // after parsing; reports errors on stderr
};

// Adds a command without options. `footer` ends its help.
CLI::App& AddCommand(const Section& section, const std::string& name, const std::string& summary,
                     const std::string& footer);

using CommandAdder = Command (*)(const Section&);

// Adds a command that requires one of the subcommands in `adders`.
Command AddCommandGroup(const Section& section, const std::string& name, const std::string& summary,
                        const std::string& footer, const std::vector<CommandAdder>& adders);

// Runs the command of `commands` that was on the command line, or else `otherwise`.
ExitStatus RunChosen(const std::vector<Command>& commands, const std::function<ExitStatus()>& otherwise);

Command AddPlanCommand(const Section& section);
Command AddPlanChainCommand(const Section& section);
Command AddPlanOffloadCommand(const Section& section);
Command AddScheduleCommand(const Section& section);
Command AddCapacityCommand(const Section& section);
Command AddCapacityAdviseCommand(const Section& section);
Command AddCapacityBudgetCommand(const Section& section);
Command AddCapacityCurveCommand(const Section& section);
Command AddCapacityFitCommand(const Section& section);
Command AddCapacityLengthsCommand(const Section& section);
Command AddCapacitySplitCommand(const Section& section);
Command AddTrainCommand(const Section& section);
Command AddProfileCommand(const Section& section);
Command AddSampleCommand(const Section& section);
Command AddEvalCommand(const Section& section);
Command AddSubmitCommand(const Section& section);
Command AddJobsCommand(const Section& section);
Command AddWatchCommand(const Section& section);
Command AddCancelCommand(const Section& section);
Command AddPauseCommand(const Section& section);
Command AddResumeCommand(const Section& section);
Command AddRetryCommand(const Section& section);
Command AddDeleteCommand(const Section& section);
Command AddPriorityCommand(const Section& section);
Command AddMemoryCommand(const Section& section);
Command AddLogCommand(const Section& section);
Command AddCheckpointsCommand(const Section& section);
Command AddDownloadCommand(const Section& section);
Command AddUploadCommand(const Section& section);
Command AddDevicesCommand(const Section& section);
Command AddHealthCommand(const Section& section);
Command AddDoctorCommand(const Section& section);
Command AddCompletionCommand(const Section& section);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMANDS_H_
