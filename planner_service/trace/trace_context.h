// SPDX-License-Identifier: Apache-2.0
//
// W3C Trace Context, https://www.w3.org/TR/trace-context/: the ids that connect what several programs do and log for
// one request. Spans are not recorded here; their ids appear in logs and in calls to other services.
#ifndef RECURVE_PLANNER_SERVICE_TRACE_TRACE_CONTEXT_H_
#define RECURVE_PLANNER_SERVICE_TRACE_TRACE_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace recurve {

// The key of gRPC metadata and, in capitals, the environment variable that carry a trace context as text.
inline constexpr char kTraceparent[] = "traceparent";
inline constexpr char kTraceparentVariable[] = "TRACEPARENT";

// One span, a piece of work, of a trace. Ids are lower-case hexadecimal digits, not all of them 0.
struct TraceContext {
  std::string trace_id;  // 32 digits
  std::string span_id;   // 16 digits; "parent-id" in the specification
  bool sampled = false;  // whether the caller may have recorded the span

  bool operator==(const TraceContext& other) const {
    return trace_id == other.trace_id && span_id == other.span_id && sampled == other.sampled;
  }
};

// Parses the value of a traceparent header, such as "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", by the
// rules of the specification, including those for versions after 00. nullopt if it is invalid.
std::optional<TraceContext> ParseTraceparent(std::string_view text);

// The value of a traceparent header, version 00.
std::string FormatTraceparent(const TraceContext& context);

// A new trace with its first span.
TraceContext NewTrace();

// A new span of the same trace.
TraceContext NewSpan(const TraceContext& parent);

// The span that started this process, from the environment variable TRACEPARENT; if that is unset or invalid, a new
// trace. The same at every call.
const TraceContext& TraceOfProcess();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TRACE_TRACE_CONTEXT_H_
