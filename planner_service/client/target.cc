// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr size_t kMostShownBytes = 200;

absl::Status TargetError(absl::string_view target, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "target '", absl::CHexEscape(target.substr(0, kMostShownBytes)), target.size() > kMostShownBytes ? "..." : "",
      "' ", what, "; give HOST:PORT, such as 127.0.0.1:7401 or [::1]:7401, unix:PATH, dns:///HOST:PORT, or a list, ",
      "ipv4:ADDRESS:PORT,ADDRESS:PORT"));
}

// The addresses of a target, as texts; empty for a scheme that only gRPC interprets (xds, unix-abstract).
struct Addresses {
  std::vector<std::string> texts;
  int family = AF_UNSPEC;  // required of all
};

absl::StatusOr<Addresses> AddressesOf(absl::string_view target) {
  if (target.empty()) return TargetError(target, "is empty");
  absl::string_view rest = target;
  for (const auto& [scheme, family] : {std::pair{"ipv4:", AF_INET}, std::pair{"ipv6:", AF_INET6}}) {
    if (absl::ConsumePrefix(&rest, scheme)) {
      return Addresses{.texts = absl::StrSplit(rest, ','), .family = family};
    }
  }
  if (absl::StartsWith(target, "xds:") || absl::StartsWith(target, "unix-abstract:")) return Addresses{};
  if (absl::StartsWith(target, "unix:")) return Addresses{.texts = {std::string(target)}};
  if (absl::ConsumePrefix(&rest, "dns:") && absl::ConsumePrefix(&rest, "//")) {  // dns://SERVER/NAME
    const size_t slash = rest.find('/');
    if (slash == absl::string_view::npos) return TargetError(target, "has two slashes after dns:, must have three");
    rest.remove_prefix(slash + 1);
  }
  if (absl::StrContains(rest, "://")) return TargetError(target, "is a URL");
  return Addresses{.texts = {std::string(rest)}};
}

bool HasFamily(const std::string& host, int family) {
  in6_addr parsed{};
  return family == AF_UNSPEC || inet_pton(family, host.c_str(), &parsed) == 1;
}

// An environment variable.
struct Setting {
  const char* name;
  std::string value;
};

std::optional<Setting> FirstOf(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing modifies the environment
    if (value != nullptr) return Setting{name, value};
  }
  return std::nullopt;
}

// The rules of gRPC 1.51: https://github.com/grpc/grpc/blob/v1.51.1/src/core/ext/filters/client_channel/http_proxy.cc
std::optional<Setting> ProxyOf(const std::string& target) {
  if (IsLoopbackTarget(target)) return std::nullopt;
  std::optional<Setting> proxy = FirstOf({"grpc_proxy", "https_proxy", "http_proxy"});
  if (!proxy || proxy->value.empty()) return std::nullopt;
  const absl::StatusOr<Addresses> addresses = AddressesOf(target);
  if (!addresses.ok() || addresses->texts.empty()) return proxy;
  const absl::StatusOr<Address> first = ParseAddress(addresses->texts.front());
  const std::optional<Setting> without = FirstOf({"no_grpc_proxy", "no_proxy"});
  if (!first.ok() || !without) return proxy;
  for (const absl::string_view suffix : absl::StrSplit(without->value, ',', absl::SkipWhitespace())) {
    if (absl::EndsWithIgnoreCase(first->host, absl::StripAsciiWhitespace(suffix))) return std::nullopt;
  }
  return proxy;
}

// The URL of a proxy without the user name and password that it may contain.
std::string WithoutPassword(const std::string& url) {
  const size_t at = url.rfind('@');
  if (at == std::string::npos) return url;
  const size_t scheme = url.find("://");
  return absl::StrCat(scheme == std::string::npos ? "" : url.substr(0, scheme + 3), url.substr(at + 1));
}

}  // namespace

absl::Status CheckTarget(const std::string& target) {
  ASSIGN_OR_RETURN(const Addresses addresses, AddressesOf(target));
  for (const std::string& text : addresses.texts) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    if (!address.ok()) {
      // Keeps only the problem of "address 'x' has no port; give ...", since a target has more forms than an address.
      absl::string_view why = address.status().message();
      why = why.substr(0, why.find("; give "));
      if (absl::ConsumePrefix(&why, absl::StrCat("address '", target, "' "))) return TargetError(target, why);
      return TargetError(target, absl::StrCat("contains the ", why));
    }
    if (address->path.empty() && address->port == 0)
      return TargetError(target, "has port 0, which cannot be connected to");
    if (!HasFamily(address->host, addresses.family)) {
      return TargetError(target, absl::StrCat("contains '", address->host, "', which is not an ",
                                              addresses.family == AF_INET ? "IPv4" : "IPv6", " address"));
    }
  }
  return absl::OkStatus();
}

bool IsLoopbackTarget(const std::string& target) {
  const absl::StatusOr<Addresses> addresses = AddressesOf(target);
  if (!addresses.ok()) return false;
  if (absl::StartsWith(target, "unix-abstract:")) return true;
  return !addresses->texts.empty() &&
         std::all_of(addresses->texts.begin(), addresses->texts.end(), [](const std::string& text) {
           const absl::StatusOr<Address> address = ParseAddress(text);
           return address.ok() && IsLoopback(*address);
         });
}

absl::Status CheckTokenTarget(const std::string& target, const TlsCredentials& credentials) {
  if (target.empty() || credentials.token.empty() || !credentials.authorities.empty() || IsLoopbackTarget(target)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the token in ", credentials.files.token, " would be sent unencrypted to ", target,
                   "; give the certificate of the server's CA with --ca-file (of an executor, --planner-ca-file), or "
                   "leave out the token"));
}

std::optional<Address> FirstAddressOf(const std::string& target) {
  const absl::StatusOr<Addresses> addresses = AddressesOf(target);
  if (!addresses.ok() || addresses->texts.empty() || ProxyOf(target)) return std::nullopt;
  const absl::StatusOr<Address> first = ParseAddress(addresses->texts.front());
  return first.ok() ? std::optional(*first) : std::nullopt;
}

std::string NameOfTarget(const std::string& target) {
  const std::optional<Setting> proxy = ProxyOf(target);
  if (!proxy) return target;
  return absl::StrCat(target, " (through the proxy ", WithoutPassword(proxy->value), " of the environment's ",
                      proxy->name, ")");
}

}  // namespace recurve
