// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/codec/job_codec.h"
#include "executor/daemon/crash_marker.h"
#include "executor/job/job_backend.h"
#include "executor/job/prediction_drift.h"
#include "planner_service/process/failures.h"
#include "planner_service/process/granted.h"
#include "planner_service/process/heap.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"
#include "planner_service/trace/trace_context.h"

namespace recurve {
namespace {

std::string ReasonOf(const absl::Status& status) {
  return Printable(absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message()));
}

constexpr int kMostFailureNotes = 100;  // about failed checkpoints, per job

// Forwards the events of a running job to the store and the metrics.
class JobReporter final : public JobObserver {
 public:
  JobReporter(JobStore& store, const TakenJob& taken, JobMetrics& metrics)
      : store_(store), id_(taken.id), log_ids_(taken.log_ids), metrics_(metrics) {}

  void OnStep(const StepRecord& record) override {
    metrics_.OnStep(record);
    store_.AddProgress(id_, EncodeProgress(record));
  }
  void OnResume(int64_t step, const std::vector<LossPoint>& history) override {
    metrics_.OnResume(step, history);
    store_.SetResumed(id_, step);
  }
  void OnCheckpoint(const CheckpointRecord& record) override {
    checkpoint_failing_ = false;
    metrics_.OnCheckpoint(record);
    store_.AddCheckpoint(id_, record);
  }
  void OnCheckpointFailed(int64_t step, const absl::Status& why) override {
    metrics_.OnCheckpointFailed(step, why);
    const std::string note =
        Printable(absl::StrCat("the checkpoint after step ", step, " failed: ", why.message(), "; training continues"));
    LogFor(log_ids_, spdlog::level::warn, note);
    // Limited, because a full disk fails every checkpoint and notes are never dropped.
    if (!std::exchange(checkpoint_failing_, true) && ++failure_notes_ <= kMostFailureNotes) store_.AddNote(id_, note);
  }
  void OnEvaluationProgress(int64_t done, int64_t all) override { metrics_.OnEvaluationProgress(done, all); }
  void OnEvaluation(int64_t step, const Metric& metric) override {
    metrics_.OnEvaluation(step, metric);
    store_.AddEvaluation(id_, step, EncodeMetric(metric));
  }
  void OnLedger(const Ledger& peak) override { metrics_.OnLedger(peak); }
  void OnLinkRuns(const LinkRuns& runs) override { metrics_.OnLinkRuns(runs); }
  void OnNote(const std::string& text) override {
    const std::string note = Printable(text);
    LogFor(log_ids_, spdlog::level::warn, note);
    store_.AddNote(id_, note);
  }
  void OnPredictionMissed(const StepRecord& record) override {
    OnNote(MissedPredictionNote(record.step, record.prediction_ratio));
  }

 private:
  JobStore& store_;
  const std::string id_;
  const LogIds log_ids_;
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

int ThreadShare(int threads, int owners, int per_owner, int jobs, int most) {
  int of_owner = threads / std::max(owners, 1);
  if (per_owner > 0) of_owner = std::min(of_owner, per_owner);
  return std::clamp(of_owner / std::max(jobs, 1), 1, std::max(most, 1));
}

Runner::Runner(RunnerOptions options, JobStore& store, ExecutorMetrics& metrics)
    : options_(std::move(options)),
      threads_(options_.threads > 0 ? options_.threads : GrantedProcessors()),
      store_(store),
      metrics_(metrics),
      known_costs_(options_.cost_cache_path) {}

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

bool Runner::WaitForJobs(std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  while (running_ > 0) {
    if (job_ended_.wait_until(lock, end) == std::cv_status::timeout) return running_ == 0;
  }
  return true;
}

void Runner::Loop() {
  while (std::optional<TakenJob> taken = store_.TakeNext()) {
    JoinThreads(/*only_done=*/true);
    StartJob(*std::move(taken));
  }
  JoinThreads(/*only_done=*/false);
}

void Runner::StartJob(TakenJob taken) {
  const std::string id = taken.id;
  const std::string owner = taken.owner;
  JobThread& job = jobs_.emplace_back();
  CountRunning(owner, +1);
  absl::StatusOr<std::thread> thread = StartThread("a job", [this, &job, taken = std::move(taken)] {
    RunOne(taken);
    job.done = true;
    CountRunning(taken.owner, -1);
  });
  if (thread.ok()) {
    job.thread = *std::move(thread);
    return;
  }
  jobs_.pop_back();
  CountRunning(owner, -1);
  End(id, thread.status());
}

void Runner::CountRunning(const std::string& owner, int delta) {
  const MutexLock lock(mutex_);
  running_ += delta;
  if ((running_of_[owner] += delta) == 0) running_of_.erase(owner);
  job_ended_.notify_all();
}

void Runner::JoinThreads(bool only_done) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (only_done && !job->done) {
      ++job;
      continue;
    }
    job->thread.join();
    job = jobs_.erase(job);
  }
}

