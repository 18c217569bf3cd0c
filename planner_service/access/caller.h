// SPDX-License-Identifier: Apache-2.0
//
// Who calls a daemon.
#ifndef RECURVE_PLANNER_SERVICE_ACCESS_CALLER_H_
#define RECURVE_PLANNER_SERVICE_ACCESS_CALLER_H_

#include <cstdint>
#include <string>

namespace recurve {

// What a caller may do; each role includes those before it.
enum class Role : uint8_t {
  kNone,
  kRead,    // plans; jobs and their events, redacted unless they are one's own
  kSubmit,  // submits jobs, and changes one's own
  kAdmin,   // changes everybody's jobs
};

// Who makes a call.
struct Caller {
  std::string owner;         // from the token file or the certificate; empty: anonymous
  Role role = Role::kAdmin;  // that of anonymous callers, who exist only where a daemon asks for no identity
  std::string client;        // the key of limits: the owner, or the host of an anonymous caller ("127.0.0.1", "unix")
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ACCESS_CALLER_H_
