// SPDX-License-Identifier: Apache-2.0
//
// TLS of the metrics port. libmicrohttpd speaks it through GnuTLS, whereas gRPC uses OpenSSL.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_TLS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_TLS_H_

#include <gnutls/gnutls.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/grpc_server/reloaded_tls.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// Versions and ciphers in GnuTLS' notation: TLS 1.2 or newer, forward secrecy, authenticated encryption.
inline constexpr char kMetricsTlsPriorities[] = "PFS:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-DHE-RSA:-SHA1";

// Credentials in the form of GnuTLS. A session needs those that it began with until it ends.
using GnuTlsCredentials = std::shared_ptr<gnutls_certificate_credentials_st>;

// INVALID_ARGUMENT names a file that GnuTLS cannot use, although OpenSSL can: a key on a rare elliptic curve.
absl::StatusOr<GnuTlsCredentials> LoadGnuTls(const TlsCredentials& credentials);

// Gives each TLS session what a ReloadedTls has when the session begins. Not thread-safe.
class MetricsTls {
 public:
  // Errors of LoadGnuTls. `tls` must outlive the result.
  static absl::StatusOr<std::unique_ptr<MetricsTls>> Open(const ReloadedTls& tls);

  // Prepares a session for its handshake. If there are authorities, the handshake fails unless the client presents a
  // certificate for clients that one of them signed.
  GnuTlsCredentials Begin(gnutls_session_t session);

 private:
  MetricsTls(const ReloadedTls& tls, std::shared_ptr<const TlsCredentials> loaded, GnuTlsCredentials credentials)
      : tls_(tls), loaded_(std::move(loaded)), credentials_(std::move(credentials)) {}

  const ReloadedTls& tls_;
  std::shared_ptr<const TlsCredentials> loaded_;  // most recently, successfully or not
  GnuTlsCredentials credentials_;
};

// The name in the client's certificate (NameIn) of a session whose handshake is complete; empty: it presented none.
std::string NameOfClient(gnutls_session_t session);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_TLS_H_
