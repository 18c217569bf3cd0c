// SPDX-License-Identifier: Apache-2.0
//
// What `recurve doctor` checks.
#ifndef RECURVE_CLIENT_DOCTOR_CHECKS_H_
#define RECURVE_CLIENT_DOCTOR_CHECKS_H_

#include <string>
#include <vector>

#include "client/doctor/finding.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

struct DoctorOptions {
  std::string version;              // of this program
  bool cuda = false;                // this program was built with CUDA
  std::vector<std::string> listen;  // addresses on which daemons are to listen; empty: their defaults
  std::string state_directory;      // of an executor daemon; empty: the default
  std::string planner, executor;    // targets of daemons; empty: none
  TlsFiles daemon_tls;              // certificate and key of a daemon
  TlsFiles client_tls;              // with which clients connect to daemons
};

struct Check {
  std::string name;
  std::vector<Finding> (*run)(const DoctorOptions& options);  // no finding: there is nothing to check
};

// In the order in which to show them.
std::vector<Check> MachineChecks();
std::vector<Check> DaemonChecks();  // empty in a build without services

}  // namespace recurve

#endif  // RECURVE_CLIENT_DOCTOR_CHECKS_H_
