// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/service_reports.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kMostInterval{1000};
// By how much each report extends the time to start while plans are being made in advance.
constexpr microseconds kMoreTimeToStart{30'000'000};
// For the end of the process after its last call and job.
constexpr milliseconds kTimeToExit{15'000};

std::string Assign(const char* name, microseconds duration) { return absl::StrCat(name, "=", duration.count()); }

}  // namespace

milliseconds ServiceReports::interval() const {
  if (!manager_.watchdog()) return kMostInterval;
  const auto half = std::chrono::duration_cast<milliseconds>(*manager_.watchdog() / 2);
  return std::clamp(half, milliseconds(1), kMostInterval);
}

void ServiceReports::Report() {
  if (!manager_ || !server_.Answers()) return;
  if (!ready_) {
    ready_ = server_.IsServing();
    manager_.Tell(
        ready_ ? absl::StrCat("READY=1\nSTATUS=Serving gRPC on ", server_.address(), ", metrics ",
                              server_.metrics_address())
               : absl::StrCat(Assign("EXTEND_TIMEOUT_USEC", kMoreTimeToStart), "\nSTATUS=Making plans in advance"));
  }
  const auto now = std::chrono::steady_clock::now();
  if (!manager_.watchdog() || now - last_alive_ < *manager_.watchdog() / 2) return;
  last_alive_ = now;
  manager_.Tell("WATCHDOG=1");
}

void ServiceReports::Stopping(const std::string& what_follows, milliseconds limit) const {
  const microseconds most = limit + kTimeToExit;
  manager_.Tell(absl::StrCat("STOPPING=1\nSTATUS=Stopping: ", what_follows, "\n", Assign("EXTEND_TIMEOUT_USEC", most)));
}

}  // namespace recurve
