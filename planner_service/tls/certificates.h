// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_TLS_CERTIFICATES_H_
#define RECURVE_PLANNER_SERVICE_TLS_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

struct FreeOpenSsl {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, FreeOpenSsl>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;

// Parse the PEM text of a file. INVALID_ARGUMENT names the file. There is at least one certificate.
absl::StatusOr<std::vector<Certificate>> ParseCertificates(const std::string& pem, const std::string& file);
absl::StatusOr<PrivateKey> ParsePrivateKey(const std::string& pem, const std::string& file);

// The time after which a certificate is no longer valid.
std::chrono::system_clock::time_point ExpiryOf(const X509& certificate);

// The name of a certificate's owner: the common name, or without one, the first alternative name that is a DNS name, an
// address of mail, a URI or an IP address. Empty if there is none.
std::string NameIn(const X509& certificate);

// "2026-11-28 00:40:52 UTC"
std::string FormatTime(std::chrono::system_clock::time_point time);

// INVALID_ARGUMENT if one of the certificates is not valid now, or did not sign the one before it.
absl::Status CheckChain(const std::vector<Certificate>& chain, const std::string& file);

// INVALID_ARGUMENT if no certificate is valid now.
absl::Status CheckAuthorities(const std::vector<Certificate>& authorities, const std::string& file);

// Why the last call of OpenSSL in this thread failed. Clears OpenSSL's list of errors.
std::string TakeOpenSslError();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TLS_CERTIFICATES_H_
