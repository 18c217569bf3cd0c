// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/owner_storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <string_view>

#include "absl/strings/str_cat.h"
#include "executor/data/file_descriptor.h"
#include "executor/data/file_path.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kHeaderBytes = 64 << 10;  // of a model or a checkpoint, generously

constexpr int kMostDepth = 64;  // of directories, each of which takes a descriptor

// What the regular files take (StoredBytesOf) below the directory `path`, which starts at the directory `from`. Follows
// no link in it. What disappears meanwhile does not count.
int64_t BytesBelow(int from, const char* path, int depth = 0) {
  const int opened = openat(from, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* const directory = opened < 0 ? nullptr : fdopendir(opened);
  if (directory == nullptr) {
    FileDescriptor closed(opened);
    return 0;
  }
  int64_t bytes = 0;
  while (const dirent* entry = readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): of a stream of its own
    const std::string_view name = entry->d_name;
    struct stat info {};
    if (name == "." || name == ".." || fstatat(opened, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(info.st_mode)) bytes += StoredBytesOf(info.st_size);
    if (S_ISDIR(info.st_mode) && depth < kMostDepth) bytes += BytesBelow(opened, entry->d_name, depth + 1);
  }
  closedir(directory);
  return bytes;
}

int64_t BytesBelow(const std::string& directory) { return BytesBelow(AT_FDCWD, directory.c_str()); }

// The most that a job has on disk at a time: a file is replaced only once the new one is complete.
int64_t MostBytes(const JobSpec& spec, const JobPlan& plan) {
  const int64_t weights = plan.parameters * static_cast<int64_t>(sizeof(float));
  const int64_t model = spec.save_path.empty() ? 0 : weights + kHeaderBytes;
  const int64_t best = spec.keep_best ? weights : 0;
  const int64_t checkpoint = weights + best + plan.ledger[MemoryKind::kOptimizer] + plan.state_bytes + kHeaderBytes;
  return model + (spec.keep_checkpoints + 1) * checkpoint;
}

}  // namespace

int64_t OwnerStorage::JobBytes(const std::string& owner) const {
  int64_t bytes = 0;
  for (const std::string& id : jobs_.JobsOf(owner)) bytes += BytesBelow(jobs_.DirectoryOf(id));
  const auto models = roots_.ModelsOf(owner);
  if (!models.ok() || *models == nullptr) return bytes;
  const auto inside = (*models)->Find(".");
  return inside.ok() ? bytes + BytesBelow(inside->directory, inside->path.c_str()) : bytes;
}

absl::Status OwnerStorage::CheckJob(const TakenJob& job, const JobSpec& spec, const JobPlan& plan,
                                    OwnedUploads& uploads) const {
  if (options_.quota_bytes == 0 || job.owner.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const UploadStore* store, uploads.Of(job.owner));
  ASSIGN_OR_RETURN(const int64_t uploaded, store->StoredBytes());
  const int64_t used = uploaded + JobBytes(job.owner) - BytesBelow(job.checkpoints);
  const int64_t needed = MostBytes(spec, plan);
  if (needed <= options_.quota_bytes - used) return absl::OkStatus();
  options_.on_quota_refusal();
  return absl::ResourceExhaustedError(
      absl::StrCat("the model and the checkpoints need up to ", needed, " bytes, and ", job.owner, " stores ", used,
                   " of ", options_.quota_bytes,
                   " bytes (--max-stored-bytes-per-owner); delete jobs with their files, or keep fewer "
                   "checkpoints"));
}

}  // namespace recurve
