// SPDX-License-Identifier: Apache-2.0
//
// What a training job is asked to do. The same struct whether the job came over gRPC or from the command line.
#ifndef RECURVE_EXECUTOR_JOB_JOB_SPEC_H_
#define RECURVE_EXECUTOR_JOB_JOB_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "executor/backend/precision.h"
#include "executor/task/registry.h"
#include "executor/task/task.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/optimizer_spec.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Everything the job holds on the device: weights, gradients, optimiser state, batch, workspace, states, tapes; on the
// CPU, where the device's memory is the process's, what the process holds for the job besides (MemoryKind::kProcess).
struct TotalBytes {
  int64_t bytes = 0;  // >= 1
};

// Share of the activation memory (states, tapes and working set) that keeping every tape needs; the other bytes come on
// top, those that the backend holds for itself too.
struct ActivationShare {
  double share = 1.0;  // in (0, 1]
};

using MemoryLimit = std::variant<ActivationShare, TotalBytes>;

struct JobSpec {
  TaskSpec task = DefaultTask();  // which model is trained on which data

  // Training.
  int64_t batch = 16;     // sequences
  int64_t length = 1000;  // T, steps in a sequence, 1..kMaxChainLength; the most that are kept of a longer one
  int64_t link = 0;       // k, 1..length (a larger one is taken as length); 0: chosen (see memory_plan.h)
  int64_t steps = 100;    // optimiser steps, 1..1e9
  // Wall time of training after which no further step begins; at least one is done. 0: no limit. The learning rate
  // follows `steps` all the same: it falls only as far as steps were done.
  double max_seconds = 0;  // 0..1e9
  std::optional<bool>
      carry_state;  // start each batch from the last state of the one before; unset: unless the task is ragged
  OptimizerSpec optimizer;
  uint64_t seed = 1;

  // Memory.
  MemoryLimit memory;
  int64_t host_memory = 0;              // bytes of host memory that states may be stored in besides; 0: none
  Strategy strategy = Strategy::kAuto;  // kAuto, kStoreAll, kChen or kHsm; kAuto with host_memory
  bool recalibrate = false;             // measure link costs even though they are known

  std::string device = "cpu";              // "cpu", "cuda", "cuda:1"
  Precision precision = Precision::kFp32;  // of matrix products; others than fp32 on CUDA devices only
  int64_t threads = 0;                     // CPU threads; 0: all
  std::string save_path;                   // model file; empty: not saved
  bool save_through_links = true;          // whether save_path may be a symbolic link
  int64_t checkpoint_every = 0;            // steps between saves while training; 0: at the end only
  int64_t evaluate_every = 0;              // steps between evaluations while training; 0: at the end only
};

// All but what the daemon decides.
void VisitFields(JobSpec& spec, FieldVisitor& visitor);

inline bool CarriesState(const JobSpec& spec) { return spec.carry_state.value_or(!spec.task->ragged()); }

// The same of device and precision. Whether this machine has the device shows when it is opened.
absl::Status CheckDevice(const JobSpec& spec);

// The same for every field. Looks at no file.
absl::Status CheckJobSpec(const JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_JOB_SPEC_H_
