// SPDX-License-Identifier: Apache-2.0
//
// Who may call a daemon, and what they may do.
#ifndef RECURVE_PLANNER_SERVICE_ACCESS_ACCESS_H_
#define RECURVE_PLANNER_SERVICE_ACCESS_ACCESS_H_

#include <grpcpp/server_context.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "planner_service/access/caller.h"
#include "planner_service/access/rate_limit.h"
#include "planner_service/access/token_file.h"
#include "planner_service/process/reloaded.h"

namespace recurve {

struct AccessOptions {
  std::string token_file;  // see ReadTokenFile; empty: none
  // Of callers with a certificate that the token file does not name; kNone: they are refused. Unset: kNone with a token
  // file, so that it names all callers; kSubmit without one.
  std::optional<Role> client_role;
  int64_t max_requests_per_second = 0;               // of each client; 0: no limit
  std::chrono::milliseconds reload_interval{1'000};  // how often the token file is read again
};

// What a caller presents, over gRPC or HTTP.
struct Presented {
  std::string_view authorization;  // the value of that header, "Bearer TOKEN"; empty: none
  std::string_view certificate;    // the common name of the verified certificate, else its first SAN; empty: none
  std::string_view host;           // of the peer: "127.0.0.1", "::1", "unix"
};

// The host in the name that gRPC gives a peer: "127.0.0.1" for "ipv4:127.0.0.1:40312", "::1", or "unix".
std::string HostOfPeer(std::string_view peer);

// Decides who may call a daemon. With a token file or with certificates of clients, each caller needs an identity. If a
// caller presents both a token and a certificate, the token decides. Thread-safe.
class Access {
 public:
  // Asks for no identity: every caller is anonymous and has all roles.
  Access() = default;
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // `certificates`: clients must present one to connect. Errors are those of ReadTokenFile and Reloaded;
  // INVALID_ARGUMENT if nobody could call: the file names only certificates although clients present none, or
  // certificates have no role although there is no file that names any.
  static absl::StatusOr<std::unique_ptr<Access>> Open(const AccessOptions& options, bool certificates);

  // The caller of a call that needs the role `needed`. To be called once per call. UNAUTHENTICATED without a valid
  // identity where one is needed; PERMISSION_DENIED if the role does not suffice; RESOURCE_EXHAUSTED above the client's
  // rate of requests, to which the service adds the delay of a retry. No message contains a token.
  absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context, Role needed) const;
  absl::StatusOr<Caller> Admit(const Presented& presented, Role needed) const;

  // Whether callers need an identity.
  bool asks_for_identity() const { return certificates_ || callers_ != nullptr; }

  // How often the token file was found unusable, as Reloaded::failures; 0 without one.
  int64_t reload_failures() const { return callers_ == nullptr ? 0 : callers_->failures(); }
  bool has_token_file() const { return callers_ != nullptr; }

 private:
  Access(const AccessOptions& options, bool certificates, std::unique_ptr<Reloaded<KnownCallers>> callers);
  absl::StatusOr<Caller> Identify(const Presented& presented) const;
  absl::StatusOr<Caller> IdentifyCertificate(std::string_view name) const;

  const bool certificates_ = false;
  const Role client_role_ = Role::kNone;
  const std::unique_ptr<Reloaded<KnownCallers>> callers_;  // null: no token file
  mutable RateLimit rate_{0};
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ACCESS_ACCESS_H_
