// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_TRANSFER_COSTS_H_
#define RECURVE_EXECUTOR_ENGINE_TRANSFER_COSTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

// Seconds to move one state on an otherwise idle device.
struct TransferCosts {
  double store_seconds = 0;  // to the host
  double fetch_seconds = 0;  // from the host
  double copy_seconds = 0;   // within the device
};

// Measures these costs for states of `state_bytes` (at least 1) in temporary memory: two states on the device and up to
// 16 on the host, so that caches hold no more of them than in a sweep. Takes milliseconds for states of up to a
// megabyte. Returns errors of the backend.
absl::StatusOr<TransferCosts> MeasureTransfers(int64_t state_bytes, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_TRANSFER_COSTS_H_
