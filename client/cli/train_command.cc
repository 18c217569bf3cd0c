// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/input_arguments.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_options.h"
#include "client/cli/job_text.h"
#include "client/cli/json.h"
#include "client/cli/loss_record.h"
#include "client/cli/model_output.h"
#include "client/cli/option_values.h"
#include "client/cli/planner_option.h"
#include "client/cli/progress_line.h"
#include "client/cli/strategy_comparison.h"
#include "client/cli/training_display.h"
#include "executor/data/file_identity.h"
#include "executor/job/training_job.h"
#include "executor/task/task.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr char kTrainFooter[] = R"(
Examples:
  recurve train --data book.txt --length 1000 --memory 5% --steps 600 --save book.safetensors
      5 % of the activation memory that keeping every tape needs
  recurve train --data book.txt --memory 64MiB --dry-run
      what would be done in 64 MiB in all, and where the bytes go
  recurve train --data book.txt --memory 5% --steps 100 --sample 200 --compare 5
      then a sample, and a table of time and memory against store-all and Chen's sqrt(T)
  recurve train --data book.txt --memory 5% --steps 600 --evaluate-every 50 --loss-csv loss.csv --loss-svg loss.svg
      how well it learns: losses as a table that grows with it, and a picture of the learning curve

What links of the model cost is measured in about a second and kept for the next job, in link-costs in $RECURVE_CACHE
(empty: not kept), or in recurve/ in $XDG_CACHE_HOME or ~/.cache. Without --link the steps in a link are those of least
predicted time, which may differ by machine, and with them the last bits of the weights.

--json prints an object for each step ("type": "step"), for what else is to be known ("note", "evaluation"), and a last
one ("result"); a step's metric is that of its batch, an evaluation's that of the held-out part. Ctrl-C (and SIGTERM,
SIGHUP) stops and saves the model after the last whole step as --save, or, where that is a model from before, beside it
as FILE.partial. So does a loss that is not finite. With --save training goes on when nobody reads its output any more.
Exit status 3: the memory is too small; the message says what would do.)";

struct TrainOptions {
  JobSpec job;
  LossFiles losses;
  std::string planner;
  int64_t sample = 0;
  ComparisonLimits compare;
  bool dry_run = false;
  bool json = false;
};

bool WritesFiles(const TrainOptions& options) {
  return !options.job.save_path.empty() || !options.losses.csv.empty() || !options.losses.svg.empty();
}

absl::Status CheckTrainOptions(const TrainOptions& options) {
  RETURN_IF_ERROR(CheckInputArguments(options.job));
  if (options.sample < 0) return absl::InvalidArgumentError(absl::StrCat("--sample is ", options.sample, ", below 0"));
  if (options.compare.rounds < 0 || options.compare.rounds > 1000) {
    return absl::InvalidArgumentError(absl::StrCat("--compare is ", options.compare.rounds, "; must be 0 to 1000"));
  }
  return CheckJobSpec(options.job);
}

// A dry run shows what the same line would do without --dry-run, so that it takes every option.
void NoteWhatIsLeftOut(const TrainOptions& options) {
  std::vector<std::string> left_out;
  if (options.sample > 0) left_out.push_back("--sample");
  if (options.compare.rounds > 0) left_out.push_back("--compare");
  if (!options.losses.csv.empty()) left_out.push_back("--loss-csv");
  if (!options.losses.svg.empty()) left_out.push_back("--loss-svg");
  if (left_out.empty()) return;
  PrintNote(absl::StrCat("--dry-run trains nothing: without effect here: ", absl::StrJoin(left_out, ", ")),
            options.json);
}

void PrintDryRun(const TrainOptions& options, const JobPlan& plan) {
  NoteWhatIsLeftOut(options);
  if (options.json) {
    Json json = {{"type", "plan"}, {"feasible", true}};
    json.update(FieldsJson(plan));
    PrintJson(json);
  } else {
    std::fputs(JobPlanText(options.job, plan).c_str(), stdout);
  }
}

