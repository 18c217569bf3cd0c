// SPDX-License-Identifier: Apache-2.0
//
// Operations in parts. Threads may share an operation in any partition. A long operation is run as several short ones
// in sequence: some steps of a link, some rows of a product. That split depends only on the operation's sizes, so that
// results are bit-identical for any number of threads.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_OPERATION_PARTS_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_OPERATION_PARTS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "executor/backend/arguments.h"
#include "executor/backend/cpu/kernels.h"
#include "planner_service/model/cell.h"

namespace recurve::cpu {

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Part `i` of `parts` of [0, n), split at multiples of `grain`.
inline Range Part(int64_t n, int64_t i, int64_t parts, int64_t grain = 1) {
  const int64_t grains = CeilDiv(n, grain);
  return {std::min(n, grains * i / parts * grain), std::min(n, grains * (i + 1) / parts * grain)};
}

// Fused multiply-adds between polls for cancellation: tens of milliseconds with a few threads.
inline constexpr int64_t kOperationsBetweenStops = 1'000'000'000;

inline constexpr int64_t kBytesBetweenStops = 256 << 20;  // the same when zeroing memory

// How many units of work, of `operations` multiply-adds each, to run between polls for cancellation.
inline int64_t UnitsBetweenStops(int64_t operations) {
  return std::max<int64_t>(1, kOperationsBetweenStops / std::max<int64_t>(1, operations));
}

// A minimum for any number of columns: with fewer rows, the weights would be read too often.
inline constexpr int64_t kLeastRowsBetweenStops = 2048;

inline int64_t RowsBetweenStops(const LinearArgs& a) {
  return std::max(kLeastRowsBetweenStops, UnitsBetweenStops(a.width * (a.depth + 4)));
}

// A multiple of what the kernel packs at a time.
inline int64_t RowsBetweenStops(const WeightGradientArgs& a) {
  return std::max(kLeastRowsBetweenStops, UnitsBetweenStops(a.in * a.out)) / kWeightGradientDepth *
         kWeightGradientDepth;
}

// Polls for cancellation whenever enough operations have run since the last poll.
class StopRequest {
 public:
  explicit StopRequest(const std::function<bool()>* stop = nullptr)
      : stop_(stop != nullptr && *stop ? stop : nullptr) {}

  // Whether to abandon the next `operations` multiply-adds and everything after them.
  bool Ask(int64_t operations) {
    if (stop_ == nullptr || stopped_) return stopped_;
    unasked_ += operations;
    if (unasked_ < kOperationsBetweenStops) return false;
    unasked_ = 0;
    return stopped_ = (*stop_)();
  }
  bool stopped() const { return stopped_; }

 private:
  const std::function<bool()>* stop_;
  bool stopped_ = false;
  int64_t unasked_ = 0;  // multiply-adds
};

// The sum restricted to rows [begin, end).
inline WeightGradientArgs RowsOf(const WeightGradientArgs& a, int64_t begin, int64_t end) {
  WeightGradientArgs part = a;
  part.n = end - begin;
  part.dy += begin * a.dy_stride;
  if (begin < a.first_rows) {
    part.x_first += begin * a.x_stride;
    part.first_rows = std::min(part.n, a.first_rows - begin);
  } else {
    part.x_first = a.x_rest + (begin - a.first_rows) * a.x_stride;
    part.first_rows = part.n;
  }
  return part;
}

// The products that make up the gradient of a cell's recurrent weights; the second one is empty (n = 0) for most cells.
inline std::array<WeightGradientArgs, 2> RecurrentWeightGradients(const CellWeightGradientArgs& args) {
  const CellGeometry geometry = GeometryOf(args.cell);
  const bool masked = args.recurrent_mask != nullptr;
  WeightGradientArgs product{.n = args.k * args.B,
                             .in = args.H,
                             .out = geometry.gates * args.H,
                             .x_first = masked ? args.masked : args.h_first,
                             .first_rows = args.B,
                             .x_rest = masked ? args.masked + args.B * args.H : args.h,
                             .x_stride = args.H,
                             .dy = args.gates + geometry.recurrent_block * args.H,
                             .dy_stride = geometry.row() * args.H,
                             .dw = args.dw,
                             .dw_stride = geometry.gates * args.H,
                             .dbias = args.dbias};
  WeightGradientArgs second{};
  if (geometry.two_products) {  // the last gate's product reads the taped block after it
    const int64_t first = (geometry.gates - 1) * args.H;
    second = product;
    second.out = args.H;
    second.x_first = args.gates + geometry.gates * args.H;
    second.first_rows = second.n;
    second.x_stride = geometry.row() * args.H;
    second.dy += first;
    second.dw += first;
    product.out = first;
  }
  return {product, second};
}

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_OPERATION_PARTS_H_
