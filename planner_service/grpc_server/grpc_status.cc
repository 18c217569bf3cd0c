// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/grpc_status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace recurve {
namespace {

// gRPC's own key for "try again after so many milliseconds".
constexpr char kRetryDelayKey[] = "grpc-retry-pushback-ms";

// gRPC's clients take at most 8 KiB of metadata with an answer, and a byte of a message takes up to three there. They
// would replace a longer message, and its code, by a complaint about its length.
constexpr size_t kMostMessageBytes = 2'000;

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const absl::string_view message = status.message();
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (message.size() <= kMostMessageBytes) return grpc::Status(code, std::string(message));
  // The end says what is expected, so what is left out is in the middle.
  size_t head = kMostMessageBytes / 2;
  while (head > 0 && ContinuesCharacter(message[head])) --head;
  size_t tail = message.size() - kMostMessageBytes / 2;
  while (tail < message.size() && ContinuesCharacter(message[tail])) ++tail;
  return grpc::Status(
      code, absl::StrCat(message.substr(0, head), "... (", tail - head, " bytes left out) ...", message.substr(tail)));
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void AddRetryDelay(grpc::ServerContextBase& context, std::chrono::milliseconds delay) {
  context.AddTrailingMetadata(kRetryDelayKey, absl::StrCat(delay.count()));
}

}  // namespace recurve
