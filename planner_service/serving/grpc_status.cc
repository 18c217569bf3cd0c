// SPDX-License-Identifier: Apache-2.0
#include "planner_service/serving/grpc_status.h"

#include <string>

#include "absl/strings/string_view.h"

namespace recurve {
namespace {

// gRPC's own key for "try again after so many milliseconds".
constexpr char kRetryDelayKey[] = "grpc-retry-pushback-ms";
constexpr char kRetryDelayMs[] = "200";

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void AddRetryDelay(grpc::ServerContext& context) { context.AddTrailingMetadata(kRetryDelayKey, kRetryDelayMs); }

}  // namespace recurve
