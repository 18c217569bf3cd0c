// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/server_identity.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "planner_service/grpc_server/server.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::Pair;

// The initial metadata of the answer to an empty request of `method`, of which "recurve-..." are of interest.
std::map<std::string, std::string> MetadataOfAnswer(int port, const std::string& method) {
  grpc::GenericStub stub(PlainChannel(port));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::CompletionQueue queue;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : context.GetServerInitialMetadata()) {
    const std::string name(key.data(), key.size());
    if (name.rfind("recurve-", 0) == 0) metadata[name] = std::string(value.data(), value.size());
  }
  return metadata;
}

int64_t NowMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

TEST(ServerIdentity, IsInAnswersOfHealthChecksOnly) {
  const auto server = Server::Start({.program = "recurve-planner/1.2.3", .metrics_listen = ""}, {},
                                    std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(server.ok()) << server.status();
  const int64_t before = NowMs();
  std::map<std::string, std::string> metadata = MetadataOfAnswer((*server)->port(), "/grpc.health.v1.Health/Check");
  EXPECT_THAT(metadata, Contains(Pair(kProgramKey, "recurve-planner/1.2.3")));
  EXPECT_THAT(std::stoll(metadata[kTimeKey]), AllOf(Ge(before), Le(NowMs())));
  EXPECT_THAT(MetadataOfAnswer((*server)->port(), "/recurve.planner.v1.PlannerService/MakePlan"), IsEmpty());
}

}  // namespace
}  // namespace recurve
