// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/message_errors.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <new>
#include <string>

#include "planner_service/grpc_server/server.h"
#include "recurve/planner/v1/planner.grpc.pb.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kThrows = 99;
constexpr char kMakePlan[] = "/recurve.planner.v1.PlannerService/MakePlan";

// A synchronous and an asynchronous service: gRPC reads their requests in different places.
class WaitingService final : public planner::v1::PlannerService::Service {
  grpc::Status MakePlan(grpc::ServerContext*, const planner::v1::MakePlanRequest*,
                        planner::v1::MakePlanResponse*) override {
    return grpc::Status::OK;
  }
};

class CallbackService final : public planner::v1::PlannerService::CallbackService {
  grpc::ServerUnaryReactor* MakePlan(grpc::CallbackServerContext* context, const planner::v1::MakePlanRequest* request,
                                     planner::v1::MakePlanResponse*) override {
    if (request->length() == kThrows) throw std::bad_alloc();
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// The status of a call that ends without a request.
grpc::Status CallWithoutRequest(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  const auto call = stub.PrepareCall(&context, method, &queue);
  grpc::Status status;
  call->StartCall(&tag);
  queue.Next(&tag, &ok);
  call->WritesDone(&tag);
  queue.Next(&tag, &ok);
  call->Finish(&status, &tag);
  queue.Next(&tag, &ok);
  return status;
}

TEST(MessageErrors, RequestsThatAreNoMessagesAreInvalid) {
  WaitingService waiting;
  CallbackService callback;
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{&waiting, &callback}) {
    const auto server = Server::Start({}, {service}, std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(server.ok()) << server.status();
    const auto channel = PlainChannel((*server)->port());
    EXPECT_TRUE(CallWithBytes(channel, kMakePlan, "").ok());
    for (const std::string& bytes :
         {std::string("\x0a\xff\xff\xff\xff\x0f"), std::string("\x08"), std::string("\x0f")}) {
      const grpc::Status status = CallWithBytes(channel, kMakePlan, bytes);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
      EXPECT_THAT(status.error_message(),
                  HasSubstr("MakePlan is not a valid recurve.planner.v1.MakePlanRequest: its bytes cannot be parsed"));
    }
    const grpc::Status none = CallWithoutRequest(channel, kMakePlan);
    EXPECT_EQ(none.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    // gRPC does not tell every kind of service whether a request is missing or unreadable.
    EXPECT_THAT(none.error_message(), AnyOf(HasSubstr("MakePlan has no request"), HasSubstr("cannot be parsed")));
    const grpc::Status unknown = CallWithBytes(channel, "/recurve.planner.v1.PlannerService/Guess", "");
    EXPECT_EQ(unknown.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_THAT(unknown.error_message(), HasSubstr("no method /recurve.planner.v1.PlannerService/Guess"));
  }
}

TEST(MessageErrors, AServiceThatIsNotHereIsNamed) {
  const auto server = Server::Start({}, {}, std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(server.ok()) << server.status();
  const grpc::Status status = CallWithBytes(PlainChannel((*server)->port()), kMakePlan, "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("does not offer recurve.planner.v1.PlannerService"));
}

TEST(MessageErrors, AServiceThatThrowsIsNotTheRequestsFault) {
  CallbackService service;
  const auto server = Server::Start({}, {&service}, std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(server.ok()) << server.status();
  planner::v1::MakePlanRequest request;
  request.set_length(kThrows);
  const grpc::Status status = CallWithBytes(PlainChannel((*server)->port()), kMakePlan, request.SerializeAsString());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("MakePlan"), HasSubstr("memory")));
}

}  // namespace
}  // namespace recurve
