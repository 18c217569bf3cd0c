// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
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
#include "client/cli/slurm_memory.h"
#include "client/cli/strategy_comparison.h"
#include "client/cli/training_display.h"
#include "executor/data/file_identity.h"
#include "executor/job/job_checkpoints.h"
#include "executor/job/training_job.h"
#include "executor/task/task.h"
#include "planner_service/process/granted.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr char kTrainFooter[] = R"(
Examples:
  recurve train --data book.txt --length 1000 --memory 5% --steps 600 --save book.safetensors
      5 % of the activation memory that store-all (standard BPTT) needs
  recurve train --data book.txt --memory 64MiB --dry-run
      the plan for 64 MiB in total, and where the bytes go
  recurve train --data book.txt --memory 5% --steps 100 --sample 200 --compare 5
      then a sample, and a table of time and memory against store-all and Chen's sqrt(T)
  recurve train --data book.txt --memory 5% --steps 600 --evaluate-every 50 --loss-csv loss.csv --loss-svg loss.svg
      losses as a table written during training, and a picture of the learning curve
  recurve train --data book.txt --memory 5% --steps 600 --tensorboard runs/first
      losses for `tensorboard --logdir runs`
  recurve train --data book.txt --memory 5% --steps 10000 --checkpoint-dir run1 --checkpoint-every 10min
  recurve train --resume run1
      continues after the last checkpoint in run1, to the same weights, bit for bit; all other options are those of the
      first command unless given again, such as --memory 2%, --threads 8 or --steps 20000
  recurve train --data book.txt --memory 5% --steps 10000 --checkpoint-dir run1 --auto-resume
      the same command starts and continues, for what starts jobs again by itself: Slurm, Kubernetes, systemd
  recurve train --data book.txt --memory 5% --threads 8 --slurm
      --mem=71M, what to give sbatch

The cost of the model's links is measured in about a second and cached for later jobs, in link-costs in $RECURVE_CACHE
(empty: no cache), or in recurve/ in $XDG_CACHE_HOME or ~/.cache. Without --link, the steps per link are chosen for the
least predicted time; the choice, and with it the last bits of the weights, may differ between machines.

--json prints an object for each step ("type": "step"), note ("note") and evaluation ("evaluation"), and a final one
("result"); a step's metric is that of its batch, an evaluation's that of the held-out part. With --resume, the first
object ("resumed") has the last step done before. Ctrl-C (and SIGTERM, SIGHUP) stops and saves the model after the last
complete step as --save, or, if that is an earlier model, beside it as FILE.partial. So does a loss that is not finite.
With --save, training continues when the reader of its output is gone. With --checkpoint-dir, Ctrl-C also writes a
checkpoint first. A second Ctrl-C ends at once.
Exit status 3: insufficient memory; the message gives the minimum.)";

struct TrainOptions {
  JobSpec job;
  CheckpointOptions checkpoints;
  absl::Status resumed;  // of reading the options of the job that --resume continues
  LossFiles losses;
  ServiceOption planner;
  int64_t sample = 0;
  ComparisonLimits compare;
  bool auto_resume = false;
  bool dry_run = false;
  bool slurm = false;
  bool json = false;
};

bool WritesFiles(const TrainOptions& options) { return !options.job.save_path.empty() || options.losses.wanted(); }

absl::Status CheckSlurm(const TrainOptions& options) {
  if (!options.slurm) return absl::OkStatus();
  if (options.job.device != "cpu") {
    return absl::InvalidArgumentError(
        absl::StrCat("--slurm sizes trainings on the CPU, and --device is ", options.job.device,
                     "; choose the memory of the host yourself, and give it to sbatch as --mem"));
  }
  if (options.compare.rounds == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "--slurm does not count the memory of --compare, which also trains with store-all; leave out one of them");
}

absl::Status CheckTrainOptions(const TrainOptions& options) {
  RETURN_IF_ERROR(CheckInputArguments(options.job));
  RETURN_IF_ERROR(CheckSlurm(options));
  if (options.auto_resume && options.checkpoints.resume != CheckpointOptions::Resume::kIfAny) {
    return absl::InvalidArgumentError("--auto-resume needs --checkpoint-dir, the directory to resume from");
  }
  if (options.sample < 0) return absl::InvalidArgumentError(absl::StrCat("--sample is ", options.sample, ", below 0"));
  if (options.compare.rounds < 0 || options.compare.rounds > 1000) {
    return absl::InvalidArgumentError(absl::StrCat("--compare is ", options.compare.rounds, "; must be 0 to 1000"));
  }
  if (options.job.checkpoint_every.given() && options.job.save_path.empty() && options.checkpoints.directory.empty()) {
    return absl::InvalidArgumentError(
        "--checkpoint-every has no effect without --checkpoint-dir, --resume or --save; give one, or leave it out");
  }
  return CheckJobSpec(options.job);
}

