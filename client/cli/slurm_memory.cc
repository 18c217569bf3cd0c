// SPDX-License-Identifier: Apache-2.0
#include "client/cli/slurm_memory.h"

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kProcessBytes = 40 * kMebibyte;
constexpr int64_t kThreadBytes = kMebibyte;
constexpr int64_t kHostPlanBytes = 32 * kMebibyte;  // the largest table that kMaxHostPlanSteps allows

}  // namespace

int64_t SlurmMebibytes(int64_t planned_bytes, int64_t threads, bool states_on_host) {
  const int64_t bytes = planned_bytes + kProcessBytes + threads * kThreadBytes + (states_on_host ? kHostPlanBytes : 0);
  return (bytes + kMebibyte - 1) / kMebibyte;
}

std::string SlurmMemoryOption(int64_t mebibytes) { return absl::StrCat("--mem=", mebibytes, "M"); }

}  // namespace recurve
