// SPDX-License-Identifier: Apache-2.0
//
// Uploaded files on disk:
//
//   <directory>/data/<name>                  data files, for jobs to read
//   <directory>/models/<name>                model files
//   <directory>/partial/<sha256>-<size>      what has arrived of an unfinished upload
//
// A file appears in data/ or models/ by a rename, once all of it is on disk and its SHA-256 was checked.
#ifndef RECURVE_EXECUTOR_TRANSFERS_UPLOAD_STORE_H_
#define RECURVE_EXECUTOR_TRANSFERS_UPLOAD_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "executor/data/file_system.h"
#include "executor/transfers/active_upload.h"
#include "planner_service/process/mutex.h"
#include "recurve/executor/v1/files.pb.h"

namespace recurve {

// What a file of `size_bytes` counts for in the bytes that are stored: whole blocks of 4 KiB, and one more for its name
// and its inode, so that empty files are not free.
int64_t StoredBytesOf(int64_t size_bytes);

struct UploadStoreOptions {
  std::string directory;  // created if missing; its parent must exist
  int64_t max_upload_bytes = int64_t{1} << 40;
  // Of all files, as StoredBytesOf, with the whole size of unfinished uploads, and of `other_bytes`.
  int64_t max_total_bytes = INT64_MAX;
  // What else counts, in bytes. Called with a lock held; may read directories.
  std::function<int64_t()> other_bytes = [] { return int64_t{0}; };
  std::string remedy = "; remove files that are not needed";  // ends the message then
  std::function<void()> on_quota_refusal = [] {};  // called for an upload beyond max_total_bytes, with a lock held
  int64_t max_unfinished = 64;
  absl::Duration abandoned_after = absl::Hours(24);  // an unfinished upload is removed that long after its last byte
  FileSystem* file_system = &RealFileSystem();       // must outlive the store
  std::function<absl::Time()> clock = [] { return absl::Now(); };
};

// Accepts uploads. What has arrived of an upload outlives the stream that brought it, and the process; it is known by
// its SHA-256 and size, whatever its name. Thread-safe; a directory must have one store at a time.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<ActiveUpload> upload, store->Begin(description, UploadKind::kData, 0));
class UploadStore {
 public:
  // Creates the directories and removes abandoned uploads. Errors: as PosixError.
  static absl::StatusOr<std::unique_ptr<UploadStore>> Open(UploadStoreOptions options);

  // Begins or resumes an upload. The store must outlive it.
  //
  // INVALID_ARGUMENT: the name, size or SHA-256 is invalid, or the name is that of something other than a file.
  // OUT_OF_RANGE: `offset_bytes` is not what has arrived; the message gives that.
  // ABORTED: an upload of the same bytes is active; retry once it has ended.
  // RESOURCE_EXHAUSTED: the file is larger than allowed, there are too many unfinished uploads or too many bytes, or
  // the disk has insufficient space.
  absl::StatusOr<std::unique_ptr<ActiveUpload>> Begin(const executor::v1::FileDescription& file, UploadKind kind,
                                                      int64_t offset_bytes);

  // How many bytes of an unfinished upload have arrived; 0 if there is none. INVALID_ARGUMENT: `file` is invalid.
  absl::StatusOr<int64_t> Received(const executor::v1::FileDescription& file) const;

  // The bytes of all files, as StoredBytesOf, with the whole size of unfinished uploads, but not `other_bytes`. Errors:
  // as PosixError.
  absl::StatusOr<int64_t> StoredBytes() const;

  // Removes abandoned uploads; Open and Begin do so, too. Errors: as PosixError.
  absl::Status RemoveAbandoned();

  // The directories of finished files, absolute and without links.
  std::string data_directory() const;
  std::string model_directory() const;

 private:
  friend class ActiveUpload;
  struct Partial;

  UploadStore(UploadStoreOptions options, const std::string& directory);

  const std::string& DirectoryOf(UploadKind kind) const { return kind == UploadKind::kData ? data_ : models_; }
  std::string PartialPath(const std::string& key) const { return partial_ + "/" + key; }
  absl::StatusOr<std::vector<Partial>> Partials() const;
  // Checks max_total_bytes before an upload of which nothing has arrived.
  absl::Status CheckTotal(int64_t size_bytes) const;
  // Checks the limits and the disk before an upload of which nothing has arrived.
  absl::Status CheckNew(int64_t size_bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes abandoned uploads except active ones and that with the key `kept`.
  absl::Status RemoveAbandonedExcept(const std::string& kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(const std::string& key);

  const UploadStoreOptions options_;
  const std::string data_;
  const std::string models_;
  const std::string partial_;

  mutable Mutex mutex_;
  std::set<std::string> active_ ABSL_GUARDED_BY(mutex_);  // keys
};

// INVALID_ARGUMENT, naming the field, unless `file` describes a file as FileDescription demands.
absl::Status CheckFileDescription(const executor::v1::FileDescription& file);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_UPLOAD_STORE_H_
