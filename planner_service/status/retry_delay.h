// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_STATUS_RETRY_DELAY_H_
#define RECURVE_PLANNER_SERVICE_STATUS_RETRY_DELAY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace recurve {

// Marks a status as one that a retry may change, because it says that something is full, not that the request is
// wrong or too large. The server passes the delay on to the client (AddRetryDelay, grpc_server/grpc_status.h).
inline constexpr std::chrono::milliseconds kRetryDelay{200};
inline constexpr char kRetryDelayPayload[] = "recurve/retry-delay-ms";

inline absl::Status WithRetryDelay(absl::Status status, std::chrono::milliseconds delay = kRetryDelay) {
  status.SetPayload(kRetryDelayPayload, absl::Cord(absl::StrCat(delay.count())));
  return status;
}

// The delay of a status marked by WithRetryDelay; nullopt for all others.
inline std::optional<std::chrono::milliseconds> RetryDelayOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryDelayPayload);
  int64_t delay = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &delay)) return std::nullopt;
  return std::chrono::milliseconds(delay);
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_STATUS_RETRY_DELAY_H_