absl::StatusOr<JobReport> RunJob(TrainingJob& job, const TrainOptions& options, LossRecord* record) {
  if (options.json) {
    JsonDisplay display(options.job.steps, record);
    return job.Run(display, WhenInterrupted());
  }
  std::printf("%s\n", JobPlanText(options.job, job.plan()).c_str());
  ProgressDisplay display(options.job.steps, options.job.max_seconds, job.plan().ledger.total(), record);
  return job.Run(display, WhenInterrupted());
}

// The losses are kept of a training that fails, too; `recorded` says whether.
absl::StatusOr<JobReport> RunAndRecord(TrainingJob& job, const TrainOptions& options, absl::Status& recorded) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LossRecord> record, LossRecord::Open(options.losses));
  absl::StatusOr<JobReport> report = RunJob(job, options, record.get());
  recorded = record->Finish(absl::StrCat(CountText(job.plan().parameters), " parameters, ", job.plan().data_path,
                                         ", on ", job.plan().device));
  return report;
}

// What ended the comparison, which trains models of its own that nobody saves.
absl::Status Interrupted(const absl::Status& why, const TrainOptions& options) {
  if (!absl::IsCancelled(why)) return why;
  return absl::CancelledError(absl::StrCat("interrupted while strategies were compared; ",
                                           options.job.save_path.empty()
                                               ? std::string("the trained model was not to be saved")
                                               : absl::StrCat("the model is saved as ", options.job.save_path)));
}

// The report, and then the sample and the comparison that were asked for.
absl::Status Conclude(const TrainOptions& options, const TrainedModel& model, const JobPlan& plan,
                      const JobReport& report, const JobPlanners& planners, LinkCostCache& known_costs) {
  absl::Status compared;
  Json json = {{"type", "result"}};
  json.update(FieldsJson(plan));
  json.update(FieldsJson(report));
  if (!options.job.save_path.empty()) json["save_path"] = options.job.save_path;
  if (!options.json) std::printf("\n%s", JobReportText(options.job, plan, report).c_str());
  if (options.sample > 0) {
    if (!options.json) std::printf("\nsample of %lld bytes:\n", static_cast<long long>(options.sample));
    const SampleOptions sample{.bytes = options.sample, .temperature = 0.8, .seed = options.job.seed};
    ASSIGN_OR_RETURN(std::string text, SampleModel(model, sample, options.job.threads, !options.json));
    json["sample"] = std::move(text);
  }
  if (options.compare.rounds > 0) {
    // On standard error, so that the answer can be redirected: a round of a comparison takes seconds.
    ProgressLine line(stderr);
    absl::StatusOr<std::vector<StrategyMeasurement>> measured = MeasureStrategies(
        options.job, plan, options.compare, planners, known_costs, WhenInterrupted(), [&](int64_t done) {
          if (options.json || !(line.terminal() || done % 5 == 1)) return;
          line.Show(absl::StrCat("compared in ", done, " of ", options.compare.rounds, " rounds"));
        });
    line.Clear();
    if (measured.ok()) {
      json["comparison"] = MeasurementsJson(*measured);
    } else {
      compared = Interrupted(measured.status(), options);
    }
    if (measured.ok() && !options.json) {
      std::printf("\nsame model, same process, %lld alternating rounds, medians:\n%s",
                  static_cast<long long>(measured->front().rounds), MeasurementsText(*measured).c_str());
    }
  }
  if (options.json) PrintJson(json);
  return compared;
}

// Everything that can be wrong before anything is read or written.
ExitStatus CheckBefore(const TrainOptions& options) {
  absl::Status status = CheckTrainOptions(options);
  if (status.ok()) {
    status = CheckDistinct(InputArguments(options.job), {{"the cache of link costs", LinkCostCachePath()},
                                                         {"--save", options.job.save_path},
                                                         {"--loss-csv", options.losses.csv},
                                                         {"--loss-svg", options.losses.svg}});
  }
  if (status.ok()) status = CheckLossFiles(options.losses);
  if (!status.ok()) return Fail(status, ExitStatus::kUsage);
  status = CheckJobFiles(options.job, LinkCostCachePath());
  if (status.ok()) return ExitStatus::kDone;
  return Fail(status, absl::IsInvalidArgument(status) ? ExitStatus::kUsage : ExitStatus::kFailed);
}

