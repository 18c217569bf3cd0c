// SPDX-License-Identifier: Apache-2.0
#include "planner_service/access/access.h"

#include "absl/strings/str_replace.h"

namespace recurve {

std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kSubmit:
      return "submit";
    case Role::kAdmin:
      return "admin";
    case Role::kNone:
      break;
  }
  return "none";
}

std::string HostOfPeer(const std::string& peer) {
  const size_t scheme = peer.find(':');
  const size_t port = peer.rfind(':');
  if (scheme == std::string::npos || peer.compare(0, 3, "ipv") != 0 || port <= scheme) return "unix";
  const std::string host = peer.substr(scheme + 1, port - scheme - 1);
  return absl::StrReplaceAll(host, {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}, {"%25", "%"}});
}

absl::StatusOr<Caller> Access::Admit(const grpc::ServerContextBase& context, Role needed) const {
  const std::string host = HostOfPeer(context.peer());
  return Admit({.host = host}, needed);
}

absl::StatusOr<Caller> Access::Admit(const Presented& presented, Role /*needed*/) const {
  return Caller{.client = std::string(presented.host)};
}

}  // namespace recurve
