// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/grpc_status.h"

#include <gtest/gtest.h>

#include <string>

namespace recurve {
namespace {

TEST(GrpcStatus, CodesAndMessagesGoBothWays) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "length is 0; must be 1 to 10000000");
    const grpc::Status wire = ToGrpcStatus(status);
    EXPECT_EQ(static_cast<int>(wire.error_code()), code);
    EXPECT_EQ(FromGrpcStatus(wire), status);
  }
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
  EXPECT_EQ(ToGrpcStatus(absl::DeadlineExceededError("")).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(GrpcStatus, MessagesArePrintable) {
  const grpc::Status wire = ToGrpcStatus(absl::NotFoundError("no job has the id \"a\n\x1b[2J\xc3\""));
  EXPECT_EQ(wire.error_message(), "no job has the id \"a\\n\\x1b[2J\\xc3\"");
}

TEST(GrpcStatus, LongMessagesKeepTheirBeginningAndTheirEnd) {
  std::string device;
  for (int i = 0; i < 500'000; ++i) device += "\u00e9";
  const grpc::Status wire = ToGrpcStatus(absl::InvalidArgumentError("device is '" + device + "'; give cpu or cuda"));
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_LT(wire.error_message().size(), 2'100U);
  EXPECT_EQ(wire.error_message().substr(0, 13), "device is '\u00e9");
  EXPECT_NE(wire.error_message().find("bytes omitted"), std::string::npos);
  EXPECT_EQ(wire.error_message().substr(wire.error_message().size() - 18), "; give cpu or cuda");
}

}  // namespace
}  // namespace recurve
