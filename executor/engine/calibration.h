// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_
#define RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/model/trainable_model.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

struct CalibrationOptions {
  ModelFactory model;
  int64_t batch = 1;           // B
  std::vector<int64_t> links;  // k of each candidate, increasing, at least one
  // The first `required` candidates, at least one, are always measured; the others only if time permits.
  int64_t required = 1;
  int64_t max_bytes = 0;  // memory limit; at least the fixed memory of training with links of `links.back()`
};

// The costs in seconds of a link of `link` steps, and of the work done once per batch: packing the weights, folding the
// embedding, zeroing and completing the gradients.
struct MeasuredLink {
  int64_t link = 1;
  double forward_seconds = 0;
  double taped_forward_seconds = 0;
  double backward_seconds = 0;
  double batch_seconds = 0;
  friend bool operator==(const MeasuredLink&, const MeasuredLink&) = default;
};

struct Calibration {
  std::vector<MeasuredLink> links;  // the measured candidates, in order
  // The ratio of the mean to the minimum time of the work, at least 1. All costs are multiplied by it. Values far above
  // 1 mean that other processes used the machine, and that the costs may not hold later.
  double load = 1;
};

// Measures the costs of links on this device, in temporary memory. Takes about a second, unless a few rounds of the
// required candidates take longer. Returns CANCELLED if `cancelled` returns true, and errors of the backend.
//
// Each of many rounds runs all candidates. Other processes interrupt a few spans for long and leave the others alone,
// so averages of single candidates would be unreliable. Instead, the minimum time of each kind of work gives its cost,
// and the ratio of the rounds' mean time to the sum of the minimums gives the machine's load, which multiplies all
// costs.
absl::StatusOr<Calibration> Calibrate(const CalibrationOptions& options, Backend& backend,
                                      const CancelCheck& cancelled);

// The costs of an average link of a sequence split into links of `measured.link` steps. Once-per-batch work is spread
// over the N backward passes, and a shorter last link counts in proportion to its steps. PredictSeconds(V, N, costs) is
// then the time from weights to complete gradients.
LinkCosts CostsOf(const MeasuredLink& measured, const SequenceShape& shape);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_
