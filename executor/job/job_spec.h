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
#include "executor/model/optimizer.h"
#include "planner_service/model/cell.h"
#include "planner_service/model/model_config.h"
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

// What the sequences of a batch are.
enum class Sequences : uint8_t {
  kWindows,  // the text is cut into streams, and these into windows of `length` steps that follow each other
  kLines,    // each line that is not empty is a sequence; batches have lines of about the same length
};

struct JobSpec {
  // Data: a file of bytes. Its last `holdout` part is kept for evaluation.
  std::string data_path;
  double holdout = 0.05;  // [0, 0.5]; 0: no evaluation

  // Model: byte embedding, stacked recurrent layers, output layer.
  Cell cell = Cell::kLstm;
  int64_t layers = 1;              // 1..64
  int64_t hidden = 256;            // 1..16384
  int64_t embedding = 0;           // 1..16384; 0: as `hidden`
  bool residual = false;           // layers above the first add their input to their output
  bool layer_norm = false;         // before each layer above the first, and before the output layer
  double dropout = 0.0;            // between layers and before the output layer, [0, 1)
  double recurrent_dropout = 0.0;  // of h in the recurrent product, one mask for the whole sequence, [0, 1)

  // Training.
  int64_t batch = 16;  // sequences, 1..65536
  Sequences sequences = Sequences::kWindows;
  int64_t length = 1000;  // T, steps in a sequence, 1..kMaxChainLength; of lines, the most that are kept of one
  int64_t link = 0;       // k, 1..length (a larger one is taken as length); 0: chosen (see memory_plan.h)
  int64_t steps = 100;    // optimiser steps, 1..1e9
  // Wall time of training after which no further step begins; at least one is done. 0: no limit. The learning rate
  // follows `steps` all the same: it falls only as far as steps were done.
  double max_seconds = 0;           // 0..1e9
  std::optional<bool> carry_state;  // start each window from the last state of the one before; unset: for windows
  OptimizerSpec optimizer;
  uint64_t seed = 1;

  // Memory.
  MemoryLimit memory;
  int64_t host_memory = 0;              // bytes of host memory that states may be stored in besides; 0: none
  Strategy strategy = Strategy::kAuto;  // kAuto, kStoreAll, kChen or kHsm; kAuto with host_memory
  bool recalibrate = false;             // measure link costs even though they are known

  std::string device = "cpu";              // "cpu", "cuda", "cuda:1"
  Precision precision = Precision::kFp32;  // of matrix products; others than fp32 on CUDA devices only
  int threads = 0;                         // CPU threads; 0: all
  std::string save_path;                   // model file; empty: not saved
  bool save_through_links = true;          // whether save_path may be a symbolic link
  int64_t checkpoint_every = 0;            // steps between saves while training; 0: at the end only
  int64_t evaluate_every = 0;              // steps between evaluations while training; 0: at the end only
};

inline bool CarriesState(const JobSpec& spec) {
  return spec.carry_state.value_or(spec.sequences == Sequences::kWindows);
}

// INVALID_ARGUMENT naming the field, its value, and its range: of model, batch, length and link.
absl::Status CheckSizes(const JobSpec& spec);

// The same of device and precision. Whether this machine has the device shows when it is opened.
absl::Status CheckDevice(const JobSpec& spec);

// The same for every field. Looks at no file.
absl::Status CheckJobSpec(const JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_JOB_SPEC_H_
