// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <signal.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "recurve/planner/v1/planner.grpc.pb.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPlannerName[] = "recurve.planner.v1.PlannerService";

// Answers when instructed, or when its call is cancelled.
class SlowPlannerService final : public planner::v1::PlannerService::Service {
 public:
  grpc::Status MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest* request,
                        planner::v1::MakePlanResponse* response) override {
    arrived = true;
    for (; !answer; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
      if (context->IsCancelled()) return grpc::Status::CANCELLED;
    }
    response->set_forward_count(request->length());
    return grpc::Status::OK;
  }

  std::atomic<bool> arrived = false;
  std::atomic<bool> answer = false;
};

class ServerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options = {}) {
    return Server::Start(options, {&service_}, registry_);
  }

  grpc::Status CallSlowly(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    planner::v1::MakePlanRequest request;
    planner::v1::MakePlanResponse response;
    return planner::v1::PlannerService::NewStub(channel)->MakePlan(&context, request, &response);
  }

  SlowPlannerService service_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
};

TEST_F(ServerTest, TellsItsPorts) {
  const auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_GT((*server)->port(), 0);
  EXPECT_GT((*server)->metrics_port(), 0);
  EXPECT_NE((*server)->port(), (*server)->metrics_port());
}

TEST_F(ServerTest, HealthKnowsEveryServiceByName) {
  const auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  EXPECT_EQ(HealthOf(channel, kPlannerName), "SERVING");
  EXPECT_THAT(HealthOf(channel, "recurve.planner.v1.NoSuchService"), HasSubstr("error 5"));  // NOT_FOUND
}

TEST_F(ServerTest, ReflectionTellsServicesAndTheirMessages) {
  const auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  EXPECT_THAT(ReflectedServices(channel), AllOf(HasSubstr(kPlannerName), HasSubstr("grpc.health.v1.Health")));
  EXPECT_THAT(ReflectedFileOf(channel, kPlannerName),
              AllOf(HasSubstr("recurve/planner/v1/planner.proto"), HasSubstr("smallest_feasible_budget")));
}

TEST_F(ServerTest, ServesMetrics) {
  auto& counter = prometheus::BuildCounter().Name("cookies_total").Help("Eaten.").Register(*registry_).Add({});
  counter.Increment(3);
  const auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(HttpGet((*server)->metrics_port(), "/metrics"),
              AllOf(HasSubstr("200 OK"), HasSubstr("# HELP cookies_total Eaten."), HasSubstr("cookies_total 3")));
}

TEST_F(ServerTest, MetricsAreOptionalAndTakeOtherLoopbackForms) {
  for (const char* listen : {"", "localhost:0"}) {
    const auto server = Start({.metrics_listen = listen});
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ((*server)->metrics_port() == 0, std::string(listen).empty());
  }
}

TEST_F(ServerTest, APortInUseIsUnavailable) {
  const auto first = Start();
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string taken = absl::StrCat("127.0.0.1:", (*first)->port());
  const auto grpc_taken = Start({.listen = taken});
  EXPECT_EQ(grpc_taken.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(grpc_taken.status().message()),
              AllOf(HasSubstr(taken), HasSubstr("gRPC"), HasSubstr("in use"), Not(HasSubstr("\n"))));

  const std::string metrics = absl::StrCat("127.0.0.1:", (*first)->metrics_port());
  const auto metrics_taken = Start({.metrics_listen = metrics});
  EXPECT_EQ(metrics_taken.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(metrics_taken.status().message()), AllOf(HasSubstr(metrics), HasSubstr("metrics")));
}

TEST_F(ServerTest, AnAddressOfAnotherMachineIsUnavailable) {
  EXPECT_EQ(Start({.listen = "192.0.2.1:0", .allow_plaintext = true}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Start({.metrics_listen = "192.0.2.1:0", .allow_plaintext = true}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, AddressesThatAreNoneAreInvalid) {
  EXPECT_EQ(Start({.listen = "7401"}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Start({.metrics_listen = "localhost:99999"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, RefusesMessagesThatAreTooLarge) {
  const auto server = Start({.max_request_bytes = 1000});
  ASSERT_TRUE(server.ok()) << server.status();
  planner::v1::MakePlanRequest request;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(100, std::string(2000, 'x'));
  grpc::ClientContext context;
  planner::v1::MakePlanResponse response;
  const grpc::Status status =
      planner::v1::PlannerService::NewStub(PlainChannel((*server)->port()))->MakePlan(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ServerTest, CallsBeyondTheLimitAreRefusedWhileHealthAnswers) {
  const auto server = Start({.max_calls = 8});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  std::atomic<int> refused = 0;
  std::atomic<int> answered = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&] {
      const grpc::Status status = CallSlowly(channel);
      EXPECT_THAT(status.error_code(), ::testing::AnyOf(grpc::StatusCode::OK, grpc::StatusCode::RESOURCE_EXHAUSTED));
      ++(status.ok() ? answered : refused);
    });
  }
  while (refused < 12) std::this_thread::yield();
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  service_.answer = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(answered, 0);
}

TEST_F(ServerTest, HealthMayBeginAsNotServing) {
  const auto server = Start({.serving = false});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  EXPECT_EQ(HealthOf(channel, ""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(channel, kPlannerName), "NOT_SERVING");
  (*server)->SetServing();
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  EXPECT_EQ(HealthOf(channel, kPlannerName), "SERVING");
}

TEST_F(ServerTest, DrainLetsCallsFinishAndRefusesNewOnes) {
  auto server = Start({.drain_time = milliseconds(60'000)});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  grpc::Status slow;
  std::thread caller([&] { slow = CallSlowly(channel); });
  while (!service_.arrived) std::this_thread::yield();
  std::thread drainer([&] { (*server)->Drain(); });
  const auto late = PlainChannel((*server)->port());
  std::string health;
  do {
    health = HealthOf(late, "");
  } while (health == "SERVING");
  // UNAVAILABLE, or CANCELLED if the probe arrives during the server's shutdown.
  EXPECT_THAT(health, ::testing::AnyOf("NOT_SERVING", HasSubstr("error 14"), HasSubstr("error 1:")));
  EXPECT_THAT(HttpGet((*server)->metrics_port(), "/metrics"), HasSubstr("200 OK"));
  service_.answer = true;
  caller.join();
  drainer.join();
  EXPECT_TRUE(slow.ok()) << slow.error_message();
  EXPECT_THAT(HealthOf(late, ""), HasSubstr("error 14"));
}

TEST_F(ServerTest, DrainCancelsCallsThatTakeTooLong) {
  auto server = Start({.drain_time = milliseconds(50)});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = PlainChannel((*server)->port());
  grpc::Status slow;
  std::thread caller([&] { slow = CallSlowly(channel); });
  while (!service_.arrived) std::this_thread::yield();
  (*server)->Drain();
  (*server)->Drain();  // a second call has no effect
  caller.join();
  EXPECT_FALSE(slow.ok());
}

TEST_F(ServerTest, WaitsForEachOfTheTerminationSignals) {
  const auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  std::thread waiter([&] {
    signal(SIGHUP, SIG_DFL);  // nohup ignores it
    TakeSignals();
    EXPECT_FALSE(TerminationRequested());
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      pthread_kill(pthread_self(), signal);
      EXPECT_TRUE(TerminationRequested());
      EXPECT_EQ(*WaitForTermination(**server, milliseconds(100), [] {}), signal);
    }
  });
  waiter.join();
}

}  // namespace
}  // namespace recurve
