// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_backend.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "executor/backend/cpu/cpu_backend.h"

namespace recurve {

absl::StatusOr<std::unique_ptr<Backend>> MakeJobBackend(const JobSpec& spec) {
  if (spec.device == "cpu") return MakeCpuBackend({.threads = spec.threads});
  return absl::FailedPreconditionError(
      absl::StrCat("device is ", spec.device, ": this program was built without CUDA; use device cpu"));
}

}  // namespace recurve
