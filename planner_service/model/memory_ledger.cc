// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/memory_ledger.h"

namespace recurve {

std::string_view ToString(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::kWeights:
      return "weights";
    case MemoryKind::kGradients:
      return "gradients";
    case MemoryKind::kOptimizer:
      return "optimizer";
    case MemoryKind::kBatch:
      return "batch";
    case MemoryKind::kStates:
      return "states";
    case MemoryKind::kTapes:
      return "tapes";
    case MemoryKind::kWorkspace:
      return "workspace";
    case MemoryKind::kBackend:
      return "backend";
    case MemoryKind::kProcess:
      return "process";
  }
  return "unknown";
}

}  // namespace recurve
