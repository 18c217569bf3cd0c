// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/tls_remedy.h"

#include <chrono>
#include <optional>

#include "absl/strings/str_cat.h"
#include "planner_service/client/target.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/grpc_server/tls_handshake.h"

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kPatience{2'000};

// Of a client without authorities.
std::string WhyNotPlaintext(const Address& address) {
  const TlsAnswer answer = MeetTls(address, {}, kPatience, nullptr).answer;
  if (answer != TlsAnswer::kAccepted && answer != TlsAnswer::kRejected) return "";
  return "the server accepts only TLS; give the certificate of its CA with --ca-file (of an executor, "
         "--planner-ca-file)";
}

std::string WhyNotTls(const Address& address, const TlsCredentials& tls) {
  const TlsMeeting meeting = MeetTls(address, tls, kPatience, nullptr);
  switch (meeting.answer) {
    case TlsAnswer::kNotTls:
      return "the server does not use TLS; leave out --ca-file (of an executor, --planner-ca-file), or start the "
             "server "
             "with --tls-cert-file";
    case TlsAnswer::kUntrusted:
      return absl::StrCat("the server's certificate is not signed by a CA in the CA file (", meeting.why,
                          "); use the file of the server's CA");
    case TlsAnswer::kInvalid:
      return absl::StrCat("the server's certificate is not valid (", meeting.why, "); renew it on the server");
    case TlsAnswer::kWrongName:
      return absl::StrCat("the server's certificate is for other names (", meeting.why,
                          "); connect by a name that it has, or issue it for this one");
    case TlsAnswer::kRejected:
      if (tls.certificate.empty()) {
        return "the server accepts only clients with a certificate (mTLS); give --cert-file and --key-file (of an "
               "executor, --planner-cert-file and --planner-key-file)";
      }
      return absl::StrCat("the server rejects the client's certificate (", meeting.why,
                          "); use one that is signed by a CA in its --client-ca-file and has not expired");
    default:
      return "";
  }
}

}  // namespace

std::string WhyFailed(const absl::Status& status, const std::string& target, const TlsCredentials& tls) {
  std::string message(status.message());
  if (absl::IsUnauthenticated(status)) {
    return absl::StrCat(message, tls.token.empty() ? "; give one with --token-file (of an executor, "
                                                     "--planner-token-file)"
                                                   : absl::StrCat("; check the token in ", tls.files.token));
  }
  const std::optional<Address> address = FirstAddressOf(target);
  if (!absl::IsUnavailable(status) || !address) return message;
  const std::string why = tls.authorities.empty() ? WhyNotPlaintext(*address) : WhyNotTls(*address, tls);
  return why.empty() ? message : why;
}

}  // namespace recurve
