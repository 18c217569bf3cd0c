// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/reloaded_tls.h"

#include <spdlog/spdlog.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/tls/certificates.h"

namespace recurve {
namespace {

std::string ValidityOf(const TlsCredentials& credentials) {
  return credentials.certificate.empty() ? "" : absl::StrCat(", valid until ", FormatTime(credentials.expiry));
}

std::string NameOf(const TlsFiles& files) {
  return !files.certificate.empty() ? files.certificate : !files.authorities.empty() ? files.authorities : files.token;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReloadedTls>> ReloadedTls::Open(const TlsFiles& files, TlsRole role,
                                                               std::chrono::milliseconds interval) {
  Reloaded<TlsCredentials>::Source source{
      .read = [files, role] { return ReadTlsFiles(files, role); },
      .on_change =
          [](const TlsCredentials& now) {
            spdlog::info("TLS: loaded the changed files, {}{}", NameOf(now.files), ValidityOf(now));
          },
      .on_failure =
          [](const absl::Status& problem, const TlsCredentials& kept) {
            const bool expired = !kept.certificate.empty() && kept.expiry < std::chrono::system_clock::now();
            spdlog::error("TLS: {}{}", std::string(problem.message()),
                          expired ? "" : absl::StrCat("; the files loaded before remain in use", ValidityOf(kept)));
          }};
  ASSIGN_OR_RETURN(auto reloaded, Reloaded<TlsCredentials>::Open(std::move(source), interval));
  return std::unique_ptr<ReloadedTls>(new ReloadedTls(std::move(reloaded)));
}

}  // namespace recurve
