// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CODEC_WORKLOAD_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_WORKLOAD_CODEC_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/model/cell.h"
#include "recurve/planner/v1/advisor.pb.h"

namespace recurve {

planner::v1::Workload EncodeWorkload(const Workload& workload);

planner::v1::Cell EncodeCell(Cell cell);
// Unspecified: LSTM. INVALID_ARGUMENT naming `field`.
absl::StatusOr<Cell> DecodeCell(absl::string_view field, planner::v1::Cell cell);

// INVALID_ARGUMENT naming a field within `field`, as it is called in the proto.
absl::StatusOr<Workload> DecodeWorkload(absl::string_view field, const planner::v1::Workload& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_WORKLOAD_CODEC_H_
