// SPDX-License-Identifier: Apache-2.0
//
// Who may call a daemon, and what they may do.
#ifndef RECURVE_PLANNER_SERVICE_ACCESS_ACCESS_H_
#define RECURVE_PLANNER_SERVICE_ACCESS_ACCESS_H_

#include <grpcpp/server_context.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// What a caller may do; each role includes those before it.
enum class Role : uint8_t {
  kNone,
  kRead,    // plans; jobs, their logs and their events
  kSubmit,  // submits jobs, and changes one's own
  kAdmin,   // changes everybody's jobs
};

// "read", "submit" or "admin", as in a token file; "none".
std::string_view NameOf(Role role);

// Who makes a call.
struct Caller {
  std::string owner;         // from the token file or the certificate; empty: anonymous
  Role role = Role::kAdmin;  // that of anonymous callers, who exist only where a daemon asks for no identity
  std::string client;        // the key of limits: the owner, or the host of an anonymous caller ("127.0.0.1", "unix")
};

// What a caller presents, over gRPC or HTTP.
struct Presented {
  std::string_view authorization;  // the value of that header, "Bearer TOKEN"; empty: none
  std::string_view certificate;    // the common name of the verified certificate, else its first SAN; empty: none
  std::string_view host;           // of the peer: "127.0.0.1", "::1", "unix"
};

// The host in the name that gRPC gives a peer: "127.0.0.1" for "ipv4:127.0.0.1:40312", "::1", or "unix".
std::string HostOfPeer(const std::string& peer);

// Decides who may call a daemon. Thread-safe.
class Access {
 public:
  // Asks for no identity: every caller is anonymous and has all roles.
  Access() = default;
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // The caller of a gRPC call that needs the role `needed`. To be called once per call.
  absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context, Role needed) const;

  // The same for other protocols.
  absl::StatusOr<Caller> Admit(const Presented& presented, Role needed) const;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ACCESS_ACCESS_H_
