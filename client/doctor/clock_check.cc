// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/timex.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/doctor/machine_checks.h"

namespace recurve {
namespace {

// The file of a program may come from a machine whose clock is ahead of this one by a few hours.
constexpr std::chrono::hours kTolerance{24};
constexpr char kSetTheClock[] = "run chrony or systemd-timesyncd here, or on the host of this container";

std::string TimeText(std::chrono::system_clock::time_point time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromChrono(time), absl::UTCTimeZone());
}

}  // namespace

ClockFacts ReadClockFacts() {
  ClockFacts facts{.now = std::chrono::system_clock::now()};
  struct stat program {};
  if (stat("/proc/self/exe", &program) == 0) {
    facts.program_written = std::chrono::system_clock::from_time_t(program.st_mtime);
  }
  timex state{};  // modes = 0: only reads
  if (const int clock = adjtimex(&state); clock >= 0) {
    facts.synchronized = clock != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  }
  return facts;
}

std::vector<Finding> CheckClock(const ClockFacts& facts) {
  const std::string now = TimeText(facts.now);
  if (facts.program_written > facts.now + kTolerance) {
    return {{Severity::kFailure,
             absl::StrCat(now, " is before ", TimeText(facts.program_written), ", when this program was written"),
             kSetTheClock}};
  }
  if (!facts.synchronized)
    return {{.found = absl::StrCat(now, "; the system does not say whether it is synchronized")}};
  if (*facts.synchronized) return {{.found = absl::StrCat(now, ", synchronized")}};
  return {{Severity::kWarning, absl::StrCat(now, ", not synchronized with a time server"), kSetTheClock}};
}

}  // namespace recurve
