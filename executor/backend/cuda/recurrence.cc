// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/recurrence.h"

#include <algorithm>

#include "executor/backend/cuda/cuda_status.h"
#include "executor/backend/cuda/persistent.h"
#include "executor/backend/cuda/persistent_turns.h"
#include "executor/backend/link_steps.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {
namespace {

constexpr int64_t kFloatBytes = sizeof(float);

// The same rows, offset by `begin` elements.
OperandRows From(OperandRows rows, int64_t begin) {
  rows.data = static_cast<std::byte*>(rows.data) + begin * BytesOf(rows.element);
  return rows;
}

template <class Args>
absl::Status StartInTurn(const PersistentLaunch<Args>& launch, cudaStream_t stream) {
  return ToStatus(TakeTurn(stream, [&] { return StartPersistent(launch, stream); }), "run steps in one kernel");
}

int64_t AlignUpTo256(int64_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace

Recurrence::Recurrence(const Products& products, const Device& device, bool persistent, cudaStream_t stream,
                       Scratch scratch)
    : products_(products),
      persistent_(persistent && products.on_tensor_cores()),
      persistent_device_{.capability = device.capability,
                         .multiprocessors = device.multiprocessors,
                         .shared_bytes = device.shared_bytes,
                         .exchange_bytes = scratch.bytes},
      stream_(stream),
      scratch_(scratch) {}

std::optional<PersistentPlan> Recurrence::PlanOf(Direction direction, Cell cell, int64_t B, int64_t H) const {
  if (!persistent_) return std::nullopt;
  return PlanPersistent(direction, cell, products_.element(), B, H, persistent_device_);
}

LinkRuns Recurrence::link_runs() const {
  LinkRuns runs = graphs_.runs();
  runs.persistent = persistent_links_;
  return runs;
}

absl::Status Recurrence::ForwardPersistent(const PersistentPlan& plan, const CellForwardArgs& args) {
  for (int64_t t = 0; t < args.k; t += plan.steps) {
    const PersistentLaunch<CellForwardArgs> launch{.plan = plan,
                                                   .args = StepsOfLink(args, t, std::min(t + plan.steps, args.k)),
                                                   .weights = ForwardWeights(args.recurrent, args.H),
                                                   .exchange = scratch_.data};
    RETURN_IF_ERROR(StartInTurn(launch, stream_));
  }
  ++persistent_links_;
  return absl::OkStatus();
}

absl::Status Recurrence::BackwardPersistent(const PersistentPlan& plan, const CellBackwardArgs& args) {
  for (int64_t end = args.k; end > 0; end -= plan.steps) {
    const PersistentLaunch<CellBackwardArgs> launch{
        .plan = plan,
        .args = StepsOfLink(args, std::max<int64_t>(end - plan.steps, 0), end),
        .weights = BackwardWeights(args.cell, args.recurrent, args.H),
        .exchange = scratch_.data};
    RETURN_IF_ERROR(StartInTurn(launch, stream_));
  }
  ++persistent_links_;
  return absl::OkStatus();
}

absl::Status Recurrence::Forward(const CellForwardArgs& args) {
  if (const auto plan = PlanOf(Direction::kForward, args.cell, args.B, args.H)) return ForwardPersistent(*plan, args);
  const CellGeometry geometry = GeometryOf(args.cell);
  const int64_t h_bytes = OperandStride(products_.element(), args.H) * BytesOf(products_.element());
  const int64_t most_rows = RowsAtATime(h_bytes + geometry.gates * args.H * kFloatBytes);
  for (int64_t row = 0; row < args.B; row += most_rows) {
    for (int64_t t = 0; t < args.k; t += kPartSteps) {
      const CellForwardArgs part = StepsOfLink(args, t, std::min(t + kPartSteps, args.k));
      RETURN_IF_ERROR(ForwardRows(part, row, std::min(most_rows, args.B - row)));
    }
  }
  return absl::OkStatus();
}

absl::Status Recurrence::ForwardRows(const CellForwardArgs& args, int64_t first_row, int64_t rows) {
  const OperandRows h{products_.element(), Tensors(), OperandStride(products_.element(), args.H)};
  const int64_t h_bytes = AlignUpTo256(rows * h.stride * BytesOf(h.element));
  const ForwardLink link{.args = args,
                         .first_row = first_row,
                         .rows = rows,
                         .h = h,
                         .product = reinterpret_cast<float*>(Tensors() + h_bytes)};
  auto* there = reinterpret_cast<ForwardLink*>(scratch_.data);
  RETURN_IF_ERROR(ToStatus(BeginForward(link, there, stream_), "begin a link"));
  return graphs_.Run(
      {.backward = false, .cell = args.cell, .steps = args.k, .rows = rows, .H = args.H, .weights = args.recurrent},
      stream_, [&]() -> absl::Status {
        for (int64_t t = 0; t < args.k; ++t) RETURN_IF_ERROR(ForwardStep(link, t));
        return absl::OkStatus();
      });
}

absl::Status Recurrence::ForwardStep(const ForwardLink& link, int64_t t) {
  const CellForwardArgs& a = link.args;
  const CellGeometry geometry = GeometryOf(a.cell);
  const auto* there = reinterpret_cast<const ForwardLink*>(scratch_.data);
  const OperandRows weights = ForwardWeights(a.recurrent, a.H);
  const int first = geometry.two_products ? geometry.gates - 1 : geometry.gates;  // gates of the first product
  for (int i = 0; i < (geometry.two_products ? 2 : 1); ++i) {
    const int64_t begin = i == 0 ? 0 : first * a.H;
    const int64_t end = (i == 0 ? first : geometry.gates) * a.H;
    RETURN_IF_ERROR(products_.Multiply(link.rows, end - begin, a.H, {link.h},
                                       {From(weights, begin * weights.stride), true}, false, link.product + begin,
                                       geometry.gates * a.H));
    RETURN_IF_ERROR(
        ToStatus(StepsOf(a.cell).forward[i](link.h.element, link.rows, a.H, there, t, stream_), "cell forward"));
  }
  return absl::OkStatus();
}

absl::Status Recurrence::Backward(const CellBackwardArgs& args) {
  if (const auto plan = PlanOf(Direction::kBackward, args.cell, args.B, args.H)) return BackwardPersistent(*plan, args);
  const int64_t gates = GeometryOf(args.cell).gates;
  const int64_t gradient_bytes = OperandStride(products_.element(), gates * args.H) * BytesOf(products_.element());
  const int64_t most_rows = RowsAtATime(gradient_bytes + args.H * kFloatBytes);
  const int64_t parts = (args.k + kPartSteps - 1) / kPartSteps;
  for (int64_t row = 0; row < args.B; row += most_rows) {
    for (int64_t i = parts - 1; i >= 0; --i) {
      const int64_t t = i * kPartSteps;
      const CellBackwardArgs part = StepsOfLink(args, t, std::min(t + kPartSteps, args.k));
      RETURN_IF_ERROR(BackwardRows(part, row, std::min(most_rows, args.B - row)));
    }
  }
  return absl::OkStatus();
}

absl::Status Recurrence::BackwardRows(const CellBackwardArgs& args, int64_t first_row, int64_t rows) {
  const OperandRows gradients{products_.element(), Tensors(),
                              OperandStride(products_.element(), GeometryOf(args.cell).gates * args.H)};
  const int64_t gradient_bytes = AlignUpTo256(rows * gradients.stride * BytesOf(gradients.element));
  const BackwardLink link{.args = args,
                          .first_row = first_row,
                          .rows = rows,
                          .gradients = gradients,
                          .product = reinterpret_cast<float*>(Tensors() + gradient_bytes)};
  auto* there = reinterpret_cast<BackwardLink*>(scratch_.data);
  RETURN_IF_ERROR(ToStatus(BeginBackward(link, there, stream_), "begin a link backward"));
  return graphs_.Run(
      {.backward = true, .cell = args.cell, .steps = args.k, .rows = rows, .H = args.H, .weights = args.recurrent},
      stream_, [&]() -> absl::Status {
        for (int64_t t = args.k - 1; t >= 0; --t) RETURN_IF_ERROR(BackwardStep(link, t));
        return ToStatus(EndBackward(rows, args.H, there, stream_), "end a link backward");
      });
}

absl::Status Recurrence::BackwardStep(const BackwardLink& link, int64_t t) {
  const CellBackwardArgs& a = link.args;
  const CellGeometry geometry = GeometryOf(a.cell);
  const auto* there = reinterpret_cast<const BackwardLink*>(scratch_.data);
  const OperandRows weights = BackwardWeights(a.cell, a.recurrent, a.H);
  const int first = geometry.two_products ? geometry.gates - 1 : geometry.gates;  // gates of the last product
  for (int i = 0; i < (geometry.two_products ? 2 : 1); ++i) {
    RETURN_IF_ERROR(ToStatus(StepsOf(a.cell).backward[i](link.gradients.element, link.rows, a.H, there, t, stream_),
                             "cell backward"));
    const bool of_last_gate = geometry.two_products && i == 0;
    const int64_t begin = of_last_gate ? first * a.H : 0;
    const int64_t end = (of_last_gate ? geometry.gates : first) * a.H;
    RETURN_IF_ERROR(products_.Multiply(link.rows, a.H, end - begin, {From(link.gradients, begin)},
                                       {From(weights, begin), true}, i == 1, link.product, a.H));
  }
  return absl::OkStatus();
}

OperandRows Recurrence::ForwardWeights(const void* packed, int64_t H) const {
  return {products_.element(), const_cast<void*>(packed), OperandStride(products_.element(), H)};
}

OperandRows Recurrence::BackwardWeights(Cell cell, const void* packed, int64_t H) const {
  return {products_.element(), const_cast<void*>(packed),
          OperandStride(products_.element(), GeometryOf(cell).gates * H)};
}

// One row always fits: it would need 800,000 hidden units not to.
int64_t Recurrence::RowsAtATime(int64_t row_bytes) const { return (scratch_.bytes - kLinkBytes - 256) / row_bytes; }

}  // namespace recurve::cuda
