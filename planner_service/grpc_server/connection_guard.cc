// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/connection_guard.h"

#include <dlfcn.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "planner_service/grpc_server/frame_guard.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/process/mutex.h"

namespace recurve {
namespace {

// By descriptor, until it is closed. Only one thread at a time reads from a connection.
// Without a constructor or destructor, because gRPC's threads may outlive other static objects.
constinit std::array<std::atomic<FrameGuard*>, kMostDescriptors> guards{};

constinit ArrivingBytes arriving{};

// The host of the connection that this thread passes to gRPC, which makes its TLS session meanwhile. Empty: none.
thread_local std::string host_of_session;

std::atomic<int64_t> violations{0};
std::atomic<bool> guards_tls{false};

void Report(const FrameGuard& guard) {
  ++violations;
  spdlog::debug("a connection was closed: {}", guard.violation());
}

// What the connections of a host hold; forgotten with the last of them.
std::shared_ptr<std::atomic<int64_t>> ArrivingOf(const std::string& host) {
  static auto* const mutex = new Mutex;
  static auto* const hosts = new std::map<std::string, std::weak_ptr<std::atomic<int64_t>>>;
  const MutexLock lock(*mutex);
  std::erase_if(*hosts, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<std::atomic<int64_t>>& place = (*hosts)[host];
  std::shared_ptr<std::atomic<int64_t>> found = place.lock();
  if (found == nullptr) place = found = std::make_shared<std::atomic<int64_t>>(0);
  return found;
}

std::unique_ptr<FrameGuard> MakeGuard(const std::string& host) {
  return std::make_unique<FrameGuard>(&arriving, host.empty() ? nullptr : ArrivingOf(host));
}

void SetGuard(int fd, std::unique_ptr<FrameGuard> guard) {
  if (fd < 0 || static_cast<size_t>(fd) >= kMostDescriptors) return;
  std::atomic<FrameGuard*>& place = guards[static_cast<size_t>(fd)];
  if (guard == nullptr && place.load(std::memory_order_relaxed) == nullptr) return;
  delete place.exchange(guard.release(), std::memory_order_acq_rel);
}

// Null if the connection is not checked.
FrameGuard* GuardOf(int fd) {
  if (fd < 0 || static_cast<size_t>(fd) >= kMostDescriptors) return nullptr;
  return guards[static_cast<size_t>(fd)].load(std::memory_order_acquire);
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
      0, nullptr,
      [](void*, void*, CRYPTO_EX_DATA* data, int index, long, void*) {  // NOLINT(google-runtime-int): OpenSSL's type
        if (host_of_session.empty()) return;
        auto guard = MakeGuard(host_of_session);
        if (CRYPTO_set_ex_data(data, index, guard.get()) == 1) guard.release();
      },
      nullptr,
      [](void*, void* guard, CRYPTO_EX_DATA*, int, long, void*) {  // NOLINT(google-runtime-int): OpenSSL's type
        delete static_cast<FrameGuard*>(guard);
      });
  return index;
}

FrameGuard* GuardOf(SSL* session) {
  if (!guards_tls || SSL_is_server(session) == 0) return nullptr;
  auto* guard = static_cast<FrameGuard*>(SSL_get_ex_data(session, TlsIndex()));
  const unsigned char* protocol = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(session, &protocol, &bytes);
  if (std::string_view(reinterpret_cast<const char*>(protocol), bytes) != "h2") return nullptr;
  if (guard != nullptr) return guard;
  auto made = MakeGuard("");
  if (SSL_set_ex_data(session, TlsIndex(), made.get()) == 1) guard = made.release();
  return guard;
}

}  // namespace

void GuardWhileTaken(int fd, bool tls, const std::function<void(int fd)>& take) {
  const std::string host = HostOf(fd);
  if (tls) {
    TlsIndex();
    guards_tls = true;
    host_of_session = host;
  } else {
    SetGuard(fd, MakeGuard(host));
  }
  take(fd);
  host_of_session.clear();
}

void LimitArrivingBytes(int64_t bytes) { arriving.most = bytes; }

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
  if (recurve::FrameGuard* const guard = recurve::GuardOf(fd); guard != nullptr) guard->ServerSends();
  return next(fd, message, flags);
}

int close(int fd) {
  static const auto next = reinterpret_cast<decltype(&close)>(dlsym(RTLD_NEXT, "close"));
  recurve::SetGuard(fd, nullptr);
  return next(fd);
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