// --dry-run accepts every option, so that it can be added to any command line.
void NoteWhatIsLeftOut(const TrainOptions& options) {
  std::vector<std::string> left_out;
  if (options.sample > 0) left_out.push_back("--sample");
  if (options.compare.rounds > 0) left_out.push_back("--compare");
  if (!options.losses.csv.empty()) left_out.push_back("--loss-csv");
  if (!options.losses.svg.empty()) left_out.push_back("--loss-svg");
  if (!options.losses.tensorboard.empty()) left_out.push_back("--tensorboard");
  if (left_out.empty()) return;
  PrintNote(absl::StrCat("--dry-run trains nothing; ignored: ", absl::StrJoin(left_out, ", ")), options.json);
}

// Without --threads, a job uses as many as it finds processors.
int64_t SlurmMebibytesOf(const TrainOptions& options, const JobPlan& plan) {
  return SlurmMebibytes(plan.ledger.total() + plan.evaluation_bytes + plan.host_bytes,
                        options.job.threads > 0 ? options.job.threads : GrantedProcessors(),
                        options.job.host_memory > 0);
}

void PrintDryRun(const TrainOptions& options, const JobPlan& plan) {
  if (!options.slurm) NoteWhatIsLeftOut(options);
  if (options.json) {
    Json json = {{"type", "plan"}, {"feasible", true}};
    json.update(FieldsJson(plan));
    if (options.job.device == "cpu") json["slurm_mem_mib"] = SlurmMebibytesOf(options, plan);
    PrintJson(json);
  } else if (options.slurm) {
    std::printf("%s\n", SlurmMemoryOption(SlurmMebibytesOf(options, plan)).c_str());
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

// Losses are recorded even if training fails; `recorded` is the status of that.
absl::StatusOr<JobReport> RunAndRecord(TrainingJob& job, const TrainOptions& options, absl::Status& recorded) {
  const bool resumes = options.checkpoints.resume != CheckpointOptions::Resume::kNo;
  ASSIGN_OR_RETURN(const std::unique_ptr<LossRecord> record, LossRecord::Open(options.losses, resumes));
  absl::StatusOr<JobReport> report = RunJob(job, options, record.get());
  recorded = record->Finish(absl::StrCat(CountText(job.plan().parameters), " parameters, ", job.plan().data_path,
                                         ", on ", job.plan().device));
  return report;
}

// Adds to an interrupted comparison where the trained model is; the models it trains itself are never saved.
absl::Status OfComparison(const absl::Status& why, const TrainOptions& options) {
  if (!absl::IsCancelled(why)) return why;
  return absl::CancelledError(absl::StrCat("interrupted during the comparison of strategies; ",
                                           options.job.save_path.empty()
                                               ? std::string("the trained model is not saved (no --save)")
                                               : absl::StrCat("the model is saved as ", options.job.save_path)));
}

// Prints the report, then the sample and the comparison if requested.
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
    // On standard error, so that the output can be redirected.
    ProgressLine line(stderr);
    absl::StatusOr<std::vector<StrategyMeasurement>> measured = MeasureStrategies(
        options.job, plan, options.compare, planners, known_costs, WhenInterrupted(), [&](int64_t done) {
          if (options.json || !(line.terminal() || done % 5 == 1)) return;
          line.Show(absl::StrCat("comparing strategies: ", done, " of ", options.compare.rounds, " rounds"));
        });
    line.Clear();
    if (measured.ok()) {
      json["comparison"] = MeasurementsJson(*measured);
    } else {
      compared = OfComparison(measured.status(), options);
    }
    if (measured.ok() && !options.json) {
      std::printf("\nsame model, same process, %lld alternating rounds, medians:\n%s",
                  static_cast<long long>(measured->front().rounds), MeasurementsText(*measured).c_str());
    }
  }
  if (options.json) PrintJson(json);
  return compared;
}

// Checks everything that can be checked before anything is read or written.
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

