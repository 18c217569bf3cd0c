// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_CHECKPOINT_OPTIONS_H_
#define RECURVE_EXECUTOR_JOB_CHECKPOINT_OPTIONS_H_

#include <cstdint>
#include <string>

#include "executor/data/file_system.h"

namespace recurve {

struct CheckpointOptions {
  enum class Resume : uint8_t {
    kNo,     // a directory that holds checkpoints is refused
    kIfAny,  // start from the first step if there is no checkpoint
    kMust,   // an error if there is none
  };
  std::string directory;  // empty: no checkpoints; its parent must exist
  Resume resume = Resume::kNo;
  bool force_data = false;            // continue although data files have changed
  FileSystem* file_system = nullptr;  // null: RealFileSystem()
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_CHECKPOINT_OPTIONS_H_
