// SPDX-License-Identifier: Apache-2.0
//
// A minimal second task: regression on dense input. Each sequence consists of random numbers, and the model predicts at
// each step the number that it read `lag` steps before.
#ifndef RECURVE_TESTS_EXECUTOR_TASK_COPY_COPY_TASK_H_
#define RECURVE_TESTS_EXECUTOR_TASK_COPY_COPY_TASK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "executor/task/task.h"
#include "planner_service/model/model_config.h"

namespace recurve {

struct CopySpec {
  int64_t lag = 2;  // 1..length - 1
  ModelConfig model;
  bool links_differ = false;  // states and tapes have unused bytes at the end, a different number for each link
};

class CopyOptions final : public TaskOptions, public CopySpec {
 public:
  explicit CopyOptions(CopySpec spec) : CopySpec(std::move(spec)) {}
  std::unique_ptr<TaskOptions> Clone() const override { return std::make_unique<CopyOptions>(*this); }

  std::string_view task() const override { return "copy"; }
  void VisitFields(FieldVisitor& visitor) override;
  absl::Status Check() const override { return absl::OkStatus(); }
  std::vector<Input> Inputs() override { return {}; }
  double& holdout() override { return holdout_; }
  bool ragged() const override { return false; }

  absl::StatusOr<std::unique_ptr<TaskData>> Open(const InputFiles& inputs, const BatchOptions& batch,
                                                 const CancelCheck& cancelled) const override;

  ModelFactory Model() const override;
  ParameterLayout Layout() const override;
  std::string Describe() const override;
  std::string Title() const override { return "copying network"; }
  int64_t StepOperations(int64_t batch) const override { return batch * model.hidden * model.hidden; }
  absl::Status CheckCountable(int64_t /*length*/, int64_t /*batch*/) const override { return absl::OkStatus(); }
  int64_t EvaluationBytes(Backend& /*backend*/) const override { return 0; }
  Metric MetricOf(double loss) const override {
    return {.name = "squared_error", .value = loss, .unit = "mean squared error"};
  }
  absl::StatusOr<Metric> EvaluateFile(const Parameters&, const InputFile&, double, Backend&, const CancelCheck&,
                                      const EvaluationProgress&) const override {
    return absl::UnimplementedError("the copy task reads no files");
  }
  absl::Status Sample(const Parameters&, const SampleOptions&, Backend&,
                      const std::function<bool(char)>&) const override {
    return absl::UnimplementedError("the copy task writes no text");
  }

 private:
  double holdout_ = 0.5;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TASK_COPY_COPY_TASK_H_
