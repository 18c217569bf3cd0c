// SPDX-License-Identifier: Apache-2.0
//
// The seam between what trains, plans and serves any model, and the tasks.
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

// How well a model does, in the task's own measure.
struct Metric {
  std::string name;  // "bits_per_byte"
  double value = 0;
  std::string unit;  // "bits per byte"
};
void VisitFields(Metric& metric, FieldVisitor& visitor);

// The sequences of data whose sequences have lengths of their own. Lengths are in steps.
struct SequenceSummary {
  int64_t count = 0;  // to train on
  int64_t empty = 0;  // left out
  int64_t cut = 0;    // longer than the job's length; only the beginning is kept
  int64_t shortest = 0;
  int64_t median = 0;
  int64_t longest = 0;
  int64_t held_out = 0;
};
void VisitFields(SequenceSummary& sequences, FieldVisitor& visitor);

// What there is to train and to evaluate on.
struct DataSummary {
  std::string unit = "byte";  // what the sizes count, in the singular
  int64_t train = 0;
  int64_t held_out = 0;
  std::optional<SequenceSummary> sequences;  // none: all of one length
};
void VisitFields(DataSummary& data, FieldVisitor& visitor);

// Where a batch goes: a block in host memory, laid out for `shape` as the task's model says
// (TrainableModel::TakeBatch). Steps from `steps` on need not be written.
struct HostBatch {
  std::byte* block;
  SequenceShape shape;
  int64_t steps;
};

// Told now and then how much has been evaluated so far, in DataSummary's unit.
using EvaluationProgress = std::function<void(int64_t done)>;

// The data of a job, opened. Batches are numbered 0, 1, ... without end; the same number is always the same batch, as
// long as the files stay as they are. Not thread-safe.
//
// Every method that may read a file returns CANCELLED when asked to stop, and DATA_LOSS when a file has become shorter
// or is no longer what it was.
class TaskData {
 public:
  virtual ~TaskData() = default;

  virtual DataSummary Summary() const = 0;
  // Every length that the longest sequence of a batch may have, in steps, increasing, at least one.
  virtual const std::vector<int64_t>& lengths() const = 0;
  // Memory that finding the batches takes, such as an index, at most.
  virtual int64_t HeldBytes() const = 0;
  // What happened to the files since they were opened, as a sentence; empty: nothing.
  virtual std::string Change() const = 0;

  // Whether no state may be carried into batch `index` from the one before.
  virtual bool StartsAfresh(int64_t index) const = 0;
  // Steps of the longest sequence of batch `index`, at least 1.
  virtual absl::StatusOr<int64_t> StepsOf(int64_t index, const CancelCheck& cancelled) = 0;
  virtual absl::Status Fill(int64_t index, const HostBatch& batch, const CancelCheck& cancelled) = 0;

  // Whether there is anything held out that a model can be evaluated on.
  virtual bool holds_out() const = 0;
  // How well `parameters` do on what is held out; holds_out() must be true.
  virtual absl::StatusOr<Metric> Evaluate(const Parameters& parameters, Backend& backend, const CancelCheck& cancelled,
                                          const EvaluationProgress& progress) const = 0;
};

// What decides the batches besides the task's own options.
struct BatchOptions {
  int64_t batch = 1;   // sequences
  int64_t length = 1;  // steps of a sequence, at most
  uint64_t seed = 1;   // of whatever is drawn
};

struct SampleOptions {
  std::string prompt;        // read before sampling; may be empty
  int64_t bytes = 200;       // to sample
  double temperature = 1.0;  // > 0; 0 takes the likeliest
  uint64_t seed = 1;
};

// What one task is asked to do: on which data to train which model. A value behind an interface; the struct of each
// task (executor/task/<task>/) derives from this. How to add a task: CONTRIBUTING.md.
class TaskOptions {
 public:
  virtual ~TaskOptions() = default;
  virtual std::unique_ptr<TaskOptions> Clone() const = 0;

  virtual std::string_view task() const = 0;  // its name in the registry: "language_model"
  virtual void VisitFields(FieldVisitor& visitor) = 0;
  // What ranges cannot say. INVALID_ARGUMENT names the field, its value and its range.
  virtual absl::Status Check() const = 0;
  // The files to read, by field. They may be changed, as by a daemon that confines them to a directory.
  struct Input {
    const char* field;   // "data_path"
    const char* option;  // "--data"
    std::string* path;
  };
  virtual std::vector<Input> Inputs() = 0;
  // The share of the data that is kept for evaluation; the caller may set it, or read it.
  virtual double& holdout() = 0;
  // Whether sequences have lengths of their own; a batch then never goes on from the state of the one before.
  virtual bool ragged() const = 0;

  virtual absl::StatusOr<std::unique_ptr<TaskData>> Open(const BatchOptions& batch,
                                                         const CancelCheck& cancelled) const = 0;

  // The model.
  virtual ModelFactory Model() const = 0;
  virtual ParameterLayout Layout() const = 0;
  // One line of JSON from which the model can be built again: the `recurve` metadata of its file, and what measured
  // link costs depend on. Its "format" is the one of the registry.
  virtual std::string Describe() const = 0;
  virtual std::string Title() const = 0;  // for people: "byte-level LSTM, 1 layer of 256"
  // Multiply-adds of a step that depend on the step before, which all threads share.
  virtual int64_t StepOperations(int64_t batch) const = 0;
  // INVALID_ARGUMENT when the bytes of its activations overflow.
  virtual absl::Status CheckCountable(int64_t length, int64_t batch) const = 0;
  // Device memory that TaskData::Evaluate takes, but for what the backend holds for itself.
  virtual int64_t EvaluationBytes(Backend& backend) const = 0;
  // A mean loss in the measure of Evaluate.
  virtual Metric MetricOf(double loss) const = 0;

  // A trained model at work. `file` to evaluate on, its last `share` only.
  virtual absl::StatusOr<Metric> EvaluateFile(const Parameters& parameters, const InputFile& file, double share,
                                              Backend& backend, const CancelCheck& cancelled,
                                              const EvaluationProgress& progress) const = 0;
  // Gives each sampled byte to `emit` as it comes; stops early when `emit` returns false.
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
  // The options of a task that the caller knows it to be.
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

// What a model file holds.
struct TrainedModel {
  TaskSpec task;
  Parameters parameters;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_TASK_H_