ExitStatus FailToPrepare(const absl::Status& status) {
  if (absl::IsCancelled(status)) return Fail(ExitStatus::kInterrupted, "interrupted before the first step");
  return Fail(status, absl::IsFailedPrecondition(status) ? ExitStatus::kInfeasible : ExitStatus::kFailed);
}

// Nobody may have read the output of a training that was to be saved.
ExitStatus CheckShown(const TrainOptions& options) {
  if (options.job.save_path.empty() || (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)) return ExitStatus::kDone;
  return Fail(ExitStatus::kFailed,
              absl::StrCat("cannot write to standard output; the model is saved as ", options.job.save_path));
}

ExitStatus RunTrain(const TrainOptions& options) {
  CatchInterrupts();
  if (const ExitStatus wrong = CheckBefore(options); wrong != ExitStatus::kDone) return wrong;
  if (WritesFiles(options)) OutliveReaders();
  FallbackPlanner planner = MakeJobPlanner(options.planner, options.json);
  const JobPlanners planners{planner, planner};
  LinkCostCache known_costs(LinkCostCachePath());
  auto prepared = TrainingJob::Prepare(options.job, planners, known_costs, WhenInterrupted());
  if (!prepared.ok()) return FailToPrepare(prepared.status());
  std::unique_ptr<TrainingJob> job = *std::move(prepared);
  if (options.dry_run) {
    PrintDryRun(options, job->plan());
    return ExitStatus::kDone;
  }
  absl::Status recorded;
  const absl::StatusOr<JobReport> report = RunAndRecord(*job, options, recorded);
  if (!recorded.ok()) Fail(recorded);
  if (absl::IsCancelled(report.status())) {
    return Fail(ExitStatus::kInterrupted, absl::StrCat("interrupted: ", report.status().message()));
  }
  if (!report.ok()) return Fail(report.status());
  const JobPlan plan = job->plan();
  const TrainedModel model{options.job.task, options.sample > 0 ? job->TakeParameters() : Parameters()};
  job.reset();  // its memory is not needed while strategies are compared
  if (absl::Status status = Conclude(options, model, plan, *report, planners, known_costs); !status.ok()) {
    return Fail(status, absl::IsCancelled(status) ? ExitStatus::kInterrupted : ExitStatus::kFailed);
  }
  return recorded.ok() ? CheckShown(options) : ExitStatus::kFailed;
}

}  // namespace

Command AddTrainCommand(const Section& section) {
  CLI::App& train = AddCommand(section, "train",
                               "train a language model here, planner and executor inside this process", kTrainFooter);
  auto options = std::make_shared<TrainOptions>();
  AddJobOptions(train, options->job);
  AddText({train, "Saving"}, "--loss-csv", options->losses.csv,
          "write the losses to this file, a line for each step as training goes on", "FILE");
  AddText({train, "Saving"}, "--loss-svg", options->losses.svg, "draw the learning curve into this file at the end",
          "FILE");
  AddFlag(train, "--dry-run", options->dry_run, "print the plan and where the bytes go, and train nothing");
  AddCount(train, "--sample", options->sample, "bytes to sample from the trained model at the end");
  AddCount(train, "--compare", options->compare.rounds,
           "rounds in which store-all, Chen's sqrt(T) and this job's strategy are measured at the end");
  AddSeconds(train, "--compare-time", options->compare.seconds,
             "begin no further round of the comparison after this; default: no limit");
  AddFlag(train, "--json", options->json, "print one JSON object for each step and one at the end");
  AddPlannerOption({train, "Plan"}, options->planner);
  return {&train, [options] { return RunTrain(*options); }};
}

}  // namespace recurve
