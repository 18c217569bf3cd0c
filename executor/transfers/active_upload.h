// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_ACTIVE_UPLOAD_H_
#define RECURVE_EXECUTOR_TRANSFERS_ACTIVE_UPLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_system.h"
#include "executor/data/input_file.h"
#include "executor/data/sha256.h"
#include "recurve/executor/v1/files.pb.h"

namespace recurve {

class UploadStore;

enum class UploadKind : uint8_t { kData, kModel };

// An upload in progress, made by UploadStore::Begin. What has arrived stays on disk when it is destroyed unfinished.
// Not thread-safe.
//
//   for (bool more = true; more;) ASSIGN_OR_RETURN(more, upload->CatchUp());
//   RETURN_IF_ERROR(upload->Write(bytes));   // any number of times
//   ASSIGN_OR_RETURN(const std::string path, upload->Finish());
class ActiveUpload {
 public:
  ~ActiveUpload();
  ActiveUpload(const ActiveUpload&) = delete;
  ActiveUpload& operator=(const ActiveUpload&) = delete;

  int64_t received() const { return received_; }

  // Adds the next piece of what earlier streams wrote to the SHA-256. Returns whether there is more; only then may
  // bytes be written.
  absl::StatusOr<bool> CatchUp();

  // INVALID_ARGUMENT if there are more bytes than the file has; RESOURCE_EXHAUSTED if the disk is full. The upload
  // cannot continue after an error, but another can resume it.
  absl::Status Write(std::string_view bytes);

  // Checks the file, moves it to its place and returns its path once that is on disk. INVALID_ARGUMENT if bytes are
  // missing, if its SHA-256 differs, or if it should be a model and is not; in the last two cases what has arrived is
  // removed, as it is when it could not be brought to the disk.
  absl::StatusOr<std::string> Finish();

 private:
  friend class UploadStore;
  ActiveUpload(UploadStore& store, executor::v1::FileDescription file, UploadKind kind, std::string key);

  std::string Name() const;  // for messages
  absl::Status CheckContents();
  absl::Status Discard(const absl::Status& why);  // removes what has arrived; returns `why`

  UploadStore& store_;
  const executor::v1::FileDescription file_;
  const UploadKind kind_;
  const std::string key_;
  bool registered_ = false;  // whether the store counts it as active
  int64_t received_ = 0;
  int64_t hashed_ = 0;
  Sha256 sha256_;
  std::unique_ptr<InputFile> earlier_;  // what earlier streams wrote, until it is hashed
  std::unique_ptr<WritableFile> writer_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_ACTIVE_UPLOAD_H_
