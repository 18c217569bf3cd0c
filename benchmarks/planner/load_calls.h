// SPDX-License-Identifier: Apache-2.0
//
// The kinds of calls that planner_load makes.
#ifndef RECURVE_BENCHMARKS_PLANNER_LOAD_CALLS_H_
#define RECURVE_BENCHMARKS_PLANNER_LOAD_CALLS_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// One kind of call. What it sends is made beforehand and what comes back is not decoded, so that time is spent on the
// server's side alone.
struct CallKind {
  const char* name;
  const char* help;
  const char* method;
  std::optional<PlanRequest> request;  // none: sends an empty message
  int64_t ballast_bytes = 0;           // of a field that the service does not know
  bool fresh = false;                  // each call asks what nobody has asked before
  bool give_up = false;                // each call is cancelled, at some moment within a millisecond
  std::vector<grpc::StatusCode> expected;
};

const std::vector<CallKind>& CallKinds();

// The message of the `number`-th call of a kind, over all who call.
grpc::ByteBuffer MessageOf(const CallKind& kind, int64_t number);

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_PLANNER_LOAD_CALLS_H_
