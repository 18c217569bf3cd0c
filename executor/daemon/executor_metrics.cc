// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_metrics.h"

#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace recurve {
namespace {

using executor::v1::JobState;

prometheus::Family<prometheus::Counter>& NewCounters(prometheus::Registry& registry, const char* name,
                                                     const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& NewGauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

prometheus::Histogram& NewHistogram(prometheus::Registry& registry, const char* name, const char* help,
                                    const prometheus::Histogram::BucketBoundaries& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

// "JOB_STATE_RUNNING" is "running" in a label.
std::string Label(const std::string& enum_name, absl::string_view prefix) {
  return absl::AsciiStrToLower(enum_name.substr(prefix.size()));
}
std::string StateLabel(JobState state) { return Label(executor::v1::JobState_Name(state), "JOB_STATE_"); }
std::string SourceLabel(executor::v1::PlanSource source) {
  return Label(executor::v1::PlanSource_Name(source), "PLAN_SOURCE_");
}

// The budget that the user's limit implies. A share of the activations limits only the store; the rest is added.
double BudgetBytes(const JobSpec& spec, const JobPlan& plan) {
  if (const auto* total = std::get_if<TotalBytes>(&spec.memory)) return static_cast<double>(total->bytes);
  return static_cast<double>(plan.ledger.total() - plan.plan.peak_bytes + plan.store_budget_bytes);
}

}  // namespace

ExecutorMetrics::ExecutorMetrics(prometheus::Registry& registry, const std::string& version, Losses losses,
                                 std::function<absl::Time()> clock)
    : losses_(losses),
      clock_(std::move(clock)),
      requests_(NewCounters(registry, "recurve_executor_requests_total", "RPCs answered, by method and gRPC code.")),
      watchers_(NewGauges(registry, "recurve_executor_watchers", "Open WatchJob streams.").Add({})),
      transfers_(NewGauges(registry, "recurve_executor_transfers", "Open streams of uploads and downloads.").Add({})),
      jobs_(NewGauges(registry, "recurve_executor_jobs", "Jobs known to the daemon, by state.")),
      device_size_bytes_(NewGauges(registry, "recurve_executor_device_size_bytes", "Memory that a device has.")),
      device_budget_bytes_(NewGauges(registry, "recurve_executor_device_budget_bytes",
                                     "Memory of a device that jobs may use (--device-memory).")),
      device_promised_bytes_(NewGauges(registry, "recurve_executor_device_promised_bytes",
                                       "Memory of a device that is promised to jobs.")),
      device_free_bytes_(NewGauges(registry, "recurve_executor_device_free_bytes",
                                   "Memory of a device's budget that is not promised to a job.")),
      ended_jobs_(NewCounters(registry, "recurve_executor_jobs_ended_total", "Jobs that ended, by final state.")),
      queue_wait_(NewHistogram(registry, "recurve_executor_queue_wait_seconds",
                               "Time from the acceptance of a job to its start.",
                               {0.01, 0.1, 1, 10, 60, 300, 1800, 7200, 43200, 172800})),
      plans_(NewCounters(
          registry, "recurve_executor_plans_total",
          "Plans used by jobs, by source: the planner service (remote) or the planner in the daemon (embedded).")),
      planner_fallbacks_(
          NewCounters(registry, "recurve_executor_planner_fallbacks_total",
                      "Jobs that stopped using the planner service, by reason: it was unavailable or overloaded, timed "
                      "out, returned an error, or returned a plan that is invalid or worse than the daemon's own.")),
      budget_refusals_(NewCounters(registry, "recurve_executor_budget_refusals_total",
                                   "Jobs refused because their memory limit is too low.")
                           .Add({})),
      quota_refusals_(NewCounters(registry, "recurve_executor_quota_refusals_total",
                                  "Calls and jobs refused because of a quota of their owner, by quota: queued, jobs, "
                                  "running_bytes, watchers, transfers, stored_bytes.")),
      broken_promises_(NewCounters(registry, "recurve_executor_broken_promises_total",
                                   "Runs of jobs whose measured peak exceeded the planned one.")
                           .Add({})),
      resumed_jobs_(
          NewCounters(registry, "recurve_executor_jobs_resumed_total", "Runs of jobs that continued from a checkpoint.")
              .Add({})),
      plain_forwards_(NewCounters(registry, "recurve_executor_forwards_total",
                                  "Link forwards done, with (taped) and without (plain) tape.")
                          .Add({{"kind", "plain"}})),
      taped_forwards_(NewCounters(registry, "recurve_executor_forwards_total",
                                  "Link forwards done, with (taped) and without (plain) tape.")
                          .Add({{"kind", "taped"}})),
      steps_(NewCounters(registry, "recurve_executor_steps_total", "Optimizer steps done.").Add({})),
      tokens_(NewCounters(registry, "recurve_executor_tokens_total",
                          "Tokens trained on: bytes predicted, without padding and truncated parts of lines.")
                  .Add({})),
      checkpoint_seconds_(NewHistogram(registry, "recurve_executor_checkpoint_seconds",
                                       "Time to write a checkpoint or a model file.",
                                       {0.001, 0.01, 0.1, 1, 10, 60, 300})),
      checkpoint_failures_(NewCounters(registry, "recurve_executor_checkpoint_failures_total",
                                       "Checkpoints that could not be written; training went on.")
                               .Add({})),
      budget_bytes_(NewGauges(registry, "recurve_executor_budget_bytes",
                              "Bytes that a running job may use on the device in total.")),
      planned_peak_bytes_(
          NewGauges(registry, "recurve_executor_planned_peak_bytes", "Planned peak of live bytes of a running job.")),
      measured_peak_bytes_(NewGauges(registry, "recurve_executor_measured_peak_bytes",
                                     "Measured peak of live bytes of a running job so far.")),
      planned_host_peak_bytes_(NewGauges(registry, "recurve_executor_planned_host_peak_bytes",
                                         "Planned peak of state bytes of a running job on the host.")),
      measured_host_peak_bytes_(NewGauges(registry, "recurve_executor_measured_host_peak_bytes",
                                          "Measured peak of state bytes of a running job on the host so far.")),
      store_all_bytes_(NewGauges(registry, "recurve_executor_store_all_bytes",
                                 "Bytes that store-all (every tape kept) would need for a running job.")),
      arena_bytes_(NewGauges(
          registry, "recurve_executor_arena_bytes",
          "Bytes of the arena by kind at the measured peak of a running job so far; their sum is that peak.")),
      link_graphs_(NewGauges(registry, "recurve_executor_link_graphs",
                             "Graphs of links that a running job's device has captured, or failed to capture: those "
                             "links run step by step, which is slower.")),
      link_runs_(NewGauges(registry, "recurve_executor_link_runs",
                           "Links that a running job's device ran as one kernel (persistent), as a graph (graph), or "
                           "step by step (steps).")),
      planned_recompute_(NewGauges(registry, "recurve_executor_planned_recompute_ratio",
                                   "Planned link forwards per link of a batch, for lines of the longest batch; 1: no "
                                   "recomputation.")),
      measured_recompute_(NewGauges(registry, "recurve_executor_measured_recompute_ratio",
                                    "Link forwards per link of the last batch, as counted by the engine.")),
      predicted_seconds_(NewGauges(registry, "recurve_executor_predicted_batch_seconds",
                                   "Predicted time of forward and backward of a batch, from measured link costs.")),
      measured_seconds_(NewGauges(registry, "recurve_executor_measured_batch_seconds",
                                  "Measured time of forward and backward of the last batch.")),
      prediction_ratio_(
          NewGauges(registry, "recurve_executor_prediction_ratio",
                    "Ratio of measured to predicted time of forward and backward, median of the last batches.")),
      step_(NewGauges(registry, "recurve_executor_step", "Optimizer steps done by a running job.")),
      loss_(NewGauges(registry, "recurve_executor_loss_nats", "Mean loss per prediction of the last step, in nats.")),
      gradient_norm_(NewGauges(registry, "recurve_executor_gradient_norm",
                               "Global norm of the gradient of the last batch, before clipping.")),
      evaluation_(
          NewGauges(registry, "recurve_executor_evaluation",
                    "The task's metric on the held-out part, such as bits per byte, when it was last evaluated.")),
      last_checkpoint_(
          NewGauges(registry, "recurve_executor_last_checkpoint_timestamp_seconds",
                    "When a running job last wrote a checkpoint or its model file, in seconds since 1970.")),
      run_start_(NewGauges(registry, "recurve_executor_run_start_timestamp_seconds",
                           "When a running job began to train, or to continue, in seconds since 1970.")),
      last_progress_(NewGauges(registry, "recurve_executor_last_progress_timestamp_seconds",
                               "When a running job last finished a step, advanced an evaluation or wrote a checkpoint, "
                               "in seconds since 1970.")) {
  NewGauges(registry, "recurve_executor_build_info", "Always 1; the label is the version.")
      .Add({{"version", version}})
      .Set(1);
  for (const JobState state : {executor::v1::JOB_STATE_QUEUED, executor::v1::JOB_STATE_PLANNING,
                               executor::v1::JOB_STATE_RUNNING, executor::v1::JOB_STATE_PAUSED}) {
    AddJobs(state, 0);
  }
  for (const JobState state :
       {executor::v1::JOB_STATE_SUCCEEDED, executor::v1::JOB_STATE_FAILED, executor::v1::JOB_STATE_CANCELLED}) {
    AddJobs(state, 0);
    ended_jobs_.Add({{"state", StateLabel(state)}});
  }
  for (const char* quota : {"queued", "jobs", "running_bytes", "watchers", "transfers", "stored_bytes"}) {
    quota_refusals_.Add({{"quota", quota}});
  }
  for (const auto source : {executor::v1::PLAN_SOURCE_REMOTE, executor::v1::PLAN_SOURCE_EMBEDDED}) {
    plans_.Add({{"source", SourceLabel(source)}});
  }
  for (const FallbackReason reason : kFallbackReasons)
    planner_fallbacks_.Add({{"reason", std::string(ToString(reason))}});
}

void ExecutorMetrics::CountRequest(const std::string& method, absl::StatusCode code) {
  requests_.Add({{"method", method}, {"code", absl::StatusCodeToString(code)}}).Increment();
}

void ExecutorMetrics::AddWatchers(int delta) { watchers_.Increment(delta); }

void ExecutorMetrics::AddTransfers(int delta) { transfers_.Increment(delta); }

void ExecutorMetrics::AddJobs(JobState state, int delta) { jobs_.Add({{"state", StateLabel(state)}}).Increment(delta); }

void ExecutorMetrics::CountEnd(JobState state) { ended_jobs_.Add({{"state", StateLabel(state)}}).Increment(); }

void ExecutorMetrics::SetDevice(const DeviceBudget& device, int64_t promised) {
  const prometheus::Labels labels = {{"device", device.name}};
  device_size_bytes_.Add(labels).Set(static_cast<double>(device.total));
  device_budget_bytes_.Add(labels).Set(static_cast<double>(device.budget));
  device_promised_bytes_.Add(labels).Set(static_cast<double>(promised));
  device_free_bytes_.Add(labels).Set(static_cast<double>(device.budget - promised));
}

void ExecutorMetrics::ObserveQueueWait(absl::Duration wait) { queue_wait_.Observe(absl::ToDoubleSeconds(wait)); }

void ExecutorMetrics::CountPlan(executor::v1::PlanSource source) {
  plans_.Add({{"source", SourceLabel(source)}}).Increment();
}

void ExecutorMetrics::CountPlannerFallback(FallbackReason reason) {
  planner_fallbacks_.Add({{"reason", std::string(ToString(reason))}}).Increment();
}

void ExecutorMetrics::CountQuotaRefusal(const char* quota) { quota_refusals_.Add({{"quota", quota}}).Increment(); }

void ExecutorMetrics::CountBudgetRefusal() { budget_refusals_.Increment(); }

std::unique_ptr<JobMetrics> ExecutorMetrics::StartJob(const std::string& job_id, const JobSpec& spec,
                                                      const JobPlan& plan) {
  return std::make_unique<JobMetrics>(*this, job_id, spec, plan);
}

JobMetrics::JobMetrics(ExecutorMetrics& metrics, const std::string& job_id, const JobSpec& spec, const JobPlan& plan)
    : metrics_(metrics),
      job_id_(job_id),
      planned_peak_bytes_(plan.ledger.total()),
      planned_host_peak_bytes_(plan.host_bytes) {
  SetNow(metrics_.run_start_);
  SetNow(metrics_.last_progress_);
  Set(metrics_.budget_bytes_, BudgetBytes(spec, plan));
  Set(metrics_.planned_peak_bytes_, static_cast<double>(planned_peak_bytes_));
  Set(metrics_.planned_host_peak_bytes_, static_cast<double>(planned_host_peak_bytes_));
  Set(metrics_.store_all_bytes_, static_cast<double>(plan.store_all_bytes));
  Set(metrics_.planned_recompute_, static_cast<double>(plan.plan.forward_count) / static_cast<double>(plan.links));
  Set(metrics_.step_, 0);
  if (plan.plan.predicted_seconds.has_value()) Set(metrics_.predicted_seconds_, *plan.plan.predicted_seconds);
}

JobMetrics::~JobMetrics() {
  for (const auto& [family, gauge] : gauges_) family->Remove(gauge);
}

void JobMetrics::OnStep(const StepRecord& record) {
  const int64_t forwards = record.plain_forwards + record.taped_forwards;
  metrics_.plain_forwards_.Increment(static_cast<double>(record.plain_forwards));
  metrics_.taped_forwards_.Increment(static_cast<double>(record.taped_forwards));
  metrics_.steps_.Increment();
  metrics_.tokens_.Increment(static_cast<double>(record.predictions));
  SetNow(metrics_.last_progress_);
  if (record.measured_peak_bytes > planned_peak_bytes_ || record.measured_host_peak_bytes > planned_host_peak_bytes_) {
    if (!std::exchange(promise_broken_, true)) metrics_.broken_promises_.Increment();
  }
  Set(metrics_.measured_peak_bytes_, static_cast<double>(record.measured_peak_bytes));
  Set(metrics_.measured_host_peak_bytes_, static_cast<double>(record.measured_host_peak_bytes));
  // Each link of the batch runs exactly once with a tape, so taped forwards count the links.
  Set(metrics_.measured_recompute_, static_cast<double>(forwards) / static_cast<double>(record.taped_forwards));
  Set(metrics_.measured_seconds_, record.batch_seconds);
  Set(metrics_.prediction_ratio_, record.prediction_ratio);
  Set(metrics_.step_, static_cast<double>(record.step));
  SetLoss(metrics_.loss_, record.loss);
  SetLoss(metrics_.gradient_norm_, record.gradient_norm);
}

void JobMetrics::OnResume(int64_t, const std::vector<LossPoint>&) { metrics_.resumed_jobs_.Increment(); }

void JobMetrics::OnCheckpoint(const CheckpointRecord& record) {
  metrics_.checkpoint_seconds_.Observe(record.seconds);
  SetNow(metrics_.last_checkpoint_);
  SetNow(metrics_.last_progress_);
}

void JobMetrics::OnCheckpointFailed(int64_t, const absl::Status&) { metrics_.checkpoint_failures_.Increment(); }

void JobMetrics::OnEvaluationProgress(int64_t, int64_t) { SetNow(metrics_.last_progress_); }

void JobMetrics::OnEvaluation(int64_t, const Metric& metric) { SetLoss(metrics_.evaluation_, metric.value); }

void JobMetrics::OnLedger(const Ledger& peak) {
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    const auto memory = static_cast<MemoryKind>(kind);
    Set(metrics_.arena_bytes_, static_cast<double>(peak[memory]), std::string(ToString(memory)));
  }
}

void JobMetrics::OnLinkRuns(const LinkRuns& runs) {
  Set(metrics_.link_graphs_, static_cast<double>(runs.graphs), "captured");
  Set(metrics_.link_graphs_, static_cast<double>(runs.failed_graphs), "failed");
  Set(metrics_.link_runs_, static_cast<double>(runs.persistent), "persistent");
  Set(metrics_.link_runs_, static_cast<double>(runs.graph_launches), "graph");
  Set(metrics_.link_runs_, static_cast<double>(runs.one_by_one), "steps");
}

void JobMetrics::Set(ExecutorMetrics::Gauges& family, double value, const std::string& kind) {
  prometheus::Labels labels{{"job_id", job_id_}};
  if (!kind.empty()) labels["kind"] = kind;
  const bool known = family.Has(labels);
  prometheus::Gauge& gauge = family.Add(labels);
  gauge.Set(value);
  if (!known) gauges_.emplace_back(&family, &gauge);
}

void JobMetrics::SetNow(ExecutorMetrics::Gauges& family) {
  Set(family, static_cast<double>(absl::ToUnixMillis(metrics_.clock_())) / 1e3);
}

void JobMetrics::SetLoss(ExecutorMetrics::Gauges& family, double value) {
  if (metrics_.losses_ == ExecutorMetrics::Losses::kShown) Set(family, value);
}

}  // namespace recurve
