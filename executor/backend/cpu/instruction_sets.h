// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_INSTRUCTION_SETS_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_INSTRUCTION_SETS_H_

#include <string_view>
#include <vector>

#include "executor/backend/cpu/kernels.h"

namespace recurve::cpu {

struct InstructionSet {
  std::string_view name;
  const Kernels* kernels;  // null if this processor does not support it
};

// The instruction sets the program was compiled for, best first. The last, "portable", runs anywhere.
std::vector<InstructionSet> InstructionSets();

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_INSTRUCTION_SETS_H_
