// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/health_client.h"

#include <grpcpp/client_context.h>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "planner_service/client/channel.h"
#include "planner_service/client/target.h"
#include "planner_service/client/tls_remedy.h"
#include "planner_service/grpc_server/grpc_status.h"

namespace recurve {

namespace health = grpc::health::v1;

absl::StatusOr<bool> IsServing(const HealthQuestion& question) {
  const auto stub = health::Health::NewStub(MakeChannel(question.target, question.tls));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + question.timeout);
  health::HealthCheckRequest request;
  request.set_service(question.service);
  health::HealthCheckResponse response;
  const absl::Status status = FromGrpcStatus(stub->Check(&context, request, &response));
  if (status.ok()) return response.status() == health::HealthCheckResponse::SERVING;
  const std::string daemon = absl::StrCat("daemon at ", NameOfTarget(question.target));
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(absl::StrCat(daemon, " has no service \"", question.service,
                                            "\"; leave the name out to ask about the daemon as a whole"));
  }
  return absl::Status(status.code(), absl::StrCat(daemon, ": ", WhyFailed(status, question.target, question.tls)));
}

}  // namespace recurve
