// SPDX-License-Identifier: Apache-2.0
#define RECURVE_CPU_ISA avx2
#define RECURVE_CPU_AVX2 1
#include "executor/backend/cpu/kernels_body.h"

namespace recurve::cpu {

const Kernels& Avx2Kernels() { return avx2::kKernels; }

}  // namespace recurve::cpu
