// SPDX-License-Identifier: Apache-2.0
//
// Replaces daemon_checks.cc in a build without services (cmake -DRECURVE_SERVICES=OFF).
#include "client/doctor/checks.h"

namespace recurve {

std::vector<Check> DaemonChecks() { return {}; }

}  // namespace recurve
