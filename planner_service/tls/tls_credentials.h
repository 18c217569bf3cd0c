// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_TLS_TLS_CREDENTIALS_H_
#define RECURVE_PLANNER_SERVICE_TLS_TLS_CREDENTIALS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// Paths of PEM files, as a Kubernetes Secret of cert-manager has them: tls.crt, tls.key, ca.crt. A client may also have
// a token.
struct TlsFiles {
  std::string certificate;  // one's own certificate, followed by those of its issuers, each after the one it signed
  std::string key;          // of the certificate
  std::string authorities;  // certificates, one of which must have signed the peer's
  std::string token;        // of a client: a file whose first line is the token that says who calls

  bool empty() const { return certificate.empty() && key.empty() && authorities.empty() && token.empty(); }
  bool operator==(const TlsFiles&) const = default;
};

// The checked contents of such files.
struct TlsCredentials {
  std::string certificate;
  std::string key;
  std::string authorities;
  std::string token;
  // When the first of one's own certificates expires; the epoch if there is none.
  std::chrono::system_clock::time_point expiry;
  TlsFiles files;  // that they were read from

  bool operator==(const TlsCredentials&) const = default;
};

enum class TlsRole : uint8_t { kServer, kClient };

// Reads the files that are set; all may be empty, which means no TLS. A server needs a certificate, a client with a
// certificate authorities, and a certificate its key. INVALID_ARGUMENT if one is missing, is not PEM, has expired, is
// not valid yet, does not fit the others or does not suit the role, or if the token is not one; FAILED_PRECONDITION if
// every user may read the token; NOT_FOUND if a file cannot be read. Errors name the file and the remedy.
absl::StatusOr<TlsCredentials> ReadTlsFiles(const TlsFiles& files, TlsRole role);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TLS_TLS_CREDENTIALS_H_
