// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints on disk. Each is a folder step-<number of completed steps, ten digits> of three files:
//
//   tensors.safetensors  the state of training
//   manifest.json        {"format": "recurve-checkpoint", "version": 1, "step": ..., "files": [{"name", "size_bytes",
//                        "sha256"}], "training": {...}}
//   SHA256SUMS           of both, for `sha256sum --check`
//
// A folder is written under a temporary name, synced and renamed, so that a folder of that name is complete. Older ones
// are removed only afterwards.
#ifndef RECURVE_EXECUTOR_CHECKPOINT_CHECKPOINT_DIRECTORY_H_
#define RECURVE_EXECUTOR_CHECKPOINT_CHECKPOINT_DIRECTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "executor/data/file_system.h"
#include "executor/data/input_file.h"
#include "executor/data/safetensors.h"
#include "planner_service/fields/json_fields.h"

namespace recurve {

// The state of training as tensors that are passed one at a time. `read` writes the values of tensor `index`.
struct TensorSource {
  std::vector<TensorShape> tensors;
  std::function<void(size_t index, float* to)> read;
};

// A checkpoint that was read and found complete and unchanged.
struct LoadedCheckpoint {
  int64_t step = 0;
  std::string path;
  int64_t size_bytes = 0;  // of its files
  Json training;           // as passed to Write
  std::unique_ptr<InputFile> file;
  std::optional<SafetensorsReader> tensors;  // of `file`
  std::vector<std::string> damaged;          // newer checkpoints that could not be used, one sentence each
};

// What can be said about a checkpoint without reading its tensors.
struct CheckpointSummary {
  int64_t step = 0;
  std::string path;
  int64_t size_bytes = 0;  // of its files
  absl::Time written;
  std::string problem;  // why it cannot be used; empty: its files are complete
};

// The checkpoints of one training. Not thread-safe; a directory must have one writer at a time.
class CheckpointDirectory {
 public:
  static constexpr int64_t kFormatVersion = 1;

  // Keeps the newest `keep` checkpoints, at least 1. `file_system` must outlive it.
  CheckpointDirectory(std::string path, int64_t keep, FileSystem& file_system = RealFileSystem());

  const std::string& path() const { return path_; }
  // Whether there are checkpoints, even damaged ones. Errors: as PosixError, except that a missing directory has none.
  absl::StatusOr<bool> HasAny() const;
  // Whether checkpoints could be written, as far as the permissions tell. Errors: as PosixError.
  absl::Status CheckWritable() const;

  // All checkpoints, oldest first, even damaged ones. Compares the sizes of files with the manifest, but reads none of
  // the tensors. Another process may write to the directory meanwhile. Errors: as HasAny.
  absl::StatusOr<std::vector<CheckpointSummary>> List() const;

  // Writes the checkpoint of `step` and removes older ones beyond the limit, damaged ones that Load passed over, and
  // those of later steps, which the training has gone back from. Creates the directory, but not its parent. Does
  // nothing if the checkpoint of this step was the last one written or loaded. Returns its size in bytes. Errors: as
  // PosixError; the other checkpoints stay.
  absl::StatusOr<int64_t> Write(int64_t step, const Json& training, const TensorSource& source);

  // Reads the newest checkpoint whose files are complete and have the SHA-256 in its manifest. NOT_FOUND if there is
  // none; DATA_LOSS if all are damaged, with the damage of each; UNIMPLEMENTED if one has a newer format.
  absl::StatusOr<LoadedCheckpoint> Load(const StopCheck& stop);

  // The name of the folder of a checkpoint.
  static std::string FolderOf(int64_t step);

 private:
  absl::StatusOr<std::vector<int64_t>> Steps() const;  // increasing
  absl::StatusOr<int64_t> WriteFolder(const std::string& folder, int64_t step, const Json& training,
                                      const TensorSource& source);
  absl::StatusOr<LoadedCheckpoint> LoadStep(int64_t step, const StopCheck& stop) const;
  std::string Parent() const;
  absl::Status MakeDirectory();
  void RemoveAbandoned();
  void RemoveOld(int64_t before, int64_t step);  // `before`: the last good step before `step`; -1 if not known

  const std::string path_;
  const int64_t keep_;
  FileSystem& file_system_;
  int64_t good_step_ = -1;  // of the last checkpoint written or loaded
  int64_t good_bytes_ = 0;
  bool made_ = false;  // the directory was made here, and its name is not durable yet
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_CHECKPOINT_CHECKPOINT_DIRECTORY_H_
