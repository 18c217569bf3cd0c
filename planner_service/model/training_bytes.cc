// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/training_bytes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "planner_service/model/alignment.h"
#include "planner_service/model/cell.h"
#include "planner_service/model/link_layout.h"
#include "planner_service/model/parameter_layout.h"
#include "planner_service/planning/plan.h"

namespace recurve {
namespace {

constexpr int64_t kStatesHeld = 4;       // two running states, the state gradient, the start state
constexpr int64_t kHeadChunkRows = 128;  // rows of logits computed at a time

int64_t Floats(int64_t n) { return AlignUp(n * static_cast<int64_t>(sizeof(float))); }

// Sizes of weights as packed for the kernels: strips that are one vector of columns wide.
struct Packed {
  int64_t vector_floats;

  int64_t Strips(int64_t width) const { return (width + vector_floats - 1) / vector_floats * vector_floats; }
  int64_t Forward(int64_t rows, int64_t columns) const { return Floats(rows * Strips(columns)); }
  int64_t Backward(int64_t rows, int64_t columns) const { return Floats(columns * Strips(rows)); }
  int64_t Recurrent(int64_t gates, int64_t hidden) const { return Floats(gates * hidden * Strips(hidden)); }
};

int64_t WeightBytes(const ModelConfig& model, const Packed& packed, int64_t block_bytes) {
  const int64_t H = model.hidden;
  const int64_t E = model.embedding_size();
  const int64_t V = model.vocabulary;
  const int64_t gates = GeometryOf(model.cell).gates;
  const int64_t width = gates * H;
  const int64_t recurrent = 2 * packed.Recurrent(gates, H);
  const int64_t input = packed.Forward(H, width) + packed.Backward(H, width);
  const int64_t table = Floats(V * width) + std::max(packed.Forward(E, width), packed.Backward(E, width));
  const int64_t head = packed.Forward(H, V) + packed.Backward(H, V);
  return block_bytes + model.layers * recurrent + (model.layers - 1) * input + table + head;
}

int64_t WorkspaceBytes(const ModelConfig& model, const SequenceShape& shape) {
  const CellGeometry cell = GeometryOf(model.cell);
  const int64_t rows = shape.link * shape.batch;
  const int64_t link = Floats(rows * model.hidden);
  int64_t bytes = 2 * AlignUp(sizeof(double));  // the loss, the norm of the gradient
  bytes += link;                                // the output of the stack
  if (model.residual || model.layer_norm) bytes += link;
  if (model.layer_norm) bytes += link;
  if (cell.tape == 0) bytes += Floats(cell.gates * rows * model.hidden);
  if (model.recurrent_dropout > 0) bytes += link + (model.layers + 1) * Floats(shape.batch * model.hidden);
  return bytes + Floats(std::min(kHeadChunkRows, rows) * model.vocabulary);
}

int64_t BatchBytes(const SequenceShape& shape) {
  const auto integers = [](int64_t n) { return AlignUp(n * static_cast<int64_t>(sizeof(int32_t))); };
  return 2 * integers(shape.length * shape.batch) + (shape.ragged ? integers(shape.batch) : 0);
}

}  // namespace

LinkBytes LinkBytesOf(const ModelConfig& model, const SequenceShape& shape) {
  return {.state = StateLayout(model.cell, model.layers, shape.batch, model.hidden).bytes(),
          .tape = TapeLayout(model.cell, model.layers, shape.link, shape.batch, model.hidden).bytes()};
}

absl::Status CheckCountable(const ModelConfig& model, int64_t length, int64_t batch) {
  const CellGeometry cell = GeometryOf(model.cell);
  const double floats = static_cast<double>(cell.tape + cell.states) * static_cast<double>(length) *
                        static_cast<double>(batch) * static_cast<double>(model.hidden) *
                        static_cast<double>(model.layers);
  if (floats * sizeof(float) <= static_cast<double>(kMaxBytes)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("length ", length, ", batch ", batch, ", hidden ", model.hidden,
                                                 " and layers ", model.layers, " need activations of more than ",
                                                 kMaxBytes, " bytes; lower one of them"));
}

int64_t VectorFloats() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (avx2) return avx512 ? 16 : 8;
#endif
  return 4;
}

Ledger FixedCpuBytes(const ModelConfig& model, const SequenceShape& shape, OptimizerKind optimizer, bool carry_state,
                     int64_t vector_floats) {
  const int64_t block = LanguageModelLayout(model).tensors.block_bytes();
  const LinkBytes link = LinkBytesOf(model, shape);
  Ledger ledger;
  ledger[MemoryKind::kWeights] = WeightBytes(model, {vector_floats}, block);
  ledger[MemoryKind::kGradients] = block + Floats(model.vocabulary * GeometryOf(model.cell).gates * model.hidden);
  ledger[MemoryKind::kOptimizer] = OptimizerStateBytes(optimizer, block);
  ledger[MemoryKind::kBatch] = BatchBytes(shape);
  ledger[MemoryKind::kStates] = (kStatesHeld + (carry_state ? 1 : 0)) * link.state;
  ledger[MemoryKind::kTapes] = link.tape;
  ledger[MemoryKind::kWorkspace] = WorkspaceBytes(model, shape);
  ledger[MemoryKind::kProcess] = block;
  return ledger;
}

}  // namespace recurve
