// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr int kAcceptsInARow = 64;
constexpr int kTriesOfFreePorts = 8;
constexpr int kPauseMs = 50;  // while descriptors or memory are exhausted, or an address cannot be bound
constexpr std::chrono::milliseconds kCountAge{200};  // for which counts of connections by host are used
constexpr int kUserTimeoutMs = 20'000;  // a peer that acknowledges nothing for this long is considered dead

absl::Status CannotListen(const Address& address, const std::string& purpose, const std::string& why) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", ToString(address), " for ", purpose, ": ", why, "; choose another address"));
}

std::string WhyNotBound(int error) {
  if (error == EADDRINUSE) return "the port is in use";
  if (error == EADDRNOTAVAIL) return "the host is not an address of this machine";
  return std::string(strerror(error));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
}

// Binds and listens. Returns the socket, or -errno.
int ListenOn(int family, const sockaddr* address, socklen_t bytes) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  if (family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, address, bytes) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

// The port of a bound socket.
int PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t bytes = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

sockaddr_un NameOf(const Address& address) {
  sockaddr_un name{.sun_family = AF_UNIX};
  address.path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  return name;
}

// Removes a socket file on which no process listens any longer, so that a killed server can be restarted.
void RemoveIfAbandoned(const sockaddr_un& address) {
  struct stat file {};
  if (lstat(address.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno == ECONNREFUSED;
  close(fd);
  if (refused) unlink(address.sun_path);
}

// Errors of accept() that concern the listening socket itself; the others are temporary or concern one connection.
bool IsBroken(int error) { return error == EINVAL || error == EBADF || error == ENOTSOCK || error == EOPNOTSUPP; }
bool IsShortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

// Resets a connection, which leaves no state in the kernel.
void Refuse(int fd) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd);
}

}  // namespace

std::string HostOf(int fd) {
  sockaddr_storage peer{};
  socklen_t bytes = sizeof(peer);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0) return "";
  if (peer.ss_family == AF_UNIX) return "unix";
  const auto text = [](const auto& value, size_t size) {
    return std::string(reinterpret_cast<const char*>(&value), size);
  };
  if (peer.ss_family == AF_INET) return text(reinterpret_cast<const sockaddr_in&>(peer).sin_addr, sizeof(in_addr));
  if (peer.ss_family != AF_INET6) return "";
  const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return text(address.s6_addr[12], sizeof(in_addr));
  return text(address, sizeof(address) / 2);
}

absl::Status RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kMostDescriptors);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= kLeastDescriptors) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("this process may open ", limit.rlim_cur,
                                                   " files; a server needs at least ", kLeastDescriptors,
                                                   ", preferably 1024: raise the limit (ulimit -n, LimitNOFILE=)"));
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(const Address& address, std::string purpose) {
  std::unique_ptr<Listener> listener(new Listener(address, std::move(purpose)));
  listener->wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (listener->wake_ < 0) return CannotListen(address, listener->purpose_, WhyNotBound(errno));
  // A port that is free for one address of a host name may be in use for another.
  absl::Status status = listener->Open();
  for (int i = 1; i < kTriesOfFreePorts && !status.ok() && address.port == 0; ++i) status = listener->Open();
  if (!status.ok()) return status;
  return listener;
}

Listener::~Listener() {
  Stop();
  if (wake_ >= 0) close(wake_);
}

void Listener::Stop() {
  stop_ = true;
  if (wake_ >= 0) eventfd_write(wake_, 1);
  if (thread_.joinable()) thread_.join();
  if (sockets_.empty()) return;
  Close();
  if (!address_.path.empty()) RemoveIfAbandoned(NameOf(address_));
}

void Listener::Start(int reserve, std::function<void(int)> take) {
  reserve_ = reserve;
  take_ = std::move(take);
  thread_ = std::thread([this] { Run(); });
}

void Listener::Rebind() {
  broken_ = true;
  eventfd_write(wake_, 1);
}

absl::Status Listener::Open() { return address_.path.empty() ? OpenTcp() : OpenUnix(); }

