// SPDX-License-Identifier: Apache-2.0
//
// Replaces everything that uses gRPC in a build without services (cmake -DRECURVE_SERVICES=OFF). command_line.cc
// rejects --planner, so that the embedded planners here are never used in its place.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/build_info.h"
#include "client/cli/commands.h"
#include "client/cli/schedule_service.h"
#include "planner_service/client/remote_advisor.h"
#include "planner_service/client/remote_chain_planner.h"
#include "planner_service/client/remote_planner.h"

namespace recurve {
namespace {

Command AddMissingCommand(const Section& section, const std::string& name) {
  CLI::App& app = AddCommand(section, name, "not available: this build has no services",
                             absl::StrCat("\nExample:\n  recurve ", name, " is not in this program: ", kNoServices));
  AcceptAnyWords(app);
  return {&app, [name] { return Fail(ExitStatus::kUsage, absl::StrCat(name, " needs services: ", kNoServices)); }};
}

}  // namespace

Command AddSubmitCommand(const Section& section) { return AddMissingCommand(section, "submit"); }
Command AddJobsCommand(const Section& section) { return AddMissingCommand(section, "jobs"); }
Command AddWatchCommand(const Section& section) { return AddMissingCommand(section, "watch"); }
Command AddCancelCommand(const Section& section) { return AddMissingCommand(section, "cancel"); }
Command AddPauseCommand(const Section& section) { return AddMissingCommand(section, "pause"); }
Command AddResumeCommand(const Section& section) { return AddMissingCommand(section, "resume"); }
Command AddRetryCommand(const Section& section) { return AddMissingCommand(section, "retry"); }
Command AddDeleteCommand(const Section& section) { return AddMissingCommand(section, "delete"); }
Command AddPriorityCommand(const Section& section) { return AddMissingCommand(section, "priority"); }
Command AddMemoryCommand(const Section& section) { return AddMissingCommand(section, "memory"); }
Command AddLogCommand(const Section& section) { return AddMissingCommand(section, "log"); }
Command AddCheckpointsCommand(const Section& section) { return AddMissingCommand(section, "checkpoints"); }
Command AddDownloadCommand(const Section& section) { return AddMissingCommand(section, "download"); }
Command AddUploadCommand(const Section& section) { return AddMissingCommand(section, "upload"); }
Command AddDevicesCommand(const Section& section) { return AddMissingCommand(section, "devices"); }
Command AddHealthCommand(const Section& section) { return AddMissingCommand(section, "health"); }

std::unique_ptr<Planner> MakeRemotePlanner(const PlannerCallOptions&) { return std::make_unique<EmbeddedPlanner>(); }

std::unique_ptr<ChainPlanner> MakeRemoteChainPlanner(const PlannerCallOptions&) {
  return std::make_unique<EmbeddedChainPlanner>();
}

std::unique_ptr<Advisor> MakeRemoteAdvisor(const PlannerCallOptions&) { return std::make_unique<EmbeddedAdvisor>(); }

absl::Status StreamFromService(const ServiceOption&, const PlanRequest&, const ScheduleConsumer&) {
  return absl::UnimplementedError(kNoServices);
}

absl::StatusOr<Verdict> VerifyByService(const ServiceOption&, const VerificationTask&, const ActionSource&) {
  return absl::UnimplementedError(kNoServices);
}

}  // namespace recurve
