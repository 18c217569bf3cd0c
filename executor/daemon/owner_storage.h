// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_OWNER_STORAGE_H_
#define RECURVE_EXECUTOR_DAEMON_OWNER_STORAGE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/owner_roots.h"
#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"
#include "executor/transfers/owned_uploads.h"

namespace recurve {

struct OwnerStorageOptions {
  int64_t quota_bytes = 0;  // of each owner; 0: no limit
  std::function<void()> on_quota_refusal = [] {};
};

// What each owner keeps on the daemon's disk. Reads directories; thread-safe. The other objects must outlive it.
class OwnerStorage {
 public:
  OwnerStorage(OwnerStorageOptions options, const JobStore& jobs, const OwnerRoots& roots)
      : options_(std::move(options)), jobs_(jobs), roots_(roots) {}

  // The bytes of the checkpoints of an owner's jobs, and of the owner's models where owners are kept apart.
  int64_t JobBytes(const std::string& owner) const;

  // RESOURCE_EXHAUSTED, with the figures, if a job that starts may write more than its owner's quota leaves.
  // `uploads` are those of the owner. The job's own checkpoints, which it replaces, do not count.
  absl::Status CheckJob(const TakenJob& job, const JobSpec& spec, const JobPlan& plan, OwnedUploads& uploads) const;

 private:
  const OwnerStorageOptions options_;
  const JobStore& jobs_;
  const OwnerRoots& roots_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_OWNER_STORAGE_H_
