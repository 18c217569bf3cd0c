// SPDX-License-Identifier: Apache-2.0
//
// The checkpoints of a training job: when to write one, what is in it beside the trainer's state, and whether a job may
// continue from it.
#ifndef RECURVE_EXECUTOR_JOB_JOB_CHECKPOINTS_H_
#define RECURVE_EXECUTOR_JOB_JOB_CHECKPOINTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/checkpoint/checkpoint_directory.h"
#include "executor/engine/trainer.h"
#include "executor/job/best_evaluation.h"
#include "executor/job/checkpoint_options.h"
#include "executor/job/job_spec.h"
#include "executor/job/loss_history.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// An input file when its job started. Of files above kWholeFile, the digest is that of evenly spaced parts.
struct DataFile {
  static constexpr int64_t kWholeFile = 256 << 20;
  std::string field;  // of the task, such as "data_path"
  std::string path;
  int64_t size_bytes = 0;
  std::string sha256;
};
void VisitFields(DataFile& file, FieldVisitor& visitor);

// What a job needs to continue, beside the trainer's state. The position in the data, the order of batches and the
// dropout masks follow from the step and the seed.
struct TrainingProgress {
  int64_t step = 0;    // completed
  int64_t link = 0;    // k; another one would change the last bits of the weights
  double seconds = 0;  // of training, for max_seconds
  double loss = 0;     // of the last step
  std::string device;  // Backend::Describe of the last run
  BestEvaluation best;
  int64_t evaluated_step = 0;  // the last one with an evaluation; a stop may come between a step and its evaluation
  std::vector<DataFile> data;
  LossHistory history;
};

// When to write checkpoints. Without an interval, once a minute, or less often if they would otherwise take more than
// kMostCost of the time.
class CheckpointClock {
 public:
  static constexpr double kDefaultSeconds = 60;
  static constexpr double kMostCost = 0.01;

  explicit CheckpointClock(const Interval& interval) : interval_(interval) {}
  // `now` and `cost` in seconds.
  bool Due(int64_t step, double now) const;
  void Written(double now, double cost) { last_ = now, cost_ = cost; }

 private:
  const Interval interval_;
  double last_ = 0;
  double cost_ = 0;
};

// Sets the fields of `spec` to those of the job that wrote the newest good checkpoint, with an automatic link. Errors:
// those of CheckpointDirectory::Load; INVALID_ARGUMENT if it cannot be understood.
absl::Status ReadCheckpointedSpec(const std::string& directory, const CancelCheck& cancelled, JobSpec& spec);

// The checkpoints of one job. Not thread-safe. Without a directory, writes nothing.
class JobCheckpoints {
 public:
  JobCheckpoints(const JobSpec& spec, const CheckpointOptions& options);

  // Looks for a checkpoint to continue from, and checks that `spec` may continue from it: the fields that determine the
  // weights must be equal. Computes the digests of the data, which `inputs` are.
  //
  // ALREADY_EXISTS if the directory holds checkpoints and must not; NOT_FOUND if it holds none and must;
  // INVALID_ARGUMENT, naming the difference, if the specification or the data differ; errors of
  // CheckpointDirectory::CheckWritable and Load and of InputFile::Read.
  absl::Status Open(const InputFiles& inputs, const CancelCheck& cancelled);
  // Checks that `spec` has the link of the checkpoint, in sequences of at most `longest` steps. INVALID_ARGUMENT.
  absl::Status CheckLink(int64_t longest) const;
  // Copies the checkpoint found by Open into a trainer, and frees it. INVALID_ARGUMENT if it does not fit.
  absl::Status Restore(Trainer& trainer);

  bool enabled() const { return directory_.has_value(); }
  bool resumed() const { return progress_.step > 0; }
  // Whether a checkpoint also saves the model.
  bool saves_model() const { return spec_.checkpoint_every.given(); }
  TrainingProgress& progress() { return progress_; }
  const TrainingProgress& progress() const { return progress_; }
  // Notes about what was found: damaged checkpoints, changed data, another device.
  std::vector<std::string> Notes(const std::string& device) const;

  bool Due(int64_t step, double now) const { return clock_.Due(step, now); }
  // Writes the state of `trainer`. Returns its size in bytes.
  absl::StatusOr<int64_t> Write(const Trainer& trainer, double now);
  // To be called if no checkpoint was written although one was due.
  void Skipped(double now) { clock_.Written(now, 0); }
  const std::string& path() const { return directory_->path(); }

 private:
  absl::Status Adopt(LoadedCheckpoint loaded);
  absl::Status CheckData(const std::vector<DataFile>& before);

  const JobSpec spec_;
  const CheckpointOptions options_;
  std::optional<CheckpointDirectory> directory_;
  CheckpointClock clock_;
  TrainingProgress progress_;
  std::optional<LoadedCheckpoint> loaded_;
  std::vector<std::string> notes_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_JOB_CHECKPOINTS_H_
