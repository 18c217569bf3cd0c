// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "executor/backend/cpu/instruction_sets.h"

namespace recurve::cpu {

std::vector<InstructionSet> InstructionSets() { return {{"portable", &PortableKernels()}}; }

}  // namespace recurve::cpu
