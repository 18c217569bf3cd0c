// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/owner_storage.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHeaderBytes = 64 << 10;  // of a model or a checkpoint, generously

// The sizes of the regular files below `directory`. What disappears meanwhile does not count.
int64_t BytesBelow(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error); !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_regular_file(gone) || entry->is_symlink(gone)) continue;
    if (const uintmax_t size = entry->file_size(gone); !gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

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
  if (const std::string models = roots_.ModelsOf(owner); !models.empty()) bytes += BytesBelow(models);
  return bytes;
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