absl::Status Listener::OpenUnix() {
  const sockaddr_un name = NameOf(address_);
  RemoveIfAbandoned(name);
  const int fd = ListenOn(AF_UNIX, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  if (fd == -EADDRINUSE) return CannotListen(address_, purpose_, "the path is in use");
  if (fd < 0) return CannotListen(address_, purpose_, WhyNotBound(-fd));
  sockets_.push_back(fd);
  return absl::OkStatus();
}

// A name such as localhost may have several addresses: binds all that belong to this machine, to the same port.
absl::Status Listener::OpenTcp() {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(address_.host.c_str(), "0", &hints, &found); error != 0) {
    return CannotListen(address_, purpose_, absl::StrCat("the host is unknown (", gai_strerror(error), ")"));
  }
  const int requested = address_.port;
  int failure = EADDRNOTAVAIL;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const in_port_t port = htons(static_cast<uint16_t>(address_.port));
    if (each->ai_family == AF_INET) reinterpret_cast<sockaddr_in*>(each->ai_addr)->sin_port = port;
    if (each->ai_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(each->ai_addr)->sin6_port = port;
    const int fd = ListenOn(each->ai_family, each->ai_addr, each->ai_addrlen);
    if (fd >= 0) {
      sockets_.push_back(fd);
      if (address_.port == 0) address_.port = PortOf(fd);
    } else {
      failure = -fd;
      if (failure == EADDRINUSE) break;
    }
  }
  freeaddrinfo(found);
  if (!sockets_.empty() && failure != EADDRINUSE) return absl::OkStatus();
  address_.port = requested;
  Close();
  return CannotListen(address_, purpose_, WhyNotBound(failure));
}

void Listener::Close() {
  for (const int fd : sockets_) close(fd);
  sockets_.clear();
}

void Listener::Run() {
  while (!stop_) {
    if (broken_.exchange(false)) {
      Close();
      if (Open().ok()) {
        ++counts_.rebinds;
      } else {
        broken_ = true;
      }
    }
    Wait(sockets_.empty() ? kPauseMs : -1);
    for (const int fd : std::vector<int>(sockets_)) {
      if (!AcceptFrom(fd) && !stop_) Wait(kPauseMs);
    }
  }
}

// Waits until a client connects, Stop() or Rebind() is called, or the time is over (-1: no limit). With a limit, which
// means that accepting is paused, connections do not end the wait.
void Listener::Wait(int milliseconds) {
  std::vector<pollfd> events = {{.fd = wake_, .events = POLLIN}};
  if (milliseconds < 0) {
    for (const int fd : sockets_) events.push_back({.fd = fd, .events = POLLIN});
  }
  poll(events.data(), events.size(), milliseconds);
  eventfd_t ignored = 0;
  eventfd_read(wake_, &ignored);
}

// False if accepting must pause, because resources are exhausted or the socket is broken.
bool Listener::AcceptFrom(int socket) {
  for (int i = 0; i < kAcceptsInARow && !stop_; ++i) {
    const int fd = accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      TakeOrRefuse(fd);
      continue;
    }
    const int error = errno;
    if (error == EAGAIN) return true;
    if (IsShortage(error)) return false;
    if (IsBroken(error)) {
      broken_ = true;
      return false;
    }
  }
  return true;
}

// A new descriptor has the lowest free number, so its number indicates how many are open.
void Listener::TakeOrRefuse(int fd) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kMostDescriptors)) - reserve_;
  const bool full = fd >= most;
  if (full || HostHasItsShare(fd, most)) {
    ++counts_.refused;
    if (!full) ++counts_.refused_of_host;
    Refuse(fd);
    return;
  }
  ++counts_.accepted;
  if (address_.path.empty()) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof(kUserTimeoutMs));
  }
  take_(fd);
}

// Whether the host of this connection has more than half of the descriptors already. Looks only when it may be so, and
// not for every connection of a flood.
bool Listener::HostHasItsShare(int fd, int most_descriptors) {
  const int share = most_descriptors / 2;
  if (fd < share) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now - counted_ > kCountAge) {
    counted_ = now;
    by_host_.clear();
    for (int each = 0; each < most_descriptors; ++each) {
      if (each != fd) ++by_host_[HostOf(each)];
    }
  }
  const std::string host = HostOf(fd);  // empty: gone already
  return host.empty() || ++by_host_[host] > share;
}

}  // namespace recurve
