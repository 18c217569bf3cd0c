// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/metrics_tls.h"

#include <gnutls/x509.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/tls/certificates.h"

namespace recurve {
namespace {

// GnuTLS takes data that it does not change as `unsigned char*`.
gnutls_datum_t DatumOf(const std::string& text) {
  return {.data = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          .size = static_cast<unsigned>(text.size())};
}

absl::Status CannotUse(const std::string& file, int error) {
  return absl::InvalidArgumentError(absl::StrCat(file, " cannot be used for the metrics port (", gnutls_strerror(error),
                                                 "); use an RSA key, or an EC key on the curve P-256"));
}

// Verifies what the client presented, and tells it when that is refused.
int VerifyClient(gnutls_session_t session) {
  char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
  gnutls_typed_vdata_st purpose = {
      .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = reinterpret_cast<unsigned char*>(client), .size = 0};
  unsigned faults = 0;
  if (gnutls_certificate_verify_peers(session, &purpose, 1, &faults) == GNUTLS_E_SUCCESS && faults == 0) return 0;
  const bool expired = (faults & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED)) != 0;
  const bool unknown = (faults & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0;
  gnutls_alert_send(session, GNUTLS_AL_FATAL,
                    unknown   ? GNUTLS_A_UNKNOWN_CA
                    : expired ? GNUTLS_A_CERTIFICATE_EXPIRED
                              : GNUTLS_A_BAD_CERTIFICATE);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

}  // namespace

absl::StatusOr<GnuTlsCredentials> LoadGnuTls(const TlsCredentials& credentials) {
  gnutls_certificate_credentials_t made = nullptr;
  if (gnutls_certificate_allocate_credentials(&made) != GNUTLS_E_SUCCESS) {
    return absl::ResourceExhaustedError("no memory for the certificate of the metrics port");
  }
  GnuTlsCredentials loaded(made, &gnutls_certificate_free_credentials);
  const gnutls_datum_t chain = DatumOf(credentials.certificate);
  const gnutls_datum_t key = DatumOf(credentials.key);
  if (const int error = gnutls_certificate_set_x509_key_mem(made, &chain, &key, GNUTLS_X509_FMT_PEM); error < 0) {
    return CannotUse(absl::StrCat(credentials.files.certificate, " with ", credentials.files.key), error);
  }
  if (credentials.authorities.empty()) return loaded;
  const gnutls_datum_t authorities = DatumOf(credentials.authorities);
  if (const int error = gnutls_certificate_set_x509_trust_mem(made, &authorities, GNUTLS_X509_FMT_PEM); error < 0) {
    return CannotUse(credentials.files.authorities, error);
  }
  return loaded;
}

absl::StatusOr<std::unique_ptr<MetricsTls>> MetricsTls::Open(const ReloadedTls& tls) {
  std::shared_ptr<const TlsCredentials> first = tls.current();
  ASSIGN_OR_RETURN(GnuTlsCredentials loaded, LoadGnuTls(*first));
  return std::unique_ptr<MetricsTls>(new MetricsTls(tls, std::move(first), std::move(loaded)));
}

GnuTlsCredentials MetricsTls::Begin(gnutls_session_t session) {
  if (std::shared_ptr<const TlsCredentials> now = tls_.current(); now != loaded_) {
    absl::StatusOr<GnuTlsCredentials> loaded = LoadGnuTls(*now);
    loaded_ = std::move(now);
    if (loaded.ok()) {
      credentials_ = *std::move(loaded);
    } else {
      spdlog::error("TLS: {}; the metrics port keeps the files loaded before", std::string(loaded.status().message()));
    }
  }
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_.get());
  if (!loaded_->authorities.empty()) {
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_function(session, &VerifyClient);
  }
  return credentials_;
}

std::string NameOfClient(gnutls_session_t session) {
  unsigned count = 0;
  const gnutls_datum_t* const chain = gnutls_certificate_get_peers(session, &count);
  if (chain == nullptr || count == 0) return "";
  const unsigned char* at = chain->data;
  const Certificate own(
      d2i_X509(nullptr, &at, static_cast<long>(chain->size)));  // NOLINT(google-runtime-int): OpenSSL's
  return own == nullptr ? "" : NameIn(*own);
}

}  // namespace recurve
