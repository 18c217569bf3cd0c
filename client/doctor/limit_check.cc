// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include "absl/strings/str_cat.h"
#include "client/doctor/machine_checks.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/process/failures.h"
#include "planner_service/process/granted.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

uint64_t HardLimit(__rlimit_resource resource) {
  rlimit limit{};
  return getrlimit(resource, &limit) == 0 ? limit.rlim_max : RLIM_INFINITY;
}

Finding OfOpenFiles(uint64_t open_files) {
  if (open_files == RLIM_INFINITY) return {.found = "any number of open files"};
  const std::string found = absl::StrCat("at most ", open_files, " open files");
  if (open_files >= kMostDescriptors) return {.found = found};
  return {open_files < kLeastDescriptors ? Severity::kFailure : Severity::kWarning, found,
          absl::StrCat("raise the hard limit (ulimit -Hn, LimitNOFILE=) to ", kMostDescriptors,
                       ", which a daemon uses for connections; it does not start with less than ", kLeastDescriptors)};
}

}  // namespace

LimitFacts ReadLimitFacts() {
  // A daemon at its start, and the threads of a job.
  const int threads = kThreadsAtStart + GrantedProcessors();
  return {.open_files = HardLimit(RLIMIT_NOFILE),
          .address_space_bytes = HardLimit(RLIMIT_AS),
          .file_bytes = HardLimit(RLIMIT_FSIZE),
          .threads = CheckThreads("a daemon", threads)};
}

std::vector<Finding> CheckLimits(const LimitFacts& facts) {
  std::vector<Finding> findings = {OfOpenFiles(facts.open_files)};
  if (!facts.threads.ok()) {
    findings.push_back(FindingOf(Severity::kFailure, facts.threads, "allow more threads (ulimit -u)"));
  }
  if (facts.address_space_bytes != RLIM_INFINITY) {
    findings.push_back({Severity::kWarning,
                        absl::StrCat("at most ", FormatBytesRounded(static_cast<int64_t>(facts.address_space_bytes)),
                                     " of address space, which libraries and threads also take"),
                        "remove that limit (ulimit -v); limit memory by a control group (MemoryMax=)"});
  }
  if (facts.file_bytes != RLIM_INFINITY) {
    findings.push_back({Severity::kWarning,
                        absl::StrCat("files of at most ", FormatBytesRounded(static_cast<int64_t>(facts.file_bytes))),
                        "raise that limit (ulimit -f) above the size of models and checkpoints"});
  }
  return findings;
}

}  // namespace recurve
