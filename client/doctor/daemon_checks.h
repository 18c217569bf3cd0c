// SPDX-License-Identifier: Apache-2.0
//
// Checks for daemons and their clients, which a build without services does not have.
#ifndef RECURVE_CLIENT_DOCTOR_DAEMON_CHECKS_H_
#define RECURVE_CLIENT_DOCTOR_DAEMON_CHECKS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/doctor/finding.h"
#include "planner_service/client/health_client.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// Whether a daemon could listen on `address`, or which one does. `taken` is the severity if another program does, `tls`
// what a daemon may require.
Finding CheckPort(const std::string& address, Severity taken, const TlsCredentials& tls = {});

// A daemon that should be `program`, by what it answered. `version`: of this program.
std::vector<Finding> JudgeDaemon(const std::string& program, const std::string& target,
                                 const absl::StatusOr<DaemonHealth>& health, const std::string& version);

// The state directory `path` of an executor daemon, which need not exist: whether one could use it, or which one does.
// Leaves it as it is.
std::vector<Finding> CheckStateDirectory(const std::string& path);

// The files of a daemon and of its clients, as far as they are set.
std::vector<Finding> CheckTls(const TlsFiles& daemon, const TlsFiles& client);

}  // namespace recurve

#endif  // RECURVE_CLIENT_DOCTOR_DAEMON_CHECKS_H_
