// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/grpc_server/https_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "planner_service/tls/certificates.h"

namespace recurve {

HttpsConnection::HttpsConnection(int port, const TlsCredentials& credentials, int version)
    : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
  std::signal(SIGPIPE, SIG_IGN);                  // which OpenSSL's sockets raise
  SSL_CTX_set_security_level(context_.get(), 0);  // otherwise OpenSSL would not even try old versions
  SSL_CTX_set_min_proto_version(context_.get(), version);
  SSL_CTX_set_max_proto_version(context_.get(), version);
  Connect(port, credentials);
}

void HttpsConnection::Connect(int port, const TlsCredentials& credentials) {
  const auto authorities = ParseCertificates(credentials.authorities, "authorities");
  for (size_t i = 0; authorities.ok() && i < authorities->size(); ++i) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), (*authorities)[i].get());
  }
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context_.get()), "127.0.0.1");
  if (!credentials.certificate.empty()) {
    const auto chain = ParseCertificates(credentials.certificate, "certificate");
    const auto key = ParsePrivateKey(credentials.key, "key");
    if (chain.ok()) SSL_CTX_use_certificate(context_.get(), chain->front().get());
    if (key.ok()) SSL_CTX_use_PrivateKey(context_.get(), key->get());
  }
  ERR_clear_error();
  stream_.reset(BIO_new_ssl_connect(context_.get()));
  BIO_set_conn_hostname(stream_.get(), absl::StrCat("127.0.0.1:", port).c_str());
  if (BIO_do_handshake(stream_.get()) != 1) failure_ = Failure();
}

std::string HttpsConnection::Failure() const {
  return ERR_peek_last_error() == 0 ? "no answer: closed" : absl::StrCat("no answer: ", TakeOpenSslError());
}

std::string HttpsConnection::Get(const std::string& path, const std::string& headers) {
  if (!failure_.empty()) return failure_;
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\n", headers, "\r\n");
  ERR_clear_error();
  if (BIO_write(stream_.get(), request.data(), static_cast<int>(request.size())) <= 0) return Failure();
  const std::string length = "\r\nContent-Length: ";
  std::string answer;
  size_t wanted = SIZE_MAX;
  while (answer.size() < wanted) {
    char block[4096];
    const int bytes = BIO_read(stream_.get(), block, sizeof(block));
    if (bytes <= 0) return Failure();
    answer.append(block, static_cast<size_t>(bytes));
    const size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    wanted = end + 4 + std::stoul(answer.substr(answer.find(length) + length.size()));
  }
  return answer;
}

std::string ClientHello() {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), &SSL_free);
  BIO* const sent = BIO_new(BIO_s_mem());
  SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), sent);
  SSL_set_connect_state(session.get());
  SSL_do_handshake(session.get());
  char block[4096];
  const int bytes = BIO_read(sent, block, sizeof(block));
  return {block, static_cast<size_t>(bytes)};
}

}  // namespace recurve
