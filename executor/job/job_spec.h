// SPDX-License-Identifier: Apache-2.0
//
// The specification of a training job, from gRPC or from the command line.
#ifndef RECURVE_EXECUTOR_JOB_JOB_SPEC_H_
#define RECURVE_EXECUTOR_JOB_JOB_SPEC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/precision.h"
#include "executor/data/file_path.h"
#include "executor/task/registry.h"
#include "executor/task/task.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/optimizer_spec.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Total memory of the job on the device: weights, gradients, optimizer state, batch, workspace, states, tapes. On the
// CPU, includes other memory of the process for the job (MemoryKind::kProcess).
struct TotalBytes {
  int64_t bytes = 0;  // >= 1
};

// Share of the activation memory (states, tapes and workspace) that store-all (every tape kept) needs. All other memory
// is added, including that of the backend.
struct ActivationShare {
  double share = 1.0;  // in (0, 1]
};

// Whatever the device has free when the job starts. Only for daemons, which replace it by TotalBytes.
struct AllFree {};

using MemoryLimit = std::variant<ActivationShare, TotalBytes, AllFree>;

// A number of steps, or a time if that is 0; both 0: none given.
struct Interval {
  int64_t steps = 0;   // 0..1e9
  double seconds = 0;  // 0..1e9
  bool given() const { return steps > 0 || seconds > 0; }
};

struct JobSpec {
  TaskSpec task = DefaultTask();  // the model and the data

  // Training.
  int64_t batch = 16;     // sequences
  int64_t length = 1000;  // T, steps per sequence, 1..kMaxChainLength; longer lines are truncated
  int64_t link = 0;       // k, steps per link, 1..length (larger values count as length); 0: automatic (memory_plan.h)
  int64_t steps = 100;    // optimizer steps, 1..1e9
  // Wall time of training after which no further step starts; at least one step runs. 0: no limit. The learning rate
  // schedule still follows `steps`.
  double max_seconds = 0;  // 0..1e9
  // Whether to start each batch from the final state of the previous one. Unset: unless the task is ragged.
  std::optional<bool> carry_state;
  OptimizerSpec optimizer;
  uint64_t seed = 1;

  // Memory.
  MemoryLimit memory;
  int64_t host_memory = 0;              // bytes of host memory to store more states in; 0: none
  Strategy strategy = Strategy::kAuto;  // kAuto, kStoreAll, kChen or kHsm; must be kAuto with host_memory
  bool recalibrate = false;             // measure link costs even if cached

  std::string device = "cpu";              // "cpu", "cuda", "cuda:1"
  Precision precision = Precision::kFp32;  // of matrix products; tf32 and bf16 on CUDA devices only
  int64_t threads = 0;                     // CPU threads; 0: automatic
  std::string save_path;                   // model file; empty: not saved
  Interval checkpoint_every;               // between checkpoints; none: see CheckpointClock
  int64_t keep_checkpoints = 2;            // the newest
  int64_t evaluate_every = 0;              // steps between evaluations; 0: only at the end
  bool keep_best = false;                  // save the model with the best evaluation, not the last one
  int64_t patience = 0;                    // evaluations without improvement that end training; 0: no limit

  // The directories that the paths of the task's inputs and save_path must not leave. Null: any. Set by daemons.
  std::shared_ptr<const AllowedDirectories> data_directories;
  std::shared_ptr<const AllowedDirectories> model_directories;

  FilePath model_file() const { return {save_path, model_directories}; }
};

// All fields but those that the daemon sets.
void VisitFields(JobSpec& spec, FieldVisitor& visitor);

inline bool CarriesState(const JobSpec& spec) { return spec.carry_state.value_or(!spec.task->ragged()); }

// Opens the files of TaskOptions::Inputs. Errors: as InputFile::Open.
absl::StatusOr<InputFiles> OpenInputs(const JobSpec& spec);

// Checks device and precision. Whether the machine has the device is checked when it is opened.
absl::Status CheckDevice(const JobSpec& spec);

// Checks every field. Accesses no files.
absl::Status CheckJobSpec(const JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_JOB_SPEC_H_
