// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "client/doctor/daemon_checks.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/grpc_server/tls_handshake.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr size_t kMostAnswer = size_t{4} << 20;

int ConnectTo(const Address& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found) != 0) return -1;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience = {.tv_sec = kPatience.count()};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));  // also of connect
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  if (connected) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

// What is answered to the request, or what arrived of it in time.
std::string AskInPlaintext(const Address& address, const std::string& request) {
  const int fd = ConnectTo(address);
  if (fd < 0) return "";
  std::string answer;
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::array<char, 65536> part{};
    ssize_t size = 0;
    while (answer.size() < kMostAnswer && std::chrono::steady_clock::now() < deadline &&
           (size = recv(fd, part.data(), part.size(), 0)) > 0) {
      answer.append(part.data(), static_cast<size_t>(size));
    }
  }
  close(fd);
  return answer;
}

// The answer to GET /metrics, over TLS if there are authorities and the server speaks it.
std::string GetMetrics(const Address& address, const TlsCredentials& tls) {
  const std::string request =
      absl::StrCat("GET /metrics HTTP/1.1\r\nHost: ", address.host, "\r\nConnection: close\r\n\r\n");
  const std::string answer = tls.authorities.empty() ? "" : AskOverTls(address, tls, request, kMostAnswer, kPatience);
  return answer.empty() ? AskInPlaintext(address, request) : answer;
}

// "recurve-planner 0.1.0", by the metrics of a daemon; empty if these are not metrics of a daemon.
std::string DaemonOfMetrics(const std::string& metrics) {
  for (const std::string name : {"planner", "executor"}) {
    const std::string label = absl::StrCat("\nrecurve_", name, "_build_info{version=\"");
    const size_t begin = metrics.find(label);
    if (begin == std::string::npos) continue;
    const size_t version = begin + label.size();
    return absl::StrCat("recurve-", name, " ",
                        Printable(metrics.substr(version, metrics.find('"', version) - version)));
  }
  return "";
}

// The daemon that listens on `address`, and what it serves there; empty if it is none.
std::string DaemonAt(const Address& address, const TlsCredentials& tls) {
  const auto health = AskHealth({.target = ToString(address), .timeout = kPatience, .tls = tls});
  if (health.ok() && !health->program.empty()) {
    return absl::StrCat(Printable(health->program), " ", Printable(health->version), ", which is ",
                        health->serving ? "SERVING" : "NOT_SERVING");
  }
  const std::string daemon = address.path.empty() ? DaemonOfMetrics(GetMetrics(address, tls)) : "";
  return daemon.empty() ? "" : absl::StrCat("the metrics of ", daemon);
}

}  // namespace

Finding CheckPort(const std::string& text, Severity taken, const TlsCredentials& tls) {
  const absl::StatusOr<Address> address = ParseAddress(text);
  if (!address.ok()) return FindingOf(Severity::kFailure, address.status(), "");
  const absl::Status bound = Listener::Bind(*address, "a daemon").status();  // as a daemon does
  if (bound.ok()) return {.found = absl::StrCat(text, " is free")};
  const std::string daemon = DaemonAt(Reachable(*address), tls);
  if (!daemon.empty()) return {.found = absl::StrCat(text, " is used by ", daemon)};
  Finding finding = FindingOf(taken, bound, "");
  finding.remedy +=
      " for the daemon (--listen, --metrics-listen), or end the program there, which ss -ltnp shows; a daemon with TLS "
      "is recognized with --ca-file";
  return finding;
}

}  // namespace recurve
