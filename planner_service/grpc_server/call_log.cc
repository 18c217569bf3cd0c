// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/call_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr int kFailuresAtOnce = 20;
constexpr std::chrono::milliseconds kFailureInterval{1000};
constexpr size_t kMostShownBytes = 200;

// The span of the caller. Several values are as invalid as a wrong one.
std::optional<TraceContext> CallerOf(const grpc::ServerContextBase& context) {
  const auto [first, last] = context.client_metadata().equal_range(kTraceparent);
  if (first == last) return std::nullopt;
  const std::string_view text(first->second.data(), first->second.size());
  std::optional<TraceContext> caller = ParseTraceparent(text);
  if (std::next(first) != last) caller.reset();
  if (!caller) {
    spdlog::debug("the traceparent of a call is invalid, so that a new trace begins: {}",
                  text.substr(0, kMostShownBytes));
  }
  return caller;
}

}  // namespace

LoggedCall::LoggedCall(grpc::ServerContextBase& context, const char* method, CallEffect effect, std::string job_id)
    : method(method), effect(effect) {
  const std::optional<TraceContext> caller = CallerOf(context);
  span = caller ? NewSpan(*caller) : NewTrace();
  ids = {.job_id = std::move(job_id), .trace_id = span.trace_id, .span_id = span.span_id};
  context.AddInitialMetadata(kTraceparent, FormatTraceparent(span));
}

void LoggedCall::Log(const absl::Status& status) const {
  static LogRate failures(kFailuresAtOnce, kFailureInterval);
  if (status.ok() || absl::IsCancelled(status)) {
    const bool change = status.ok() && effect == CallEffect::kChanges;
    const auto level = change ? spdlog::level::info : spdlog::level::debug;
    if (spdlog::should_log(level))
      LogFor(ids, level, absl::StrCat(method, ": ", absl::StatusCodeToString(status.code())));
    return;
  }
  const std::optional<int64_t> left_out = failures.Take(std::chrono::steady_clock::now());
  if (!left_out) return;
  LogFor(
      ids, spdlog::level::warn,
      absl::StrCat(method, ": ", absl::StatusCodeToString(status.code()), ": ", status.message(),
                   *left_out > 0 ? absl::StrCat(" (", *left_out, " failures before this one were not logged)") : ""));
}

std::optional<int64_t> LogRate::Take(std::chrono::steady_clock::time_point now) {
  const MutexLock lock(mutex_);
  full_ = std::max(full_, now);
  if (full_ - now > (burst_ - 1) * interval_) {
    ++refused_;
    return std::nullopt;
  }
  full_ += interval_;
  return std::exchange(refused_, 0);
}

}  // namespace recurve
