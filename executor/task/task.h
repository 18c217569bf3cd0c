// SPDX-License-Identifier: Apache-2.0
//
// The interface between the tasks and the code that trains, plans and serves any model.
#ifndef RECURVE_EXECUTOR_TASK_TASK_H_
#define RECURVE_EXECUTOR_TASK_TASK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/data/input_file.h"
#include "executor/model/parameters.h"
#include "executor/model/trainable_model.h"
#include "planner_service/fields/field.h"
#include "planner_service/model/sequence_shape.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// The quality of a model, in the task's own metric.
struct Metric {
  std::string name;  // "bits_per_byte"
  double value = 0;
  std::string unit;  // "bits per byte"
};
void VisitFields(Metric& metric, FieldVisitor& visitor);

// Statistics of data with sequences of different lengths. Lengths are in steps.
struct SequenceSummary {
  int64_t count = 0;  // to train on
  int64_t empty = 0;  // skipped because empty
  int64_t cut = 0;    // truncated to the job's length
  int64_t shortest = 0;
  int64_t median = 0;
  int64_t longest = 0;
  int64_t held_out = 0;
};
void VisitFields(SequenceSummary& sequences, FieldVisitor& visitor);

// The amount of data to train and evaluate on.
struct DataSummary {
  std::string unit = "byte";  // the unit of the sizes, in the singular
  int64_t train = 0;
  int64_t held_out = 0;
  std::optional<SequenceSummary> sequences;  // none if all have the same length
};
void VisitFields(DataSummary& data, FieldVisitor& visitor);

// The destination of a batch: a block in host memory, in the layout of the task's model for `shape`
// (TrainableModel::TakeBatch). Steps from `steps` on need not be written.
struct HostBatch {
  std::byte* block;
  SequenceShape shape;
  int64_t steps;
};

// Called repeatedly with the amount evaluated so far, in DataSummary's unit.
using EvaluationProgress = std::function<void(int64_t done)>;

// The opened data of a job: an infinite sequence of batches numbered from 0. A number always yields the same batch, as
// long as the files do not change. Not thread-safe.
//
// Every method that may read a file returns CANCELLED if cancelled, and DATA_LOSS if a file has been truncated or
// changed.
class TaskData {
 public:
  virtual ~TaskData() = default;

  virtual DataSummary Summary() const = 0;
  // All possible lengths of the longest sequence of a batch, in steps, increasing. Not empty.
  virtual const std::vector<int64_t>& lengths() const = 0;
  // An upper bound in bytes for the memory held to find batches, such as an index.
  virtual int64_t HeldBytes() const = 0;
  // A description of how the files changed since they were opened; empty if they did not.
  virtual std::string Change() const = 0;

  // Whether batch `index` must not continue from the state of the previous batch.
  virtual bool StartsAfresh(int64_t index) const = 0;
  // Steps of the longest sequence of batch `index`, at least 1.
  virtual absl::StatusOr<int64_t> StepsOf(int64_t index, const CancelCheck& cancelled) = 0;
  virtual absl::Status Fill(int64_t index, const HostBatch& batch, const CancelCheck& cancelled) = 0;

  // Whether any data is held out for evaluation.
  virtual bool holds_out() const = 0;
  // Evaluates `parameters` on the held-out data; holds_out() must be true.
  virtual absl::StatusOr<Metric> Evaluate(const Parameters& parameters, Backend& backend, const CancelCheck& cancelled,
                                          const EvaluationProgress& progress) const = 0;
};

// The options, besides the task's own, that determine the batches.
struct BatchOptions {
  int64_t batch = 1;   // sequences
  int64_t length = 1;  // maximum steps of a sequence
  uint64_t seed = 1;   // for random order
};

struct SampleOptions {
  std::string prompt;        // read before sampling; may be empty
  int64_t bytes = 200;       // to sample
  double temperature = 1.0;  // >= 0; 0 picks the most likely byte
  uint64_t seed = 1;
};

