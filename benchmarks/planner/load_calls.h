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

// One kind of call. Requests are encoded in advance and responses are not decoded, so that the server dominates the
// time.
struct CallKind {
  const char* name;
  const char* help;
  const char* method;
  std::optional<PlanRequest> request;  // none: the message is `question`
  std::string question = {};           // encoded
  int64_t ballast_bytes = 0;           // size of an unknown field
  bool fresh = false;                  // every request is new
  bool give_up = false;                // every call is cancelled within a millisecond
  std::vector<grpc::StatusCode> expected;
};

const std::vector<CallKind>& CallKinds();

// The message of the `number`-th call of a kind over all callers.
grpc::ByteBuffer MessageOf(const CallKind& kind, int64_t number);

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_PLANNER_LOAD_CALLS_H_
