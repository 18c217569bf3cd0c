// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/doctor/daemon_checks.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// Less does not matter to people who compare times.
constexpr std::chrono::milliseconds kMostClockDifference{2'000};

// "recurve-planner 0.1.0 at 127.0.0.1:7401". The daemon may have sent anything.
std::string DaemonText(const DaemonHealth& health, const std::string& target) {
  return absl::StrCat(health.program.empty() ? "the server" : Printable(health.program),
                      health.version.empty() ? "" : " ", Printable(health.version), " at ", target);
}

}  // namespace

std::vector<Finding> JudgeDaemon(const std::string& program, const std::string& target,
                                 const absl::StatusOr<DaemonHealth>& health, const std::string& version) {
  if (!health.ok()) {
    const std::string start =
        absl::StrCat("start ", program, " there, or check the address and the firewalls on the way");
    // Other errors than those of gRPC say what to do.
    const bool of_grpc = absl::StrContains(health.status().message(), "last error: ");
    if (of_grpc) return {{Severity::kFailure, std::string(health.status().message()), start}};
    return {FindingOf(Severity::kFailure, health.status(), start)};
  }
  const std::string daemon = DaemonText(*health, target);
  if (!health->program.empty() && health->program != program) {
    return {{Severity::kFailure, absl::StrCat(daemon, " is not ", program), "give the address of that daemon"}};
  }
  if (!health->serving) {
    return {{Severity::kFailure, absl::StrCat(daemon, " is NOT_SERVING"),
             "wait while it starts or drains; if that does not end, read its log"}};
  }
  std::vector<Finding> findings;
  if (health->version == version) {
    findings.push_back({.found = absl::StrCat(daemon, " is SERVING")});
  } else {
    findings.push_back({Severity::kWarning, absl::StrCat(daemon, " is SERVING; this program is version ", version),
                        "install the same version on both machines"});
  }
  const std::chrono::milliseconds ahead = health->clock_ahead.value_or(std::chrono::milliseconds(0));
  if (std::chrono::abs(ahead) > kMostClockDifference) {
    findings.push_back({Severity::kWarning,
                        absl::StrCat("the clock of ", daemon, " is ", FormatDuration(std::chrono::abs(ahead)),
                                     ahead.count() > 0 ? " ahead of" : " behind", " the clock here"),
                        "run a client of a time server on both machines"});
  }
  return findings;
}

}  // namespace recurve
