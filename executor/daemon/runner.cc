// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/codec/job_codec.h"
#include "executor/job/prediction_drift.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

std::string ReasonOf(const absl::Status& status) {
  return Printable(absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message()));
}

constexpr int kMostFailureNotes = 100;  // about failed checkpoints, per job

// Forwards the events of a running job to the store and the metrics.
class JobReporter final : public JobObserver {
 public:
  JobReporter(JobStore& store, const std::string& id, JobMetrics& metrics)
      : store_(store), id_(id), metrics_(metrics) {}

  void OnStep(const StepRecord& record) override {
    metrics_.OnStep(record);
    store_.AddProgress(id_, EncodeProgress(record));
  }
  void OnCheckpoint(const CheckpointRecord& record) override {
    checkpoint_failing_ = false;
    metrics_.OnCheckpoint(record);
    store_.AddCheckpoint(id_, record);
  }
  void OnCheckpointFailed(int64_t step, const absl::Status& why) override {
    const std::string note =
        Printable(absl::StrCat("the checkpoint after step ", step, " failed: ", why.message(), "; training continues"));
    spdlog::warn("job {}: {}", id_, note);
    // Limited, because a full disk fails every checkpoint and notes are never dropped.
    if (!std::exchange(checkpoint_failing_, true) && ++failure_notes_ <= kMostFailureNotes) store_.AddNote(id_, note);
  }
  void OnEvaluation(int64_t step, const Metric& metric) override {
    metrics_.OnEvaluation(step, metric);
    store_.AddEvaluation(id_, step, EncodeMetric(metric));
  }
  void OnLedger(const Ledger& peak) override { metrics_.OnLedger(peak); }
  void OnLinkRuns(const LinkRuns& runs) override { metrics_.OnLinkRuns(runs); }
  void OnNote(const std::string& text) override {
    const std::string note = Printable(text);
    spdlog::warn("job {}: {}", id_, note);
    store_.AddNote(id_, note);
  }
  void OnPredictionMissed(const StepRecord& record) override {
    OnNote(MissedPredictionNote(record.step, record.prediction_ratio));
  }

 private:
  JobStore& store_;
  const std::string id_;
  JobMetrics& metrics_;
  bool checkpoint_failing_ = false;
  int failure_notes_ = 0;
};

std::string DescribePlan(const JobPlan& plan) {
  return absl::StrCat("training in ", plan.ledger.total(), " bytes of ", plan.store_all_bytes, " needed by store-all, ",
                      plan.plan.forward_count, " forwards for ", plan.links, " links of ", plan.link, " steps, on ",
                      plan.device,
                      plan.host_bytes > 0 ? absl::StrCat(", ", plan.host_bytes, " bytes of states on the host") : "");
}

}  // namespace

Runner::Runner(RunnerOptions options, JobStore& store, ExecutorMetrics& metrics)
    : options_(std::move(options)), store_(store), metrics_(metrics), known_costs_(options_.cost_cache_path) {}

absl::StatusOr<std::unique_ptr<Runner>> Runner::Start(RunnerOptions options, JobStore& store,
                                                      ExecutorMetrics& metrics) {
  std::unique_ptr<Runner> runner(new Runner(std::move(options), store, metrics));
  ASSIGN_OR_RETURN(runner->thread_, StartThread("the jobs", [raw = runner.get()] { raw->Loop(); }));
  return runner;
}

Runner::~Runner() {
  store_.ShutDown();
  Join();
}

void Runner::Join() {
  if (thread_.joinable()) thread_.join();
}

void Runner::Loop() {
  while (std::optional<TakenJob> taken = store_.TakeNext()) RunOne(*taken);
}

void Runner::RunOne(const TakenJob& taken) {
  metrics_.ObserveQueueWait(taken.queue_wait);
  spdlog::info("job {}: preparing", taken.id);
  End(taken.id, CatchFailures("the job", [&] { return PrepareAndRun(taken); }));
  metrics_.UpdateResident();
}