// Ends before the memory is allocated: the machine that submits a job may have less than the one that runs it.
ExitStatus PlanForSlurm(const TrainOptions& options, const JobPlanners& planners, LinkCostCache& known_costs) {
  std::optional<JobPlan> plan;
  const auto only_plan = [&plan](const JobPlan& made) {
    plan = made;
    return absl::CancelledError("only planned");
  };
  const absl::Status ended = TrainingJob::Prepare(options.job, planners, known_costs, WhenInterrupted(),
                                                  {.checkpoints = options.checkpoints, .admit = only_plan})
                                 .status();
  if (!plan) return FailToPrepare(ended);
  PrintDryRun(options, *plan);
  return ExitStatus::kDone;
}

// With --save, training survives a closed output; it is still reported as a failure.
ExitStatus CheckShown(const TrainOptions& options) {
  if (options.job.save_path.empty() || (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)) return ExitStatus::kDone;
  return Fail(ExitStatus::kFailed,
              absl::StrCat("cannot write to standard output; the model is saved as ", options.job.save_path));
}

ExitStatus RunTrain(const TrainOptions& options) {
  CatchInterrupts();
  if (!options.resumed.ok()) return Fail(options.resumed);
  if (const ExitStatus wrong = CheckBefore(options); wrong != ExitStatus::kDone) return wrong;
  if (WritesFiles(options)) OutliveReaders();
  FallbackPlanner planner = MakeJobPlanner(options.planner, options.json);
  const JobPlanners planners{planner, planner};
  LinkCostCache known_costs(LinkCostCachePath());
  if (options.slurm) return PlanForSlurm(options, planners, known_costs);
  auto prepared =
      TrainingJob::Prepare(options.job, planners, known_costs, WhenInterrupted(), {.checkpoints = options.checkpoints});
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

void AddCheckpointOptions(CLI::App& train, TrainOptions& options) {
  const Section saving = {train, "Saving"};
  AddText(saving, "--checkpoint-dir", options.checkpoints.directory,
          "write checkpoints into this directory, which may be new, to continue after an interruption", "DIR");
  const auto resume = [&options](const std::string& directory) {
    options.resumed = ReadCheckpointedSpec(directory, WhenInterrupted(), options.job);
    options.checkpoints.directory = directory;
    options.checkpoints.resume = CheckpointOptions::Resume::kMust;
  };
  AddSource(saving, "--resume", resume,
            "continue from the newest good checkpoint in this directory, and write further ones there", "DIR",
            "--checkpoint-dir");
  AddFlag(saving, "--auto-resume", options.auto_resume,
          "continue from the newest good checkpoint in --checkpoint-dir if there is one, else start");
  AddFlag(saving, "--force-data", options.checkpoints.force_data,
          "resume although the data file is not the one that the checkpoint was trained on");
}

}  // namespace

Command AddTrainCommand(const Section& section) {
  CLI::App& train = AddCommand(section, "train",
                               "train a language model in this process, including planner and executor", kTrainFooter);
  auto options = std::make_shared<TrainOptions>();
  AddJobOptions(train, options->job);
  AddCheckpointOptions(train, *options);
  AddLossOptions({train, "Saving"}, options->losses);
  AddFlag(train, "--dry-run", options->dry_run, "print the plan and where the bytes go, and train nothing");
  AddFlag(train, "--slurm", options->slurm,
          "print the memory that the training needs as an option of sbatch (--mem=71M), and train nothing; with "
          "--json, the plan as --dry-run prints it, in which it is slurm_mem_mib");
  AddCount(train, "--sample", options->sample, "bytes to sample from the trained model after training");
  AddCount(train, "--compare", options->compare.rounds,
           "rounds that measure store-all, Chen's sqrt(T) and this job's strategy after training");
  AddSeconds(train, "--compare-time", options->compare.seconds,
             "start no further round of the comparison after this; default: no limit");
  AddFlag(train, "--json", options->json, "print one JSON object for each step and one at the end");
  AddPlannerOption({train, "Plan"}, options->planner);
  return {&train, [options] {
            CheckpointOptions::Resume& resume = options->checkpoints.resume;
            const bool may_resume = options->auto_resume && !options->checkpoints.directory.empty();
            if (may_resume && resume == CheckpointOptions::Resume::kNo) resume = CheckpointOptions::Resume::kIfAny;
            return RunTrain(*options);
          }};
}

}  // namespace recurve
