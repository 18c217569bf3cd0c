// SPDX-License-Identifier: Apache-2.0
//
// A client of the metrics port such as Prometheus, with OpenSSL; the server uses GnuTLS.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_HTTPS_CLIENT_H_
#define RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_HTTPS_CLIENT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// A connection to 127.0.0.1:<port> over TLS, as a client with these credentials.
class HttpsConnection {
 public:
  // Of any version of TLS, or of this one.
  HttpsConnection(int port, const TlsCredentials& credentials, int version = 0);

  // The answer of GET <path>: status line, headers and body. Otherwise "no answer: " and why. `headers` are lines that
  // end with "\r\n".
  std::string Get(const std::string& path, const std::string& headers = "");

 private:
  void Connect(int port, const TlsCredentials& credentials);
  std::string Failure() const;

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<BIO, decltype(&BIO_free_all)> stream_{nullptr, &BIO_free_all};
  std::string failure_;  // of the handshake; empty: it succeeded
};

// The first message of a client's handshake.
std::string ClientHello();

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_HTTPS_CLIENT_H_
