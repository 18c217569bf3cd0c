// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/grpc_status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

// gRPC's key for the delay before a retry.
constexpr char kRetryDelayKey[] = "grpc-retry-pushback-ms";

// gRPC's clients accept at most 8 KiB of metadata with an answer, where a byte of a message takes up to three bytes.
// They replace a longer message, and its code, by an error about its length.
constexpr size_t kMostMessageBytes = 2'000;

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = Printable(std::string(status.message()));
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (message.size() <= kMostMessageBytes) return grpc::Status(code, message);
  // The end says what is expected, so the middle is omitted.
  size_t head = kMostMessageBytes / 2;
  while (head > 0 && ContinuesCharacter(message[head])) --head;
  size_t tail = message.size() - kMostMessageBytes / 2;
  while (tail < message.size() && ContinuesCharacter(message[tail])) ++tail;
  return grpc::Status(
      code, absl::StrCat(message.substr(0, head), "... (", tail - head, " bytes omitted) ...", message.substr(tail)));
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void AddRetryDelay(grpc::ServerContextBase& context, std::chrono::milliseconds delay) {
  context.AddTrailingMetadata(kRetryDelayKey, absl::StrCat(delay.count()));
}

}  // namespace recurve
