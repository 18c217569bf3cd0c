// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_RELOADED_TLS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_RELOADED_TLS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "planner_service/process/reloaded.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// TLS files that may be replaced at any time: holds the last contents that passed all checks. Thread-safe.
class ReloadedTls {
 public:
  // Errors are those of ReadTlsFiles and Reloaded.
  static absl::StatusOr<std::unique_ptr<ReloadedTls>> Open(
      const TlsFiles& files, TlsRole role, std::chrono::milliseconds interval = std::chrono::milliseconds(1000));

  // Changes only when the contents of the files do. Not null.
  std::shared_ptr<const TlsCredentials> current() const { return reloaded_->current(); }

  // As Reloaded::failures.
  int64_t failures() const { return reloaded_->failures(); }

 private:
  explicit ReloadedTls(std::unique_ptr<Reloaded<TlsCredentials>> reloaded) : reloaded_(std::move(reloaded)) {}

  const std::unique_ptr<Reloaded<TlsCredentials>> reloaded_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_RELOADED_TLS_H_
