// SPDX-License-Identifier: Apache-2.0
#include "planner_service/serving/address.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

absl::Status AddressError(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "address '", absl::CHexEscape(absl::string_view(text.data(), text.size())), "' ",
      absl::string_view(what.data(), what.size()), "; give HOST:PORT, such as 127.0.0.1:7401 or [::1]:7401"));
}

bool IsHostCharacter(char c, bool bracketed) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
}

}  // namespace

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return AddressError(text, "has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return AddressError(text, "has no host");
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return AddressError(text, "has more than one colon; an IPv6 host goes into brackets");
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
  if (address.host.find(':') != std::string::npos) return absl::StrCat("[", address.host, "]:", address.port);
  return absl::StrCat(address.host, ":", address.port);
}

}  // namespace recurve
