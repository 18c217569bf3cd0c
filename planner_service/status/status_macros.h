// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_STATUS_STATUS_MACROS_H_
#define RECURVE_PLANNER_SERVICE_STATUS_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expression`, an absl::Status, is an error. The function returns a Status or
// a StatusOr.
#define RETURN_IF_ERROR(...)                                                                      \
  do {                                                                                            \
    if (absl::Status recurve_status = (__VA_ARGS__); !recurve_status.ok()) return recurve_status; \
  } while (false)

// Evaluates an absl::StatusOr; returns its error, or assigns its value to `declaration`:
//   ASSIGN_OR_RETURN(const Plan plan, planner.MakePlan(request, cancelled));
#define ASSIGN_OR_RETURN(declaration, ...) \
  RECURVE_ASSIGN_OR_RETURN(RECURVE_CONCATENATE(recurve_result_, __LINE__), declaration, __VA_ARGS__)

#define RECURVE_ASSIGN_OR_RETURN(result, declaration, ...) \
  auto result = (__VA_ARGS__);                             \
  if (!result.ok()) return std::move(result).status();     \
  declaration = *std::move(result)
#define RECURVE_CONCATENATE(a, b) RECURVE_CONCATENATE_EXPANDED(a, b)
#define RECURVE_CONCATENATE_EXPANDED(a, b) a##b

#endif  // RECURVE_PLANNER_SERVICE_STATUS_STATUS_MACROS_H_
