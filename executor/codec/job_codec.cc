// SPDX-License-Identifier: Apache-2.0
#include "executor/codec/job_codec.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planner_service/codec/field_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// The longest path on Linux, without its terminating zero.
constexpr size_t kMaxPathBytes = 4095;

absl::Status CheckPath(const char* field, const std::string& path) {
  if (path.size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", path.size(), " bytes; must have at most ", kMaxPathBytes, ". Use a shorter path"));
  }
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(field, " contains a zero byte; a path must not contain one"));
  }
  return absl::OkStatus();
}

}  // namespace

executor::v1::JobSpec EncodeJobSpec(const JobSpec& spec) {
  auto message = EncodeAs<executor::v1::JobSpec>(spec);
  message.set_carry_state(CarriesState(spec));
  return message;
}

absl::StatusOr<JobSpec> DecodeJobSpec(const executor::v1::JobSpec& message) {
  if (message.task_case() == executor::v1::JobSpec::TASK_NOT_SET) {
    return absl::InvalidArgumentError("task is unset; set language_model");
  }
  if (message.memory_case() == executor::v1::JobSpec::kAllFree && !message.all_free()) {
    return absl::InvalidArgumentError("all_free is false; must be true, or set memory_bytes or activation_share");
  }
  ASSIGN_OR_RETURN(JobSpec spec, DecodeFields<JobSpec>(message));
  RETURN_IF_ERROR(CheckPath("save_path", spec.save_path));
  for (const TaskOptions::Input& input : spec.task->Inputs()) RETURN_IF_ERROR(CheckPath(input.field, *input.path));
  RETURN_IF_ERROR(CheckJobSpec(spec));
  return spec;
}

executor::v1::Metric EncodeMetric(const Metric& metric) { return EncodeAs<executor::v1::Metric>(metric); }

executor::v1::Progress EncodeProgress(const StepRecord& record) { return EncodeAs<executor::v1::Progress>(record); }

executor::v1::JobResult EncodeReport(const JobReport& report) { return EncodeAs<executor::v1::JobResult>(report); }

executor::v1::PlanSummary EncodePlanSummary(const JobPlan& plan, executor::v1::PlanSource source) {
  auto message = EncodeAs<executor::v1::PlanSummary>(plan);
  message.set_source(source);
  return message;
}

Metric DecodeMetric(const executor::v1::Metric& message) { return FieldsOfMessage<Metric>(message); }

StepRecord DecodeProgress(const executor::v1::Progress& message) { return FieldsOfMessage<StepRecord>(message); }

JobReport DecodeReport(const executor::v1::JobResult& message) { return FieldsOfMessage<JobReport>(message); }

JobPlan DecodePlanSummary(const executor::v1::PlanSummary& message) { return FieldsOfMessage<JobPlan>(message); }

}  // namespace recurve
