// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/connection_guard.h"

#include <dlfcn.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string_view>

#include "planner_service/grpc_server/frame_guard.h"
#include "planner_service/grpc_server/listener.h"

namespace recurve {
namespace {

// A connection by the number that Linux never gives twice, because descriptors are used again.
uint64_t CookieOf(int fd) {
  uint64_t cookie = 0;
  socklen_t bytes = sizeof(cookie);
  return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &bytes) == 0 ? cookie : 0;
}

struct GuardedConnection {
  uint64_t cookie;
  FrameGuard guard;
};

// By descriptor. Only one thread at a time reads from a connection. An entry outlives its connection until the next
// connection takes its descriptor.
using Guarded = std::array<std::atomic<GuardedConnection*>, kMostDescriptors>;
Guarded& GuardedByDescriptor() {
  static auto* const guarded = new Guarded{};  // never freed: gRPC's threads may outlive static objects
  return *guarded;
}

std::atomic<int64_t> violations{0};
std::atomic<bool> guards_tls{false};

void Report(const FrameGuard& guard) {
  ++violations;
  spdlog::debug("a connection was closed: {}", guard.violation());
}

// What the descriptor had last. Null if nothing.
GuardedConnection* LastOf(int fd) {
  if (fd < 0 || static_cast<size_t>(fd) >= kMostDescriptors) return nullptr;
  return GuardedByDescriptor()[static_cast<size_t>(fd)].load(std::memory_order_acquire);
}

// Null if the connection is not checked.
FrameGuard* GuardOf(int fd) {
  GuardedConnection* const found = LastOf(fd);
  return found != nullptr && found->cookie == CookieOf(fd) ? &found->guard : nullptr;
}

bool AcceptAll(FrameGuard& guard, const msghdr& message, size_t bytes) {
  const FrameGuard::Clock::time_point now = FrameGuard::Clock::now();
  for (size_t i = 0; i < message.msg_iovlen && bytes > 0; ++i) {
    const size_t count = std::min(bytes, message.msg_iov[i].iov_len);
    if (!guard.Accept({static_cast<const char*>(message.msg_iov[i].iov_base), count}, now)) return false;
    bytes -= count;
  }
  return true;
}

// Where a TLS connection keeps its FrameGuard.
int TlsIndex() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* guard, CRYPTO_EX_DATA*, int, long, void*) {  // NOLINT(google-runtime-int): OpenSSL's type
        delete static_cast<FrameGuard*>(guard);
      });
  return index;
}

FrameGuard* GuardOf(SSL* session) {
  if (!guards_tls || SSL_is_server(session) == 0) return nullptr;
  auto* guard = static_cast<FrameGuard*>(SSL_get_ex_data(session, TlsIndex()));
  if (guard != nullptr) return guard;
  const unsigned char* protocol = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(session, &protocol, &bytes);
  if (std::string_view(reinterpret_cast<const char*>(protocol), bytes) != "h2") return nullptr;
  auto made = std::make_unique<FrameGuard>();
  if (SSL_set_ex_data(session, TlsIndex(), made.get()) == 1) guard = made.release();
  return guard;
}

}  // namespace

void GuardConnection(int fd) {
  if (fd < 0 || static_cast<size_t>(fd) >= kMostDescriptors) return;
  auto guarded = std::make_unique<GuardedConnection>();
  guarded->cookie = CookieOf(fd);
  delete GuardedByDescriptor()[static_cast<size_t>(fd)].exchange(guarded.release(), std::memory_order_acq_rel);
}

void GuardTlsConnections() { guards_tls = true; }

int64_t GuardViolations() { return violations; }

}  // namespace recurve

extern "C" {

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto next = reinterpret_cast<decltype(&recvmsg)>(dlsym(RTLD_NEXT, "recvmsg"));
  const ssize_t received = next(fd, message, flags);
  if (received <= 0 || flags != 0) return received;
  recurve::FrameGuard* const guard = recurve::GuardOf(fd);
  if (guard == nullptr || recurve::AcceptAll(*guard, *message, static_cast<size_t>(received))) return received;
  recurve::Report(*guard);
  shutdown(fd, SHUT_RDWR);
  return 0;  // the end of the connection
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto next = reinterpret_cast<decltype(&sendmsg)>(dlsym(RTLD_NEXT, "sendmsg"));
  // Without a look at the cookie: a guard whose connection has ended may hear it too.
  if (recurve::GuardedConnection* const last = recurve::LastOf(fd); last != nullptr) last->guard.ServerSends();
  return next(fd, message, flags);
}

int SSL_read(SSL* session, void* data, int bytes) {
  static const auto next = reinterpret_cast<decltype(&SSL_read)>(dlsym(RTLD_NEXT, "SSL_read"));
  const int received = next(session, data, bytes);
  if (received <= 0) return received;
  recurve::FrameGuard* const guard = recurve::GuardOf(session);
  if (guard == nullptr || guard->Accept({static_cast<const char*>(data), static_cast<size_t>(received)})) {
    return received;
  }
  recurve::Report(*guard);
  return -1;
}

int SSL_write(SSL* session, const void* data, int bytes) {
  static const auto next = reinterpret_cast<decltype(&SSL_write)>(dlsym(RTLD_NEXT, "SSL_write"));
  if (recurve::FrameGuard* const guard = recurve::GuardOf(session); guard != nullptr) guard->ServerSends();
  return next(session, data, bytes);
}
}