void Runner::RunOne(const TakenJob& taken) {
  const CrashScope scope(taken.number);
  metrics_.ObserveQueueWait(taken.queue_wait);
  End(taken.id, CatchFailures("the job", [&] { return PrepareAndRun(taken); }));
  ReturnFreePages();
}

absl::StatusOr<JobReport> Runner::PrepareAndRun(const TakenJob& taken) {
  ASSIGN_OR_RETURN(JobSpec spec, Confine(taken));
  const TlsCredentials tls = options_.planner_tls == nullptr ? TlsCredentials() : *options_.planner_tls->current();
  const std::optional<TraceContext> trace = ParseTraceparent(taken.traceparent);
  FallbackPlanner planner({.target = options_.planner_target,
                           .timeout = options_.planner_timeout,
                           .tls = tls,
                           .trace = trace ? *trace : NewTrace()},
                          [&](const Fallback& fallback) {
                            metrics_.CountPlannerFallback(fallback.reason);
                            NoteEmbedded(taken, spdlog::level::warn, fallback.why);
                          });
  ASSIGN_OR_RETURN(const std::unique_ptr<TrainingJob> job, Prepare(taken, spec, planner));
  if (options_.planner_target.empty()) {
    NoteEmbedded(taken, spdlog::level::info, "no planner service is configured (--planner)");
  }
  const auto source = planner.uses_service() ? executor::v1::PLAN_SOURCE_REMOTE : executor::v1::PLAN_SOURCE_EMBEDDED;
  return Train(taken, spec, source, *job);
}

absl::StatusOr<std::unique_ptr<TrainingJob>> Runner::Prepare(const TakenJob& taken, const JobSpec& spec,
                                                             FallbackPlanner& planner) {
  const CancelCheck cancelled = [&] { return taken.stop() != RunControl::Stop::kNo; };
  PrepareOptions options;
  options.checkpoints = {
      .directory = taken.checkpoints,
      .resume = taken.has_checkpoint ? CheckpointOptions::Resume::kMust : CheckpointOptions::Resume::kIfAny};
  options.admit = [&](const JobPlan& plan) {
    RETURN_IF_ERROR(options_.check_storage(taken, spec, plan));
    const int64_t host = spec.device == "cpu" ? plan.host_bytes : 0;
    return store_.SettleMemory(taken.id, plan.ledger.total() + plan.evaluation_bytes + host);
  };
  absl::StatusOr<std::unique_ptr<TrainingJob>> job =
      TrainingJob::Prepare(spec, {planner, planner}, known_costs_, cancelled, options);
  if (!absl::IsFailedPrecondition(job.status())) return job;
  if (taken.all_free && !taken.all_allowed) {
    const int64_t given = std::get<TotalBytes>(spec.memory).bytes;
    return store_.WaitForMemory(taken.id, given + 1);
  }
  metrics_.CountBudgetRefusal();
  return job;
}

void Runner::NoteEmbedded(const TakenJob& taken, spdlog::level::level_enum level, const std::string& why) {
  const std::string note = Printable(absl::StrCat("planned by the embedded planner because ", why));
  store_.AddNote(taken.id, note);
  LogFor(taken.log_ids, level, note);
}

