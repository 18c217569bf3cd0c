// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/health_client.h"

#include <grpcpp/client_context.h>

#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "planner_service/client/channel.h"
#include "planner_service/client/target.h"
#include "planner_service/client/tls_remedy.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/grpc_server/server_identity.h"

namespace recurve {
namespace {

namespace health = grpc::health::v1;

using std::chrono::milliseconds;

milliseconds SinceEpoch() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
}

// Empty if the answer had no such metadata.
std::string MetadataOf(const grpc::ClientContext& context, const char* key) {
  const auto& metadata = context.GetServerInitialMetadata();
  const auto entry = metadata.find(key);
  return entry == metadata.end() ? "" : std::string(entry->second.data(), entry->second.size());
}

// The daemon read its clock between `sent` and `received`.
std::optional<milliseconds> ClockAhead(const std::string& daemon_time, milliseconds sent, milliseconds received) {
  int64_t count = 0;
  if (!absl::SimpleAtoi(daemon_time, &count)) return std::nullopt;
  const milliseconds time(count);
  return time < sent ? time - sent : time > received ? time - received : milliseconds(0);
}

}  // namespace

absl::StatusOr<DaemonHealth> AskHealth(const HealthQuestion& question) {
  const auto stub = health::Health::NewStub(MakeChannel(question.target, question.tls));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + question.timeout);
  health::HealthCheckRequest request;
  request.set_service(question.service);
  health::HealthCheckResponse response;
  const milliseconds sent = SinceEpoch();
  const absl::Status status = FromGrpcStatus(stub->Check(&context, request, &response));
  const std::string daemon = absl::StrCat("daemon at ", NameOfTarget(question.target));
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(absl::StrCat(daemon, " has no service \"", question.service,
                                            "\"; leave the name out to ask about the daemon as a whole"));
  }
  if (!status.ok())
    return absl::Status(status.code(), absl::StrCat(daemon, ": ", WhyFailed(status, question.target, question.tls)));
  DaemonHealth answer{.serving = response.status() == health::HealthCheckResponse::SERVING,
                      .clock_ahead = ClockAhead(MetadataOf(context, kTimeKey), sent, SinceEpoch())};
  std::tie(answer.program, answer.version) =
      std::pair<std::string, std::string>(absl::StrSplit(MetadataOf(context, kProgramKey), absl::MaxSplits('/', 1)));
  return answer;
}

}  // namespace recurve
