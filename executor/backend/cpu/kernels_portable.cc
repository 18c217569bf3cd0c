// SPDX-License-Identifier: Apache-2.0
#define RECURVE_CPU_ISA portable
#include "executor/backend/cpu/kernels_body.h"

namespace recurve::cpu {

const Kernels& PortableKernels() { return portable::kKernels; }

}  // namespace recurve::cpu
