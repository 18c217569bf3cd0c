// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "executor/backend/cpu/instruction_sets.h"

namespace recurve::cpu {

std::vector<InstructionSet> InstructionSets() {
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return {{"avx512", avx512 && avx2 ? &Avx512Kernels() : nullptr},
          {"avx2", avx2 ? &Avx2Kernels() : nullptr},
          {"portable", &PortableKernels()}};
}

}  // namespace recurve::cpu
