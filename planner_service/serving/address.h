// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVING_ADDRESS_H_
#define RECURVE_PLANNER_SERVICE_SERVING_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// Where a server listens.
struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
  int port = 0;      // 0..65535; 0: any free one
};

// Parses "HOST:PORT" or "[IPV6]:PORT". INVALID_ARGUMENT names the text and what is wrong with it.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// The inverse of ParseAddress.
std::string ToString(const Address& address);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVING_ADDRESS_H_
