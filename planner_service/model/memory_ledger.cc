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

void VisitFields(Ledger& ledger, FieldVisitor& visitor) {
  visitor.Count({"weights_bytes"}, {}, ledger[MemoryKind::kWeights]);
  visitor.Count({"gradients_bytes"}, {}, ledger[MemoryKind::kGradients]);
  visitor.Count({"optimizer_bytes"}, {}, ledger[MemoryKind::kOptimizer]);
  visitor.Count({"batch_bytes"}, {}, ledger[MemoryKind::kBatch]);
  visitor.Count({"states_bytes"}, {}, ledger[MemoryKind::kStates]);
  visitor.Count({"tapes_bytes"}, {}, ledger[MemoryKind::kTapes]);
  visitor.Count({"workspace_bytes"}, {}, ledger[MemoryKind::kWorkspace]);
  visitor.Count({"backend_bytes"}, {}, ledger[MemoryKind::kBackend]);
  visitor.Count({"process_bytes"}, {}, ledger[MemoryKind::kProcess]);
}

}  // namespace recurve
