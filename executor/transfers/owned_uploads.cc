// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/owned_uploads.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "executor/data/posix_error.h"
#include "executor/transfers/owner_folder.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<OwnedUploads>> OwnedUploads::Open(OwnedUploadsOptions options) {
  std::unique_ptr<OwnedUploads> uploads(new OwnedUploads(std::move(options)));
  RETURN_IF_ERROR(uploads->Of("").status());
  std::error_code error;
  for (fs::directory_iterator folder(uploads->Owners(), error); !error && folder != fs::directory_iterator();
       folder.increment(error)) {
    UploadStoreOptions of_owner = uploads->options_.store;
    of_owner.directory = folder->path().string();
    RETURN_IF_ERROR(UploadStore::Open(std::move(of_owner)).status());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return PosixError(error.value(), "read directory", uploads->Owners());
  }
  return uploads;
}

std::string OwnedUploads::DataOf(const std::string& directory, const std::string& owner) {
  return owner.empty() ? directory + "/data" : directory + "/owners/" + OwnerFolder(owner) + "/data";
}

absl::StatusOr<UploadStore*> OwnedUploads::Of(const std::string& owner) {
  const std::string folder = OwnerFolder(owner);
  UploadStoreOptions options = options_.store;
  const MutexLock lock(mutex_);
  if (const auto found = stores_.find(folder); found != stores_.end()) return found->second.get();
  if (!owner.empty()) {
    RETURN_IF_ERROR(options.file_system->MakeDirectory(Owners()));
    options.directory = Owners() + "/" + folder;
    if (options_.max_bytes_per_owner > 0) options.max_total_bytes = options_.max_bytes_per_owner;
    options.other_bytes = [this, owner] { return options_.other_bytes(owner); };
  }
  ASSIGN_OR_RETURN(std::unique_ptr<UploadStore> store, UploadStore::Open(std::move(options)));
  return stores_.emplace(folder, std::move(store)).first->second.get();
}

}  // namespace recurve
