// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/tls_server_credentials.h"

#include <grpc/grpc_security.h>

#include <mutex>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "planner_service/process/mutex.h"

namespace recurve {
namespace {

// gRPC's C library asks for the certificate at each handshake. Of its C++ interfaces, none does, and the one that
// watches files (FileWatcherCertificateProvider) stops serving when it reads a bad pair.
class TlsServerCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsServerCredentials(const ReloadedTls& tls)
      : tls_(tls),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                tls.current()->authorities.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                   : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
                &TlsServerCredentials::Fetch, this))) {}
  ~TlsServerCredentials() override { grpc_server_credentials_release(credentials_); }
  TlsServerCredentials(const TlsServerCredentials&) = delete;
  TlsServerCredentials& operator=(const TlsServerCredentials&) = delete;

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<TlsServerCredentials*>(self)->FetchChanged(config);
  }

  grpc_ssl_certificate_config_reload_status FetchChanged(grpc_ssl_server_certificate_config** config) {
    std::shared_ptr<const TlsCredentials> now = tls_.current();
    const MutexLock lock(mutex_);
    if (now == fetched_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {.private_key = now->key.c_str(), .cert_chain = now->certificate.c_str()};
    // gRPC 1.51 aborts the process without any authorities, even if clients are not asked for a certificate.
    const std::string& authorities = now->authorities.empty() ? now->certificate : now->authorities;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    fetched_ = std::move(now);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const ReloadedTls& tls_;
  grpc_server_credentials* const credentials_;
  Mutex mutex_;
  std::shared_ptr<const TlsCredentials> fetched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsServerCredentials(const ReloadedTls& tls) {
  return std::make_shared<TlsServerCredentials>(tls);
}

}  // namespace recurve
