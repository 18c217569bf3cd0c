// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_MEMORY_LEDGER_H_
#define RECURVE_PLANNER_SERVICE_MODEL_MEMORY_LEDGER_H_

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "planner_service/fields/field.h"

namespace recurve {

// What the memory of a job is used for.
enum class MemoryKind : uint8_t {
  kWeights,    // parameters, and their packed forms for the kernels
  kGradients,  // of the weights
  kOptimizer,  // momentum, moments
  kBatch,      // inputs and targets
  kStates,     // start state, running states, state gradient, stored states
  kTapes,      // the working tape and the stored tapes
  kWorkspace,  // logits and other scratch of one link
  kBackend,    // overhead of the backend, independent of the job
  kProcess,    // memory of the process outside the arena, if the arena is in host memory: a copy of the weights while
               // they are initialized and saved, and the index of the data
};
inline constexpr int kMemoryKinds = 9;

// Kinds that only some devices have; not shown if 0.
constexpr bool IsOptional(MemoryKind kind) { return kind == MemoryKind::kBackend || kind == MemoryKind::kProcess; }

// "weights", "gradients", "optimizer", "batch", "states", "tapes", "workspace", "backend", "process".
std::string_view ToString(MemoryKind kind);

// Bytes by kind. A value.
struct Ledger {
  std::array<int64_t, kMemoryKinds> bytes{};

  int64_t& operator[](MemoryKind kind) { return bytes[static_cast<size_t>(kind)]; }
  int64_t operator[](MemoryKind kind) const { return bytes[static_cast<size_t>(kind)]; }
  int64_t total() const { return std::accumulate(bytes.begin(), bytes.end(), int64_t{0}); }
  // States, tapes and workspace: the kinds that depend on how the sequence is run.
  int64_t activations() const {
    return (*this)[MemoryKind::kStates] + (*this)[MemoryKind::kTapes] + (*this)[MemoryKind::kWorkspace];
  }
  friend bool operator==(const Ledger&, const Ledger&) = default;
};
void VisitFields(Ledger& ledger, FieldVisitor& visitor);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_MEMORY_LEDGER_H_
