// SPDX-License-Identifier: Apache-2.0
#define RECURVE_CPU_ISA avx512
#define RECURVE_CPU_AVX512 1
#include "executor/backend/cpu/kernels_body.h"

namespace recurve::cpu {

const Kernels& Avx512Kernels() { return avx512::kKernels; }

}  // namespace recurve::cpu
