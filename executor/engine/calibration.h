// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_
#define RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/model/link_model.h"
#include "executor/model/model_file.h"
#include "planner_service/planning/plan.h"

namespace recurve {

struct CalibrationOptions {
  ModelConfig model;
  SequenceShape shape;
  // Links that the schedule tapes in a row. Tapes that stay in the processor's caches cost less than tapes that do not,
  // so that links are measured in stretches like those that will be run.
  int64_t taped_in_a_row = 1;
  int64_t max_bytes = 0;  // of memory to use meanwhile; what training by the same shape needs is always enough
};

// Measures what the links of a sequence cost on this device, in memory of its own that is freed again; takes well under
// a second unless a link alone takes longer. Medians, warmed up.
//
// The costs are those of an average link of this very sequence: what is done once per batch (packing the weights,
// folding the embedding) is spread over the backwards of its N links, and a last link with fewer steps counts for as
// much as it has. So PredictSeconds(V, N, costs) is the time from packed weights to complete gradients.
absl::StatusOr<LinkCosts> Calibrate(const CalibrationOptions& options, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_CALIBRATION_H_
