// SPDX-License-Identifier: Apache-2.0
//
// The uploads of all owners, apart from each other:
//
//   <directory>/data, models, partial                  of anonymous callers
//   <directory>/owners/<folder>/data, models, partial  of the owner with that OwnerFolder
#ifndef RECURVE_EXECUTOR_TRANSFERS_OWNED_UPLOADS_H_
#define RECURVE_EXECUTOR_TRANSFERS_OWNED_UPLOADS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "executor/transfers/upload_store.h"
#include "planner_service/process/mutex.h"

namespace recurve {

struct OwnedUploadsOptions {
  UploadStoreOptions store;         // of anonymous callers; those of owners are below its directory
  int64_t max_bytes_per_owner = 0;  // of uploads and `other_bytes`; 0: no limit
  // What an owner stores elsewhere, in bytes. May read directories.
  std::function<int64_t(const std::string& owner)> other_bytes = [](const std::string&) { return int64_t{0}; };
};

// Thread-safe; a directory must have one such object at a time.
class OwnedUploads {
 public:
  // Opens the stores that exist, which removes what was abandoned in them. Errors: as UploadStore::Open.
  static absl::StatusOr<std::unique_ptr<OwnedUploads>> Open(OwnedUploadsOptions options);

  // Where the data of an owner, or of anonymous callers, is in a directory of uploads.
  static std::string DataOf(const std::string& directory, const std::string& owner);

  // The uploads of an owner, or of anonymous callers if `owner` is empty. Created by the first call, which may fail as
  // UploadStore::Open does. Valid as long as this object.
  absl::StatusOr<UploadStore*> Of(const std::string& owner);

 private:
  explicit OwnedUploads(OwnedUploadsOptions options) : options_(std::move(options)) {}
  std::string Owners() const { return options_.store.directory + "/owners"; }

  const OwnedUploadsOptions options_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<UploadStore>> stores_ ABSL_GUARDED_BY(mutex_);  // by folder
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_OWNED_UPLOADS_H_
