// SPDX-License-Identifier: Apache-2.0
#include "planner_service/access/access.h"

#include <grpc/grpc_security_constants.h>
#include <spdlog/spdlog.h>

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kAuthorization[] = "authorization";
constexpr std::string_view kScheme = "Bearer ";

// The name in the verified certificate of the peer; empty if it has none. gRPC lists the alternative names in the order
// of the certificate.
std::string CertificateName(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) return "";
  for (const char* property : {GRPC_X509_CN_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME}) {
    for (const grpc::string_ref& name : peer->FindPropertyValues(property)) {
      if (!name.empty()) return {name.data(), name.size()};
    }
  }
  return "";
}

}  // namespace

std::string HostOfPeer(std::string_view peer) {
  const size_t scheme = peer.find(':');
  const size_t port = peer.rfind(':');
  if (scheme == std::string_view::npos || peer.substr(0, 3) != "ipv" || port <= scheme) return "unix";
  const std::string host(peer.substr(scheme + 1, port - scheme - 1));
  return absl::StrReplaceAll(host, {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}, {"%25", "%"}});
}

absl::StatusOr<std::unique_ptr<Access>> Access::Open(const AccessOptions& options, bool certificates) {
  if (options.token_file.empty() && options.client_role == Role::kNone) {
    return absl::InvalidArgumentError(
        "--client-role none refuses all certificates that --token-file does not name; give that, too");
  }
  std::unique_ptr<Reloaded<KnownCallers>> callers;
  if (!options.token_file.empty()) {
    const std::string& path = options.token_file;
    Reloaded<KnownCallers>::Source source{
        .read = [path] { return ReadTokenFile(path); },
        .on_change = [path](const KnownCallers&) { spdlog::info("loaded the changed token file {}", path); },
        .on_failure =
            [path](const absl::Status& problem, const KnownCallers&) {
              spdlog::warn("{}; the tokens loaded before remain valid", std::string(problem.message()));
            }};
    ASSIGN_OR_RETURN(callers, Reloaded<KnownCallers>::Open(std::move(source), options.reload_interval));
    if (callers->current()->tokens.empty() && !certificates) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, " names only certificates, which clients do not present without --client-ca-file; give that, too"));
    }
  }
  return std::unique_ptr<Access>(new Access(options, certificates, std::move(callers)));
}

Access::Access(const AccessOptions& options, bool certificates, std::unique_ptr<Reloaded<KnownCallers>> callers)
    : certificates_(certificates),
      client_role_(options.client_role.value_or(options.token_file.empty() ? Role::kSubmit : Role::kNone)),
      callers_(std::move(callers)),
      rate_(options.max_requests_per_second) {}

absl::StatusOr<Caller> Access::Admit(const grpc::ServerContextBase& context, Role needed) const {
  const std::string host = HostOfPeer(context.peer());
  Presented presented{.host = host};
  const auto [first, last] = context.client_metadata().equal_range(kAuthorization);
  if (callers_ != nullptr && first != last) {
    if (std::next(first) != last) return absl::UnauthenticatedError("the call has more than one authorization");
    presented.authorization = {first->second.data(), first->second.size()};
  }
  const std::string certificate = certificates_ ? CertificateName(context) : "";
  presented.certificate = certificate;
  return Admit(presented, needed);
}

absl::StatusOr<Caller> Access::Admit(const Presented& presented, Role needed) const {
  ASSIGN_OR_RETURN(Caller caller, Identify(presented));
  if (!rate_.Take(caller.client)) {
    return absl::ResourceExhaustedError(absl::StrCat(caller.client, " makes more than ", rate_.requests_per_second(),
                                                     " requests per second, the limit of each client "
                                                     "(--max-requests-per-second); retry later"));
  }
  if (caller.role >= needed) return caller;
  return absl::PermissionDeniedError(absl::StrCat(caller.owner, " has the role ", std::string(NameOf(caller.role)),
                                                  "; this call needs the role ", std::string(NameOf(needed)),
                                                  "; those who run the daemon can grant it"));
}

absl::StatusOr<Caller> Access::Identify(const Presented& presented) const {
  if (!asks_for_identity()) return Caller{.client = std::string(presented.host)};
  if (callers_ == nullptr || presented.authorization.empty()) {
    if (certificates_) return IdentifyCertificate(presented.certificate);
    return absl::UnauthenticatedError("the call has no token (authorization: Bearer TOKEN)");
  }
  const std::string_view authorization = presented.authorization;
  if (!absl::StartsWithIgnoreCase({authorization.data(), authorization.size()}, {kScheme.data(), kScheme.size()})) {
    return absl::UnauthenticatedError("the authorization of the call is not Bearer TOKEN");
  }
  const std::shared_ptr<const KnownCallers> callers = callers_->current();
  const Identity* const known = callers->FindToken(authorization.substr(kScheme.size()));
  if (known == nullptr) return absl::UnauthenticatedError("the token of the call is not one that this daemon knows");
  return Caller{.owner = known->owner, .role = known->role, .client = known->owner};
}

absl::StatusOr<Caller> Access::IdentifyCertificate(std::string_view name) const {
  if (name.empty()) {
    return absl::UnauthenticatedError("the certificate of the client has neither a common name nor another name");
  }
  if (name.size() > kMostOwnerBytes || Printable(name) != name) {
    return absl::UnauthenticatedError(absl::StrCat("the name in the certificate of the client must be printable UTF-8 ",
                                                   "of at most ", kMostOwnerBytes, " bytes"));
  }
  if (callers_ != nullptr) {
    const std::shared_ptr<const KnownCallers> callers = callers_->current();
    const auto known = callers->certificates.find(name);
    if (known != callers->certificates.end()) {
      return Caller{.owner = known->second.owner, .role = known->second.role, .client = known->second.owner};
    }
  }
  if (client_role_ == Role::kNone) {
    return absl::UnauthenticatedError(
        absl::StrCat("the daemon does not know the certificate of the client, with the name ", std::string(name),
                     "; those who run the daemon can list it (cn: in --token-file) or give --client-role"));
  }
  return Caller{.owner = std::string(name), .role = client_role_, .client = std::string(name)};
}

}  // namespace recurve
