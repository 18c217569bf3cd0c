// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_OPTIONS_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/task/task.h"
#include "planner_service/fields/field.h"
#include "planner_service/model/model_config.h"

namespace recurve {

// The kind of sequences in a batch.
enum class Sequences : uint8_t {
  kWindows,  // the text is split into streams, and these into consecutive windows of `length` steps
  kLines,    // each non-empty line is a sequence; the lines of a batch have similar lengths
};
inline constexpr Named<Sequences> kSequences[] = {{"windows", Sequences::kWindows}, {"lines", Sequences::kLines}};

struct LanguageModelSpec {
  std::string data_path;  // a file of bytes
  double holdout = 0.05;  // share of it, at its end, held out for evaluation, [0, 0.5]; 0: no evaluation
  Sequences sequences = Sequences::kWindows;
  ModelConfig model;
};

// A byte-level language model: predicts the next byte of a text from all bytes before it.
class LanguageModelOptions final : public TaskOptions, public LanguageModelSpec {
 public:
  static constexpr std::string_view kFormat = "byte-rnn-1";

  LanguageModelOptions() = default;
  explicit LanguageModelOptions(LanguageModelSpec spec) : LanguageModelSpec(std::move(spec)) {}
  std::unique_ptr<TaskOptions> Clone() const override { return std::make_unique<LanguageModelOptions>(*this); }

  std::string_view task() const override { return "language_model"; }
  void VisitFields(FieldVisitor& visitor) override;
  absl::Status Check() const override;
  std::vector<Input> Inputs() override { return {{"data_path", "--data", &data_path}}; }
  double& holdout() override { return LanguageModelSpec::holdout; }
  bool ragged() const override { return sequences == Sequences::kLines; }

  absl::StatusOr<std::unique_ptr<TaskData>> Open(const InputFiles& inputs, const BatchOptions& batch,
                                                 const CancelCheck& cancelled) const override;

  ModelFactory Model() const override;
  ParameterLayout Layout() const override;
  std::string Describe() const override;
  std::string Title() const override;
  int64_t StepOperations(int64_t batch) const override;
  absl::Status CheckCountable(int64_t length, int64_t batch) const override;
  int64_t EvaluationBytes(Backend& backend) const override;
  Metric MetricOf(double loss) const override;

  absl::StatusOr<Metric> EvaluateFile(const Parameters& parameters, const InputFile& file, double share,
                                      Backend& backend, const CancelCheck& cancelled,
                                      const EvaluationProgress& progress) const override;
  absl::Status Sample(const Parameters& parameters, const SampleOptions& options, Backend& backend,
                      const std::function<bool(char)>& emit) const override;
};

// The metric for a value in bits per byte.
Metric BitsPerByte(double bits);

// The factory of language models of one configuration.
ModelFactory LanguageModelFactory(const ModelConfig& config);

// For the registry.
std::unique_ptr<TaskOptions> MakeLanguageModelOptions();
absl::StatusOr<std::unique_ptr<TaskOptions>> ParseLanguageModelOptions(const std::string& description);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_OPTIONS_H_
