// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/call_log.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <vector>

#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/grpc_server/server.h"
#include "recurve/planner/v1/planner.grpc.pb.h"
#include "tests/planner_service/grpc_server/log_capture.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr char kCaller[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// Ends its calls with `status`.
class LoggedService final : public planner::v1::PlannerService::Service {
 public:
  grpc::Status MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest*,
                        planner::v1::MakePlanResponse*) override {
    const LoggedCall call(*context, "MakePlan", effect, "job\n1");
    call.Log(status);
    return ToGrpcStatus(status);
  }

  absl::Status status;
  CallEffect effect = CallEffect::kReads;
};

class CallLogTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = Server::Start({}, {&service_}, std::make_shared<prometheus::Registry>()).value();
    stub_ = planner::v1::PlannerService::NewStub(PlainChannel(server_->port()));
  }

  // Calls with these values of traceparent; returns that of the answer, which must have one.
  TraceContext Call(const std::vector<std::string>& traceparents = {}) {
    grpc::ClientContext context;
    for (const std::string& text : traceparents) context.AddMetadata(kTraceparent, text);
    planner::v1::MakePlanResponse response;
    stub_->MakePlan(&context, {}, &response);
    const auto& answer = context.GetServerInitialMetadata();
    EXPECT_EQ(answer.count(kTraceparent), 1U);
    const auto found = answer.find(kTraceparent);
    if (found == answer.end()) return {};
    const std::string text(found->second.data(), found->second.size());
    EXPECT_TRUE(ParseTraceparent(text)) << text;
    return ParseTraceparent(text).value_or(TraceContext());
  }

  LogCapture log_{LogFormat::kText};
  LoggedService service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<planner::v1::PlannerService::Stub> stub_;
};

TEST_F(CallLogTest, AnswersWithASpanInTheTraceOfTheCaller) {
  const TraceContext caller = *ParseTraceparent(kCaller);
  const TraceContext answer = Call({kCaller});
  EXPECT_EQ(answer.trace_id, caller.trace_id);
  EXPECT_NE(answer.span_id, caller.span_id);
  EXPECT_TRUE(answer.sampled);
  EXPECT_THAT(log_.Take(), HasSubstr("[debug] MakePlan: OK job_id=\"job\\\\n1\" trace_id=" + caller.trace_id +
                                     " span_id=" + answer.span_id + " peer=127.0.0.1\n"));
  service_.status = absl::NotFoundError("no such thing");
  EXPECT_EQ(Call({kCaller}).trace_id, caller.trace_id) << "also when it fails";
}

TEST_F(CallLogTest, BeginsATraceWhereTheCallerHasNone) {
  const TraceContext first = Call(), second = Call();
  EXPECT_NE(first.trace_id, second.trace_id);
  EXPECT_FALSE(first.sampled);
}

TEST_F(CallLogTest, BeginsATraceInsteadOfAnInvalidOne) {
  const std::string invalid = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
  EXPECT_NE(Call({invalid}).trace_id, invalid.substr(3, 32));
  EXPECT_THAT(log_.Take(), HasSubstr("[debug] the traceparent of a call is invalid, so that a new trace begins: 00-0"));
  Call({""});
  EXPECT_NE(Call({kCaller, kCaller}).trace_id, std::string(kCaller).substr(3, 32))
      << "two are as invalid as a wrong one";
}

TEST_F(CallLogTest, LevelsFollowTheOutcome) {
  service_.effect = CallEffect::kChanges;
  Call();
  EXPECT_THAT(log_.Take(), HasSubstr("[info] MakePlan: OK"));
  service_.status = absl::CancelledError("the client went away");
  Call();
  EXPECT_THAT(log_.Take(), HasSubstr("[debug] MakePlan: CANCELLED"));
  service_.status = absl::InvalidArgumentError("length is 0");
  Call();
  EXPECT_THAT(log_.Take(), HasSubstr("[warning] MakePlan: INVALID_ARGUMENT: length is 0"));
}

TEST(LogRate, AllowsABurstThenOnePerInterval) {
  LogRate rate(3, milliseconds(100));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rate.Take(start), 0);
  EXPECT_EQ(rate.Take(start), std::nullopt);
  EXPECT_EQ(rate.Take(start + milliseconds(99)), std::nullopt);
  EXPECT_EQ(rate.Take(start + milliseconds(100)), 2) << "says how many were refused";
  EXPECT_EQ(rate.Take(start + milliseconds(100)), std::nullopt);
  EXPECT_EQ(rate.Take(start + milliseconds(200)), 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rate.Take(start + milliseconds(10'000)), 0) << "a whole burst after silence";
  EXPECT_EQ(rate.Take(start + milliseconds(10'000)), std::nullopt);
}

}  // namespace
}  // namespace recurve
