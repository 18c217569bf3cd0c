// SPDX-License-Identifier: Apache-2.0
//
// The fields of job plans, step records and reports, for JSON and messages.
#include "executor/job/training_job.h"

namespace recurve {
namespace {

// Derived from other fields: written, but ignored when read.
void VisitDerived(const char* name, int64_t value, FieldVisitor& visitor) { visitor.Count({name}, {}, value); }
void VisitDerived(const char* name, double value, FieldVisitor& visitor) { visitor.Real({name}, {}, value); }

void VisitHost(JobPlan& plan, FieldVisitor& visitor) {
  visitor.Count({"host_bytes"}, {}, plan.host_bytes);
  visitor.Count({"host_stores_per_batch"}, {}, plan.host.writes);
  visitor.Count({"host_fetches_per_batch"}, {}, plan.host.reads);
  visitor.Real({"host_store_seconds"}, {}, plan.transfers.store_seconds);
  visitor.Real({"host_fetch_seconds"}, {}, plan.transfers.fetch_seconds);
}

}  // namespace

// Only states, tapes and workspace depend on the plan.
int64_t JobPlan::store_all_activation_bytes() const {
  return store_all_bytes - (ledger.total() - ledger.activations());
}

double JobPlan::recompute_ratio() const {
  return links == 0 ? 0 : static_cast<double>(plan.forward_count) / static_cast<double>(links);
}

void VisitFields(JobPlan& plan, FieldVisitor& visitor) {
  visitor.Enum({"strategy"}, kStrategyNames, plan.plan.strategy);
  VisitDerived("planned_peak_bytes", plan.ledger.total(), visitor);
  visitor.Fields({"ledger"}, plan.ledger);
  VisitDerived("activation_bytes", plan.ledger.activations(), visitor);
  visitor.Count({"store_all_bytes"}, {}, plan.store_all_bytes);
  VisitDerived("store_all_activation_bytes", plan.store_all_activation_bytes(), visitor);
  visitor.Count({"forward_count_per_batch"}, {}, plan.plan.forward_count);
  VisitDerived("recompute_ratio", plan.recompute_ratio(), visitor);
  visitor.Real({"predicted_seconds_per_batch"}, {}, plan.plan.predicted_seconds);
  visitor.Count({"link"}, {}, plan.link);
  visitor.Count({"links"}, {}, plan.links);
  visitor.Count({"state_bytes"}, {}, plan.state_bytes);
  visitor.Count({"tape_bytes"}, {}, plan.tape_bytes);
  visitor.Count({"store_budget_bytes"}, {}, plan.store_budget_bytes);
  visitor.Count({"store_peak_bytes"}, {}, plan.plan.peak_bytes);
  VisitHost(plan, visitor);
  visitor.Text({"model"}, plan.model);
  visitor.Count({"parameters"}, {}, plan.parameters);
  visitor.Fields({"data"}, plan.data);
  visitor.Count({"plans"}, {}, plan.plans);
  visitor.Count({"evaluation_bytes"}, {}, plan.evaluation_bytes);
  visitor.Text({"device"}, plan.device);
  visitor.Texts({"notes"}, plan.notes);
}

void VisitFields(StepRecord& record, FieldVisitor& visitor) {
  visitor.Count({"step"}, {}, record.step);
  visitor.Count({"predictions"}, {}, record.predictions);
  visitor.Count({"positions"}, {}, record.positions);
  visitor.Real({"loss"}, {}, record.loss);
  visitor.Fields({"metric"}, record.metric);
  visitor.Real({"gradient_norm"}, {}, record.gradient_norm);
  visitor.Real({"learning_rate"}, {}, record.learning_rate);
  visitor.Real({"seconds"}, {}, record.seconds);
  visitor.Real({"batch_seconds"}, {}, record.batch_seconds);
  visitor.Real({"predicted_seconds"}, {}, record.predicted_seconds);
  visitor.Real({"prediction_ratio"}, {}, record.prediction_ratio);
  visitor.Count({"measured_peak_bytes"}, {}, record.measured_peak_bytes);
  visitor.Count({"measured_host_peak_bytes"}, {}, record.measured_host_peak_bytes);
  visitor.Count({"plain_forwards"}, {}, record.plain_forwards);
  visitor.Count({"taped_forwards"}, {}, record.taped_forwards);
}

void VisitFields(JobReport& report, FieldVisitor& visitor) {
  visitor.Count({"steps"}, {}, report.steps);
  visitor.Flag({"ended_by_time"}, report.ended_by_time);
  visitor.Real({"loss"}, {}, report.loss);
  visitor.Fields({"metric"}, report.metric);
  visitor.Fields({"evaluation"}, report.evaluation);
  visitor.Count({"planned_peak_bytes"}, {}, report.planned_peak_bytes);
  visitor.Count({"measured_peak_bytes"}, {}, report.measured_peak_bytes);
  visitor.Count({"planned_host_peak_bytes"}, {}, report.planned_host_peak_bytes);
  visitor.Count({"measured_host_peak_bytes"}, {}, report.measured_host_peak_bytes);
  visitor.Count({"resident_peak_bytes"}, {}, report.resident_peak_bytes);
  visitor.Count({"forward_count_per_batch"}, {}, report.forward_count_per_batch);
  visitor.Real({"seconds_per_batch"}, {}, report.seconds_per_batch);
  visitor.Real({"predicted_seconds_per_batch"}, {}, report.predicted_seconds_per_batch);
  visitor.Real({"predictions_per_second"}, {}, report.predictions_per_second);
  visitor.Real({"padding_share"}, {}, report.padding_share);
  visitor.Text({"weights_sha256"}, report.weights_sha256);
  visitor.Flag({"ended_by_patience"}, report.ended_by_patience);
  visitor.Count({"best_step"}, {}, report.best_step);
  visitor.Real({"best_metric"}, {}, report.best_metric);
}

}  // namespace recurve
