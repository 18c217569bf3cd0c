// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr size_t kMaxQuotedBytes = 200;

absl::Status AddressError(std::string_view text, std::string_view what) {
  const std::string quoted = absl::CHexEscape(absl::string_view(text.data(), std::min(text.size(), kMaxQuotedBytes)));
  return absl::InvalidArgumentError(
      absl::StrCat("address '", quoted, text.size() > kMaxQuotedBytes ? "..." : "", "' ",
                   absl::string_view(what.data(), what.size()),
                   "; give HOST:PORT, such as 127.0.0.1:7401 or [::1]:7401, or unix:PATH"));
}

bool IsHostCharacter(char c, bool bracketed) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
}

// `text` begins with kUnixScheme. unix:PATH and unix:///PATH name the same socket, as for gRPC's clients.
absl::StatusOr<Address> ParseUnixAddress(std::string_view text) {
  std::string_view path = text.substr(kUnixScheme.size());
  if (path.substr(0, 2) == "//") {
    path.remove_prefix(2);
    if (path.empty() || path.front() != '/') return AddressError(text, "has no absolute path after unix://");
  }
  if (path.empty()) return AddressError(text, "has no path");
  if (path.size() > kMaxPathBytes) {
    return AddressError(
        text, absl::StrCat("has a path of ", path.size(), " bytes; Unix sockets have at most ", kMaxPathBytes));
  }
  if (path.find('\0') != std::string_view::npos) return AddressError(text, "has a path with a NUL byte");
  return Address{.path = std::string(path)};
}

}  // namespace

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  if (text.empty()) return AddressError(text, "is empty");
  if (text.substr(0, kUnixScheme.size()) == kUnixScheme) return ParseUnixAddress(text);
  if (text.find("://") != std::string_view::npos) return AddressError(text, "is a URL");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return AddressError(text, "has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return AddressError(text, "has no host");
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return AddressError(text, "has more than one colon; an IPv6 host needs brackets");
  }
  if (!std::all_of(host.begin(), host.end(), [&](char c) { return IsHostCharacter(c, bracketed); })) {
    return AddressError(text, "has a host that is neither a name nor an address");
  }

  Address address{.host = std::string(host)};
  const char* end = port.data() + port.size();
  const auto [stop, error] = std::from_chars(port.data(), end, address.port);
  if (port.empty() || error != std::errc() || stop != end || address.port < 0 || address.port > 65535) {
    return AddressError(text, "has a port that is not a number from 0 to 65535");
  }
  return address;
}

std::string ToString(const Address& address) {
  if (!address.path.empty()) return absl::StrCat("unix:", address.path);
  if (address.host.find(':') != std::string::npos) return absl::StrCat("[", address.host, "]:", address.port);
  return absl::StrCat(address.host, ":", address.port);
}

Address Reachable(Address address) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address;
}

bool IsLoopback(const Address& address) {
  if (!address.path.empty()) return true;
  if (absl::EqualsIgnoreCase(address.host, "localhost") || absl::EndsWithIgnoreCase(address.host, ".localhost")) {
    return true;
  }
  in_addr v4{};
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
  in6_addr v6{};
  return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace recurve
