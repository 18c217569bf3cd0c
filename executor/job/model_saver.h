// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_MODEL_SAVER_H_
#define RECURVE_EXECUTOR_JOB_MODEL_SAVER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "executor/data/file_path.h"
#include "executor/model/model_file.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Saves the model of a job. If its file cannot be written, saves the model elsewhere, so that training is not lost.
// Never saves weights that are not finite. Not thread-safe.
class ModelSaver {
 public:
  // Empty `path`: the job does not save. `description`: TaskOptions::Describe.
  ModelSaver(FilePath path, std::string description) : path_(std::move(path)), description_(std::move(description)) {}

  bool saves() const { return !path_.empty(); }
  int64_t saved_step() const { return saved_step_; }  // the step of the model last written to the path; 0: none yet

  // Tries once. Errors: as SaveModel; ABORTED if the weights are not finite.
  absl::Status Save(int64_t step, const Parameters& parameters);

  // Retries for a few seconds if the failure may be temporary, and then saves elsewhere; the error message says where.
  // Does not wait once `cancelled` returns true.
  absl::Status SaveLast(int64_t step, const Parameters& parameters, const CancelCheck& cancelled);

  // Saves the model when training ends early, after `step`: to <path>.partial if the path holds a file from before this
  // job or, with `keep_checkpoint`, a checkpoint of this job; otherwise to the path. Returns the outcome as a clause
  // for a message.
  std::string Keep(int64_t step, const Parameters& parameters, bool keep_checkpoint);

  // What the path holds without the current weights, as a clause for a message.
  std::string WhatStays() const;

 private:
  const FilePath path_;
  const std::string description_;
  int64_t saved_step_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_MODEL_SAVER_H_
