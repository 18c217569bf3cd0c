// SPDX-License-Identifier: Apache-2.0
#include "client/cli/service_option.h"

#include <memory>

#include "absl/status/status.h"
#include "planner_service/client/target.h"
#include "planner_service/process/environment.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

std::string GivenOr(const std::string& given, const char* variable) {
  return given.empty() ? EnvironmentVariable(variable) : given;
}

}  // namespace

void AddService(const Section& section, const std::string& name, ServiceOption& service, const std::string& help) {
  AddTarget(section, name, service.target, help);
  AddTlsOptions(section, service.target, service.tls);
}

void AddTlsFiles(const Section& section, TlsFiles& given) {
  const Section listed(section.app, "TLS and identity");
  AddText(listed, "--ca-file", given.authorities,
          "PEM file of the CA that signed the service's certificate; default: $RECURVE_CA_FILE, or no TLS", "FILE");
  AddText(listed, "--cert-file", given.certificate,
          "PEM file of the certificate for a service that requires one (mTLS); default: $RECURVE_CERT_FILE", "FILE");
  AddText(listed, "--key-file", given.key, "PEM file of that certificate's private key; default: $RECURVE_KEY_FILE",
          "FILE");
  AddText(listed, "--token-file", given.token,
          "file whose first line is the token for a service that requires one; sent only over TLS or to this machine; "
          "default: $RECURVE_TOKEN_FILE",
          "FILE");
}

TlsFiles OrFromEnvironment(const TlsFiles& given) {
  return {.certificate = GivenOr(given.certificate, "RECURVE_CERT_FILE"),
          .key = GivenOr(given.key, "RECURVE_KEY_FILE"),
          .authorities = GivenOr(given.authorities, "RECURVE_CA_FILE"),
          .token = GivenOr(given.token, "RECURVE_TOKEN_FILE")};
}

void AddTlsOptions(const Section& section, const std::string& target, TlsCredentials& tls) {
  const auto given = std::make_shared<TlsFiles>();
  AddTlsFiles(section, *given);
  WhenParsed(section.app, [given, &target, &tls] {
    if (target.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(tls, ReadTlsFiles(OrFromEnvironment(*given), TlsRole::kClient));
    return CheckTokenTarget(target, tls);
  });
}

}  // namespace recurve
