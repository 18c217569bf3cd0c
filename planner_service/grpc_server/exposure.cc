// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/exposure.h"

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Both ports are protected in the same way.
Exposure ExposureOf(const std::string& flag, const std::string& address, const ServerOptions& options) {
  return {.flag = flag,
          .address = address,
          .encrypted = !options.tls.certificate.empty(),
          .identified = !options.tls.authorities.empty() || !options.access.token_file.empty()};
}

}  // namespace

absl::Status CheckExposure(const Exposure& port) {
  ASSIGN_OR_RETURN(const Address address, ParseAddress(port.address));
  if (IsLoopback(address) || (port.encrypted && port.identified)) return absl::OkStatus();
  const char* const lack =
      port.encrypted    ? "no identity of clients (--token-file or --client-ca-file)"
      : port.identified ? "no TLS (--tls-cert-file and --tls-key-file)"
                        : "neither TLS (--tls-cert-file and --tls-key-file) nor identity of clients (--token-file or "
                          "--client-ca-file)";
  return absl::FailedPreconditionError(absl::StrCat(
      port.flag, " ", port.address, " is an address beyond this machine, and the port has ", lack,
      "; give what is missing, listen on a loopback address or a Unix socket, or, if the network itself keeps others ",
      "out, give --allow-plaintext true"));
}

absl::Status CheckGrpcExposure(const ServerOptions& options) {
  return options.allow_plaintext ? absl::OkStatus() : CheckExposure(ExposureOf("--listen", options.listen, options));
}

absl::Status CheckMetricsExposure(const ServerOptions& options) {
  if (options.allow_plaintext || options.metrics_public || options.metrics_listen.empty()) return absl::OkStatus();
  return CheckExposure(ExposureOf("--metrics-listen", options.metrics_listen, options));
}

}  // namespace recurve
