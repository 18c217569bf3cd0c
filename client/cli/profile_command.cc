// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/input_arguments.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_options.h"
#include "client/cli/job_text.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/picture_files.h"
#include "client/cli/planner_option.h"
#include "client/cli/profile_text.h"
#include "client/pictures/roofline_svg.h"
#include "executor/profile/job_profile.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr int64_t kMostBatches = 1'000'000;

constexpr char kProfileFooter[] = R"(
Examples:
  recurve profile --data book.txt --length 1000 --memory 5%
      where the time of a batch goes, phase by phase, relative to the roofline of this machine
  recurve profile --data book.txt --hidden 512 --batch 32 --memory 64MiB --steps 20 --svg roofline.svg
      medians of 20 batches, and a picture of the operations under the roofline ceilings

Trains the job for one warm-up step and then, alternating, for --steps batches with each operation timed and as many
without, and saves nothing. The roofline ceilings, the rate of packed matrix products and the memory bandwidth beyond
the caches, are measured in the same run by the same threads. An operation is bound by the nearer ceiling, or by
overhead if both explain less than half of its time. docs/performance.md defines the counts of flops and bytes.)";

struct ProfileOptions {
  JobSpec job{.steps = 5};
  ServiceOption planner;
  PictureFiles pictures;
  bool json = false;
};

// The files that profiling reads.
std::vector<NamedFile> ProfileInputs(const JobSpec& spec) {
  std::vector<NamedFile> files = InputArguments(spec);
  files.push_back({"the cache of link costs", LinkCostCachePath()});
  return files;
}

absl::Status CheckProfileOptions(const ProfileOptions& options) {
  RETURN_IF_ERROR(CheckInputArguments(options.job));
  if (options.job.steps < 1 || options.job.steps > kMostBatches) {
    return absl::InvalidArgumentError(
        absl::StrCat("--steps is ", options.job.steps, "; must be 1 to ", kMostBatches, ": batches to time"));
  }
  RETURN_IF_ERROR(CheckPictureFiles(options.pictures, options.json, ProfileInputs(options.job)));
  return CheckJobSpec(options.job);
}

// Omits operations without flops, which a logarithmic scale cannot show.
RooflineFigures FiguresOf(const JobProfile& profile) {
  RooflineFigures figures{
      .headline = absl::StrCat("Operations of a batch take ", SecondsText(profile.operation_seconds()),
                               "; the roofline allows ", SecondsText(profile.roofline_seconds())),
      .subject = absl::StrCat(CountText(profile.plan.parameters), " parameters on ", profile.plan.device),
      .peak_flops_per_second = profile.roofline.flops_per_second,
      .peak_bytes_per_second = profile.roofline.bytes_per_second};
  for (const PhaseProfile& phase : profile.phases) {
    for (const OperationProfile& operation : phase.operations) {
      if (operation.cost.flops == 0) continue;
      const auto flops = static_cast<double>(operation.cost.flops);
      figures.points.push_back({.group = std::string(ToString(phase.phase)),
                                .name = std::string(ToString(operation.operation)),
                                .flops_per_byte = flops / static_cast<double>(operation.cost.bytes),
                                .flops_per_second = flops / operation.seconds,
                                .share = operation.seconds / profile.total_seconds()});
    }
  }
  return figures;
}

ExitStatus RunProfile(const ProfileOptions& options) {
  CatchInterrupts();
  if (absl::Status status = CheckProfileOptions(options); !status.ok()) return Fail(status, ExitStatus::kUsage);
  FallbackPlanner planner = MakeJobPlanner(options.planner, options.json);
  LinkCostCache known_costs(LinkCostCachePath());
  const absl::StatusOr<JobProfile> profile =
      ProfileJob(options.job, options.job.steps, {planner, planner}, known_costs, WhenInterrupted());
  if (absl::IsFailedPrecondition(profile.status())) return Fail(profile.status(), ExitStatus::kInfeasible);
  if (!profile.ok()) return Fail(profile.status());
  if (options.pictures.wanted()) {
    const absl::Status status = WritePicture(options.pictures.svg, kSvgPicture, RooflineSvg(FiguresOf(*profile)));
    if (!status.ok()) return Fail(status);
    if (options.pictures.to_stdout()) return ExitStatus::kDone;
  }
  if (options.json) {
    Json json = {{"type", "profile"}};
    json.update(FieldsJson(profile->plan));
    json.update(JobProfileJson(*profile));
    PrintJson(json);
  } else {
    std::printf("%s%s", JobPlanText(options.job, profile->plan).c_str(), JobProfileText(*profile).c_str());
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddProfileCommand(const Section& section) {
  CLI::App& profile = AddCommand(
      section, "profile", "where the time of a job goes, relative to the roofline of this machine", kProfileFooter);
  auto options = std::make_shared<ProfileOptions>();
  AddMeasuredJobOptions(profile, options->job);
  AddCount(profile, "--steps", options->job.steps, "batches to time");
  AddText(profile, "--svg", options->pictures.svg,
          "draw the operations under the roofline ceilings into this file; - is stdout", "FILE");
  AddFlag(profile, "--json", options->json, "print one JSON object, with every operation of every phase");
  AddPlannerOption({profile, "Plan"}, options->planner);
  return {&profile, [options] { return RunProfile(*options); }};
}

}  // namespace recurve
