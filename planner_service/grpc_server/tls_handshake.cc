// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/tls_handshake.h"

#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/tls/certificates.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 100;
constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // gRPC servers reject clients that do not offer it
constexpr char kUnixSocketName[] = "localhost";    // the name that gRPC expects in a certificate

// gRPC sends no alert when it rejects a certificate.
constexpr char kClosed[] = "it closes the connection";

// When to give up.
struct Limit {
  Clock::time_point end;
  const std::function<bool()>& stopped;

  bool Over() const { return Clock::now() > end || (stopped && stopped()); }
};

// A connection whose calls wait until the limit.
class Connection {
 public:
  Connection(const Address& address, const Limit& limit) : limit_(limit) {
    if (!address.path.empty()) {
      sockaddr_un name{.sun_family = AF_UNIX};
      address.path.copy(name.sun_path, sizeof(name.sun_path) - 1);
      Connect(AF_UNIX, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
      return;
    }
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found) != 0) return;
    for (const addrinfo* each = found; each != nullptr && fd_ < 0; each = each->ai_next) {
      Connect(each->ai_family, each->ai_addr, each->ai_addrlen);
    }
    freeaddrinfo(found);
  }
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open() const { return fd_ >= 0; }

  bool Send(const char* data, size_t bytes) const {
    while (bytes > 0) {
      const ssize_t sent = send(fd_, data, bytes, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent < 0 && !Wait(POLLOUT)) return false;
      if (sent < 0) continue;
      data += sent;
      bytes -= static_cast<size_t>(sent);
    }
    return true;
  }

  // The number of bytes received; 0 at the end of the connection, however it ended; -1 when the limit is reached.
  ssize_t Receive(char* data, size_t bytes) const {
    while (true) {
      const ssize_t received = recv(fd_, data, bytes, 0);
      if (received >= 0) return received;
      if (errno != EAGAIN) return 0;
      if (!Wait(POLLIN)) return -1;
    }
  }

 private:
  void Connect(int family, const sockaddr* address, socklen_t bytes) {
    fd_ = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return;
    int error = connect(fd_, address, bytes) == 0 ? 0 : errno;
    if (error == EINPROGRESS && Wait(POLLOUT)) {
      socklen_t size = sizeof(error);
      getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) Close();
  }

  bool Wait(short events) const {  // NOLINT(google-runtime-int): poll's type
    pollfd ready = {.fd = fd_, .events = events};
    while (!limit_.Over()) {
      if (poll(&ready, 1, kPollMs) > 0) return true;
    }
    return false;
  }

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  const Limit& limit_;
  int fd_ = -1;
};

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

// The credentials are known to be valid.
Context MakeContext(const TlsCredentials& credentials) {
  Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (!credentials.authorities.empty()) {
    const auto authorities = ParseCertificates(credentials.authorities, "");
    X509_STORE* const store = SSL_CTX_get_cert_store(context.get());
    for (size_t i = 0; authorities.ok() && i < authorities->size(); ++i) {
      X509_STORE_add_cert(store, (*authorities)[i].get());
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!credentials.certificate.empty()) {
    const auto chain = ParseCertificates(credentials.certificate, "");
    const auto key = ParsePrivateKey(credentials.key, "");
    if (chain.ok()) SSL_CTX_use_certificate(context.get(), chain->front().get());
    for (size_t i = 1; chain.ok() && i < chain->size(); ++i) SSL_CTX_add1_chain_cert(context.get(), (*chain)[i].get());
    if (key.ok()) SSL_CTX_use_PrivateKey(context.get(), key->get());
  }
  return context;
}

// Has OpenSSL read and write memory, because its own sockets raise SIGPIPE.
Session MakeSession(SSL_CTX& context, const Address& address) {
  Session session(SSL_new(&context), &SSL_free);
  SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(session.get());
  const std::string name = address.path.empty() ? address.host : kUnixSocketName;
  X509_VERIFY_PARAM* const expected = SSL_get0_param(session.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) != 1) {
    X509_VERIFY_PARAM_set1_host(expected, name.c_str(), name.size());
    SSL_set_tlsext_host_name(session.get(), name.c_str());
  }
  return session;
}

