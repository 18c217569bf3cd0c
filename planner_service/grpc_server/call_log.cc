// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/call_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/access/access.h"

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
  ids = {.job_id = std::move(job_id),
         .trace_id = span.trace_id,
         .span_id = span.span_id,
         .peer = HostOfPeer(context.peer())};
  context.AddInitialMetadata(kTraceparent, FormatTraceparent(span));
}

void LoggedCall::Log(const absl::Status& status, const std::string& owner) const {
  static LogRate failures(kFailuresAtOnce, kFailureInterval);
  const bool failed = !status.ok() && !absl::IsCancelled(status);
  const auto level = failed                                          ? spdlog::level::warn
                     : status.ok() && effect == CallEffect::kChanges ? spdlog::level::info
                                                                     : spdlog::level::debug;
  if (!spdlog::should_log(level)) return;
  std::string text = absl::StrCat(method, ": ", absl::StatusCodeToString(status.code()));
  if (failed) {
    const std::optional<int64_t> left_out = failures.Take(std::chrono::steady_clock::now());
    if (!left_out) return;
    absl::StrAppend(&text, ": ", status.message());
    if (*left_out > 0) absl::StrAppend(&text, " (", *left_out, " failures before this one were not logged)");
  }
  LogIds all = ids;
  all.owner = owner;
  LogFor(all, level, text);
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