absl::StatusOr<JobReport> Runner::PrepareAndRun(const TakenJob& taken) {
  ASSIGN_OR_RETURN(JobSpec spec, Admit(taken));
  FallbackPlanner planner({.target = options_.planner_target, .timeout = options_.planner_timeout},
                          [&](const Fallback& fallback) {
                            metrics_.CountPlannerFallback(fallback.reason);
                            NoteEmbedded(taken.id, fallback.why);
                          });
  absl::StatusOr<std::unique_ptr<TrainingJob>> job =
      TrainingJob::Prepare(spec, {planner, planner}, known_costs_, taken.cancelled);
  if (!job.ok()) {
    if (job.status().code() == absl::StatusCode::kFailedPrecondition) metrics_.CountBudgetRefusal();
    return job.status();
  }
  if (options_.planner_target.empty()) NoteEmbedded(taken.id, "no planner service is configured (--planner)");
  const auto source = planner.uses_service() ? executor::v1::PLAN_SOURCE_REMOTE : executor::v1::PLAN_SOURCE_EMBEDDED;
  return Train(taken, spec, source, **job);
}

void Runner::NoteEmbedded(const std::string& id, const std::string& why) {
  const std::string note = Printable(absl::StrCat("planned by the embedded planner because ", why));
  store_.AddNote(id, note);
  spdlog::info("job {}: {}", id, note);
}

absl::StatusOr<JobReport> Runner::Train(const TakenJob& taken, const JobSpec& spec, executor::v1::PlanSource source,
                                        TrainingJob& job) {
  const JobPlan& plan = job.plan();
  metrics_.CountPlan(source);
  const std::unique_ptr<JobMetrics> metrics = metrics_.StartJob(taken.id, spec, plan);
  const std::string description = Printable(DescribePlan(plan));
  spdlog::info("job {}: {}", taken.id, description);
  store_.SetRunning(taken.id, EncodePlanSummary(plan, source), description);
  JobReporter reporter(store_, taken.id, *metrics);
  for (const std::string& note : plan.notes) reporter.OnNote(note);
  return job.Run(reporter, taken.cancelled);
}

absl::StatusOr<JobSpec> Runner::Admit(const TakenJob& taken) {
  absl::StatusOr<JobSpec> spec = options_.roots.Confine(taken.spec);
  if (!spec.ok() || options_.threads == 0) return spec;
  if (spec->threads > options_.threads) {
    store_.AddNote(taken.id, absl::StrCat("runs on ", options_.threads, " threads instead of the requested ",
                                          spec->threads, ": the daemon was started with --threads ", options_.threads));
  }
  spec->threads = spec->threads == 0 ? options_.threads : std::min<int64_t>(spec->threads, options_.threads);
  return spec;
}

void Runner::End(const std::string& id, const absl::StatusOr<JobReport>& report) {
  executor::v1::JobState state = executor::v1::JOB_STATE_SUCCEEDED;
  std::string reason;
  std::optional<executor::v1::JobResult> result;
  const std::string cancel_reason = store_.CancelReason(id);
  if (report.ok()) {
    reason = absl::StrCat("trained ", report->steps, report->steps == 1 ? " step" : " steps",
                          report->ended_by_time ? " and was stopped by max_seconds" : "");
    result = EncodeReport(*report);
  } else if (report.status().code() == absl::StatusCode::kCancelled && !cancel_reason.empty()) {
    state = executor::v1::JOB_STATE_CANCELLED;
    reason = cancel_reason;
    store_.AddNote(id, Printable(std::string(report.status().message())));
  } else {
    state = executor::v1::JOB_STATE_FAILED;
    reason = ReasonOf(report.status());
  }
  spdlog::info("job {}: {}: {}", id, executor::v1::JobState_Name(state), reason);
  store_.End(id, state, reason, result);
}

}  // namespace recurve
