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
  // So many of the first candidates are measured however long it takes, at least one; those after them only while time
  // is left.
  int64_t required = 1;
  int64_t max_bytes = 0;  // of memory to use meanwhile; the fixed memory of training in links of `links.back()` will do
};

// What a link of `link` steps costs, and what is done once per batch besides the links: packing the weights, folding
// the embedding, zeroing and completing the gradients. Seconds.
struct MeasuredLink {
  int64_t link = 1;
  double forward_seconds = 0;
  double taped_forward_seconds = 0;
  double backward_seconds = 0;
  double batch_seconds = 0;
  friend bool operator==(const MeasuredLink&, const MeasuredLink&) = default;
};

struct Calibration {
  std::vector<MeasuredLink> links;  // the candidates that were measured, in order
  // Mean time of the work over its least, by which all costs are multiplied; at least 1. Far above 1, others used the
  // machine meanwhile, and the costs are not those of tomorrow.
  double load = 1;
};

// Measures what links cost on this device, in memory of its own that is freed again. Takes about a second, unless a few
// rounds of the required candidates take longer. CANCELLED when `cancelled` says so.
//
// All candidates take their turn in each of many rounds. What else the machine does interrupts a few spans of links
// for long and leaves the others alone, which would make of any average of one candidate's spans a matter of luck.
// So the least time of each kind of work tells what it costs by itself, and the mean time of the rounds over the sum of
// those tells the load of the machine, by which all costs are multiplied.
absl::StatusOr<Calibration> Calibrate(const CalibrationOptions& options, Backend& backend,
                                      const CancelCheck& cancelled);

// The costs of an average link of a sequence cut into links of `measured.link` steps: what is done once per batch is
// spread over the N backwards, and a last link with fewer steps counts for as much as it has. So
// PredictSeconds(V, N, costs) is the time from weights to complete gradients.
LinkCosts CostsOf(const MeasuredLink& measured, const SequenceShape& shape);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_