// The options of a task: the data and the model to train. The options struct of each task (executor/task/<task>/)
// derives from this. How to add a task: CONTRIBUTING.md.
class TaskOptions {
 public:
  virtual ~TaskOptions() = default;
  virtual std::unique_ptr<TaskOptions> Clone() const = 0;

  virtual std::string_view task() const = 0;  // its name in the registry: "language_model"
  virtual void VisitFields(FieldVisitor& visitor) = 0;
  // Checks what ranges cannot express. INVALID_ARGUMENT names the field, its value and its range.
  virtual absl::Status Check() const = 0;
  // The input files by field. Callers may change the paths.
  struct Input {
    const char* field;   // "data_path"
    const char* option;  // "--data"
    std::string* path;
  };
  virtual std::vector<Input> Inputs() = 0;
  // The share of the data held out for evaluation; callers may change it.
  virtual double& holdout() = 0;
  // Whether sequences differ in length. A batch then never continues from the state of the previous one.
  virtual bool ragged() const = 0;

  // `inputs` are the files of Inputs(), in that order: tasks open none by name, since paths may be confined.
  virtual absl::StatusOr<std::unique_ptr<TaskData>> Open(const InputFiles& inputs, const BatchOptions& batch,
                                                         const CancelCheck& cancelled) const = 0;

  // The model.
  virtual ModelFactory Model() const = 0;
  virtual ParameterLayout Layout() const = 0;
  // One line of JSON from which the model can be rebuilt. It is the `recurve` metadata of the model file, and part of
  // the key of measured link costs. Its "format" is that of the registry.
  virtual std::string Describe() const = 0;
  virtual std::string Title() const = 0;  // for display: "byte-level LSTM, 1 layer of 256"
  // Multiply-adds of a step that depend on the previous step; threads share them.
  virtual int64_t StepOperations(int64_t batch) const = 0;
  // INVALID_ARGUMENT if the bytes of its activations overflow int64.
  virtual absl::Status CheckCountable(int64_t length, int64_t batch) const = 0;
  // Bytes of device memory that TaskData::Evaluate needs, without the backend's own.
  virtual int64_t EvaluationBytes(Backend& backend) const = 0;
  // Converts a mean loss to the metric of Evaluate.
  virtual Metric MetricOf(double loss) const = 0;

  // Evaluates a trained model on the last `share` of `file`.
  virtual absl::StatusOr<Metric> EvaluateFile(const Parameters& parameters, const InputFile& file, double share,
                                              Backend& backend, const CancelCheck& cancelled,
                                              const EvaluationProgress& progress) const = 0;
  // Passes each sampled byte to `emit` immediately; stops early if `emit` returns false.
  virtual absl::Status Sample(const Parameters& parameters, const SampleOptions& options, Backend& backend,
                              const std::function<bool(char)>& emit) const = 0;
};

// A copyable holder of a task's options.
class TaskSpec {
 public:
  template <typename Options, typename = std::enable_if_t<std::is_base_of_v<TaskOptions, Options>>>
  TaskSpec(Options options) : options_(std::make_unique<Options>(std::move(options))) {}  // NOLINT: a value of any task
  explicit TaskSpec(std::unique_ptr<TaskOptions> options) : options_(std::move(options)) {}
  TaskSpec(const TaskSpec& other) : options_(other.options_->Clone()) {}
  TaskSpec(TaskSpec&&) = default;
  TaskSpec& operator=(TaskSpec other) {
    options_ = std::move(other.options_);
    return *this;
  }

  TaskOptions* operator->() { return options_.get(); }
  const TaskOptions* operator->() const { return options_.get(); }
  // The options as those of a known task.
  template <typename Options>
  Options& As() {
    return static_cast<Options&>(*options_);
  }
  template <typename Options>
  const Options& As() const {
    return static_cast<const Options&>(*options_);
  }

 private:
  std::unique_ptr<TaskOptions> options_;
};

// The contents of a model file.
struct TrainedModel {
  TaskSpec task;
  Parameters parameters;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_TASK_H_
