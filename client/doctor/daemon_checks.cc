// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/daemon_checks.h"

#include <utility>

#include "client/doctor/checks.h"
#include "executor/store/state_directory.h"

namespace recurve {
namespace {

std::vector<Finding> CheckPorts(const DoctorOptions& options) {
  const bool asked = !options.listen.empty();
  const TlsCredentials tls = ReadTlsFiles(options.client_tls, TlsRole::kClient).value_or(TlsCredentials());
  std::vector<Finding> findings;
  for (const std::string& address :
       asked ? options.listen
             : std::vector<std::string>{"127.0.0.1:7401", "127.0.0.1:9401", "127.0.0.1:7402", "127.0.0.1:9402"}) {
    findings.push_back(CheckPort(address, asked ? Severity::kFailure : Severity::kWarning, tls));
  }
  return findings;
}

std::vector<Finding> CheckDaemon(const std::string& program, const std::string& target, const DoctorOptions& options) {
  if (target.empty()) return {};
  const absl::StatusOr<TlsCredentials> tls = ReadTlsFiles(options.client_tls, TlsRole::kClient);
  if (!tls.ok()) return {FindingOf(Severity::kFailure, tls.status(), kPemFile)};
  return JudgeDaemon(program, target, AskHealth({.target = target, .tls = *tls}), options.version);
}

}  // namespace

std::vector<Check> DaemonChecks() {
  return {
      {"ports", CheckPorts},
      {"state",
       [](const DoctorOptions& options) {
         return CheckStateDirectory(options.state_directory.empty() ? DefaultStateDirectory()
                                                                    : options.state_directory);
       }},
      {"TLS", [](const DoctorOptions& options) { return CheckTls(options.daemon_tls, options.client_tls); }},
      {"planner",
       [](const DoctorOptions& options) { return CheckDaemon("recurve-planner", options.planner, options); }},
      {"executor",
       [](const DoctorOptions& options) { return CheckDaemon("recurve-executor", options.executor, options); }},
  };
}

}  // namespace recurve
