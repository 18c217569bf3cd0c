// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "client/doctor/machine_checks.h"
#include "executor/backend/cpu/instruction_sets.h"
#include "planner_service/process/granted.h"

namespace recurve {

ProcessorFacts ReadProcessorFacts() {
  ProcessorFacts facts{.threads = GrantedProcessors(),
                       .processors = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)),
                       .quota = ProcessorQuota()};
  for (const cpu::InstructionSet& set : cpu::InstructionSets()) {
    if (set.kernels != nullptr && facts.instruction_set.empty()) facts.instruction_set = set.name;
  }
  return facts;
}

std::vector<Finding> CheckProcessors(const ProcessorFacts& facts) {
  std::string found =
      absl::StrCat(facts.instruction_set, " kernels, ", facts.threads, facts.threads == 1 ? " thread" : " threads");
  if (facts.threads < facts.processors && facts.quota && *facts.quota <= facts.threads) {
    absl::StrAppend(&found, ": the CPU quota is ", *facts.quota, " of ", facts.processors, " processors");
  } else if (facts.threads < facts.processors) {
    absl::StrAppend(&found, ": this process may use only these of ", facts.processors, " processors");
  }
  if (facts.instruction_set != "portable") return {{.found = found}};
  return {{Severity::kWarning, found,
           "use an x86 processor with AVX2 and FMA, for which Recurve has faster kernels; if this is one, let the "
           "virtual machine pass these features through"}};
}

}  // namespace recurve
