// SPDX-License-Identifier: Apache-2.0
//
// Calls whose clients take too much, at a real server. Server reflection serves as the method, because each of its
// streams occupies a thread for as long as its client wants.
#include "planner_service/grpc_server/call_guard.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <vector>

#include "planner_service/grpc_server/server.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr int kReflectionsPerHost = 8;

// A stream of a client that asks nothing.
class SilentStream {
 public:
  explicit SilentStream(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(channel), stream_(stub_.PrepareCall(&context_, kReflection, &queue_)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stream_->StartCall(nullptr);
    Next();
  }
  ~SilentStream() {
    context_.TryCancel();
    Status();
    queue_.Shutdown();
    Next();
  }

  // Waits for the end of the call.
  const grpc::Status& Status() {
    if (!ended_) {
      stream_->Finish(&status_, nullptr);
      Next();
      ended_ = true;
    }
    return status_;
  }

 private:
  void Next() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::Status status_;
  bool ended_ = false;
};

TEST(CallGuard, EndsCallsWhoseClientDoesNotMove) {
  const auto server = Server::Start({.stall_time = milliseconds(200)}, {}, std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  SilentStream stream(channel);
  EXPECT_EQ(stream.Status().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(stream.Status().error_message(), HasSubstr("neither read nor sent"));
  EXPECT_THAT(HttpGet((*server)->metrics_port(), "/metrics"),
              HasSubstr("recurve_server_calls_ended_total{reason=\"stalled\"} 1"));
  EXPECT_EQ(HealthOf(channel, ""), "SERVING") << "other calls of the same connection go on";
}

TEST(CallGuard, AHostHasAFewReflectionsAtATime) {
  const auto server = Server::Start({}, {}, std::make_shared<prometheus::Registry>());
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  std::vector<std::unique_ptr<SilentStream>> streams;
  // gRPC accepts calls in any order: of one more than may be, any one is refused.
  for (int i = 0; i <= kReflectionsPerHost; ++i) streams.push_back(std::make_unique<SilentStream>(channel));
  const std::string refused = "recurve_server_calls_ended_total{reason=\"host_limit\"} 1";
  while (HttpGet((*server)->metrics_port(), "/metrics").find(refused) == std::string::npos) {
  }
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  streams.clear();
  // There is room again, once the server has noticed.
  while (ReflectedServices(channel).find("grpc.health.v1.Health") == std::string::npos) {
  }
}

}  // namespace
}  // namespace recurve
