// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/machine_checks.h"

#include "client/doctor/checks.h"

namespace recurve {

std::vector<Check> MachineChecks() {
  return {
      {"GPU", [](const DoctorOptions& options) { return CheckGpus(ReadGpuFacts(options.cuda)); }},
      {"CPU", [](const DoctorOptions&) { return CheckProcessors(ReadProcessorFacts()); }},
      {"memory", [](const DoctorOptions&) { return CheckMemory(); }},
      {"limits", [](const DoctorOptions&) { return CheckLimits(ReadLimitFacts()); }},
      {"clock", [](const DoctorOptions&) { return CheckClock(ReadClockFacts()); }},
  };
}

}  // namespace recurve