// Repeats `step`, a call of OpenSSL that returns 1 on success, and exchanges bytes with the server in between. Returns
// SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_ZERO_RETURN when the server closes the connection, or SSL_ERROR_SYSCALL when
// the limit is reached.
int Exchange(SSL& session, const Connection& connection, const std::function<int()>& step) {
  char block[1 << 14];
  while (true) {
    ERR_clear_error();
    const int result = step();
    const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(&session, result);
    for (int n = 0; (n = BIO_read(SSL_get_wbio(&session), block, sizeof(block))) > 0;) {
      if (!connection.Send(block, static_cast<size_t>(n))) break;  // what the server has sent may say why
    }
    if (error != SSL_ERROR_WANT_READ) return error;
    const ssize_t received = connection.Receive(block, sizeof(block));
    if (received < 0) return SSL_ERROR_SYSCALL;
    if (received == 0) return SSL_ERROR_ZERO_RETURN;
    BIO_write(SSL_get_rbio(&session), block, static_cast<int>(received));
  }
}

TlsAnswer AnswerOf(long verified) {  // NOLINT(google-runtime-int): OpenSSL's type
  switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TlsAnswer::kInvalid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TlsAnswer::kWrongName;
    default:
      return TlsAnswer::kUntrusted;
  }
}

// Alerts say how the server rejects the client. Other errors mean that what it sent is not TLS.
TlsMeeting RejectedOr(TlsAnswer otherwise) {
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  std::string why = TakeOpenSslError();
  return {reason > SSL_AD_REASON_OFFSET ? TlsAnswer::kRejected : otherwise, std::move(why)};
}

}  // namespace

TlsMeeting MeetTls(const Address& address, const TlsCredentials& credentials, std::chrono::milliseconds patience,
                   const std::function<bool()>& stopped) {
  const Limit limit = {Clock::now() + patience, stopped};
  const Connection connection(address, limit);
  if (!connection.open()) return {};
  const Context context = MakeContext(credentials);
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  const Session session = MakeSession(*context, address);
  const int shaken = Exchange(*session, connection, [&] { return SSL_do_handshake(session.get()); });
  if (shaken == SSL_ERROR_SYSCALL) return {};
  if (shaken == SSL_ERROR_ZERO_RETURN) {
    // A server without room for another connection closes it at once, whether it speaks TLS or not.
    if (BIO_number_written(SSL_get_rbio(session.get())) == 0) return {};
    const bool spoke_tls = SSL_get0_peer_certificate(session.get()) != nullptr;
    return {spoke_tls ? TlsAnswer::kRejected : TlsAnswer::kNotTls, kClosed};
  }
  if (shaken != SSL_ERROR_NONE) {
    const long verified = SSL_get_verify_result(session.get());  // NOLINT(google-runtime-int): OpenSSL's type
    if (verified == X509_V_OK || credentials.authorities.empty()) return RejectedOr(TlsAnswer::kNotTls);
    TakeOpenSslError();
    return {AnswerOf(verified), X509_verify_cert_error_string(verified)};
  }
  // With TLS 1.3, the server checks the client's certificate after this. A gRPC server that accepts it speaks first.
  char first = 0;
  const int heard = Exchange(*session, connection, [&] { return SSL_read(session.get(), &first, 1); });
  if (heard == SSL_ERROR_NONE) return {TlsAnswer::kAccepted, ""};
  if (heard == SSL_ERROR_SSL) return RejectedOr(TlsAnswer::kRejected);
  if (heard == SSL_ERROR_SYSCALL) return {};
  return {TlsAnswer::kRejected, kClosed};
}

std::string AskOverTls(const Address& address, const TlsCredentials& credentials, const std::string& request,
                       size_t most_bytes, std::chrono::milliseconds patience) {
  const std::function<bool()> never;
  const Limit limit = {Clock::now() + patience, never};
  const Connection connection(address, limit);
  if (!connection.open()) return "";
  const Context context = MakeContext(credentials);
  const Session session = MakeSession(*context, address);
  std::string answer;
  int bytes = 0;
  const auto done = [&](const std::function<int()>& step) {
    return Exchange(*session, connection, [&] { return (bytes = step()) > 0 ? 1 : bytes; }) == SSL_ERROR_NONE;
  };
  char block[1 << 14];
  if (done([&] { return SSL_do_handshake(session.get()); }) &&
      done([&] { return SSL_write(session.get(), request.data(), static_cast<int>(request.size())); })) {
    while (answer.size() < most_bytes && done([&] { return SSL_read(session.get(), block, sizeof(block)); })) {
      answer.append(block, static_cast<size_t>(bytes));
    }
  }
  ERR_clear_error();
  return answer;
}

}  // namespace recurve
