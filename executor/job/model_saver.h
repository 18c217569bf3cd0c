// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_MODEL_SAVER_H_
#define RECURVE_EXECUTOR_JOB_MODEL_SAVER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "executor/data/atomic_file.h"
#include "executor/model/model_file.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Saves the model of one job, and sees to it that what was trained is not lost when its file cannot be written.
// Weights that are not finite are never saved. Not thread-safe.
class ModelSaver {
 public:
  // Empty `path`: the job does not save. `description`: TaskOptions::Describe.
  ModelSaver(std::string path, std::string description, AtomicFile::Links links)
      : path_(std::move(path)), description_(std::move(description)), links_(links) {}

  bool saves() const { return !path_.empty(); }
  int64_t saved_step() const { return saved_step_; }  // of the model that this job wrote to the path last; 0: none yet

  // One attempt. What SaveModel returns; ABORTED when the weights are not finite.
  absl::Status Save(int64_t step, const Parameters& parameters);

  // Tries again for a few seconds when the reason may pass, and then saves elsewhere: the error says where. Does not
  // wait once `cancelled`.
  absl::Status SaveLast(int64_t step, const Parameters& parameters, const CancelCheck& cancelled);

  // Saves the model of a training that ended early, after `step`: to the path, unless that has a file that is worth
  // keeping, and beside it as <path>.partial otherwise. Worth keeping is a model from before this job and, with
  // `keep_checkpoint`, this job's own last checkpoint. Returns what became of the model, as the rest of a sentence.
  std::string Keep(int64_t step, const Parameters& parameters, bool keep_checkpoint);

  // What the path has, as the rest of a sentence, when the weights of now are lost.
  std::string WhatStays() const;

 private:
  const std::string path_;
  const std::string description_;
  const AtomicFile::Links links_;
  int64_t saved_step_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_MODEL_SAVER_H_