absl::StatusOr<JobReport> Runner::Train(const TakenJob& taken, const JobSpec& spec, executor::v1::PlanSource source,
                                        TrainingJob& job) {
  const JobPlan& plan = job.plan();
  metrics_.CountPlan(source);
  const std::unique_ptr<JobMetrics> metrics = metrics_.StartJob(taken.id, spec, plan);
  store_.SetRunning(taken.id, EncodePlanSummary(plan, source), Printable(DescribePlan(plan)));
  JobReporter reporter(store_, taken, *metrics);
  for (const std::string& note : plan.notes) reporter.OnNote(note);
  RunControl control(taken.stop);
  if (spec.device == "cpu") {
    JobSpec widest = spec;
    widest.threads = taken.spec.threads;
    control.processors = [this, owner = taken.owner, most = ThreadsOf(widest).threads] {
      return RunControl::Processors{.threads = ShareOfThreads(owner, most), .shared = running_ > 1};
    };
  }
  return job.Run(reporter, control);
}

int Runner::ShareOfThreads(const std::string& owner, int most) {
  const MutexLock lock(mutex_);
  const auto found = running_of_.find(owner);
  const int jobs = found == running_of_.end() ? 1 : found->second;
  return ThreadShare(threads_, static_cast<int>(running_of_.size()), options_.threads_per_owner, jobs, most);
}

absl::StatusOr<JobSpec> Runner::Confine(const TakenJob& taken) {
  ASSIGN_OR_RETURN(const PathRoots roots, options_.roots->Of(taken.owner));
  ASSIGN_OR_RETURN(JobSpec spec, roots.Confine(taken.spec));
  if (options_.threads > 0 && spec.threads > options_.threads) {
    store_.AddNote(taken.id, absl::StrCat("runs on ", options_.threads, " threads instead of the requested ",
                                          spec.threads, ": the daemon was started with --threads ", options_.threads));
  }
  if (spec.device == "cpu") spec.threads = ShareOfThreads(taken.owner, ThreadsOf(spec).threads);
  return spec;
}

void Runner::End(const std::string& id, const absl::StatusOr<JobReport>& report) {
  const StopRequest asked = store_.StopRequestOf(id);
  const bool stopped = absl::IsCancelled(report.status()) && asked.kind != StopRequest::Kind::kNone;
  if (stopped) store_.AddNote(id, Printable(std::string(report.status().message())));
  const absl::StatusOr<executor::v1::Job> job = store_.Get(id);
  const int64_t checkpoint_step = job.ok() ? job->checkpoint_step() : 0;
  if (stopped && asked.kind != StopRequest::Kind::kCancel) {
    const auto state =
        asked.kind == StopRequest::Kind::kPause ? executor::v1::JOB_STATE_PAUSED : executor::v1::JOB_STATE_QUEUED;
    const bool repeats = job.ok() && job->progress().step() > checkpoint_step;
    const std::string reason = absl::StrCat(
        asked.reason, repeats ? absl::StrCat("; the steps after ", checkpoint_step, " will be repeated") : "");
    store_.Leave(id, state, reason);
    return;
  }
  // Too little memory, or data that is not there, can be mended, and what is trained need not be lost.
  if (!report.ok() && !stopped && checkpoint_step > 0 && job->state() == executor::v1::JOB_STATE_PLANNING) {
    const std::string reason = absl::StrCat(ReasonOf(report.status()), "; resume the job once this is mended");
    store_.Leave(id, executor::v1::JOB_STATE_PAUSED, reason);
    return;
  }
  executor::v1::JobState state = executor::v1::JOB_STATE_SUCCEEDED;
  std::string reason;
  std::optional<executor::v1::JobResult> result;
  if (report.ok()) {
    reason = absl::StrCat("trained ", report->steps, report->steps == 1 ? " step" : " steps",
                          report->ended_by_time       ? " and was stopped by max_seconds"
                          : report->ended_by_patience ? " and was stopped by patience"
                                                      : "");
    result = EncodeReport(*report);
  } else if (stopped) {
    state = executor::v1::JOB_STATE_CANCELLED;
    reason = asked.reason;
  } else {
    state = executor::v1::JOB_STATE_FAILED;
    reason = ReasonOf(report.status());
  }
  store_.End(id, state, reason, result);
}

}  // namespace recurve
