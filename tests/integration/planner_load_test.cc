// SPDX-License-Identifier: Apache-2.0
//
// The recurve-planner program under more load than it can take, and several of it side by side.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/plan_codec.h"
#include "tests/integration/running_planner.h"

namespace recurve {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// An answer as it came over the wire.
struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};

grpc::ByteBuffer Message(const PlanRequest& request) {
  const grpc::Slice slice(EncodeRequest(request).SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// Calls MakePlan with all messages at once, over so many connections; `meanwhile` runs while they are under way.
template <typename Meanwhile>
std::vector<RawAnswer> CallAll(int port, const std::vector<grpc::ByteBuffer>& messages, int connections,
                               Meanwhile meanwhile) {
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> rpc;
    grpc::ByteBuffer answer;
    grpc::Status status;
  };
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  for (int i = 0; i < connections; ++i) {
    stubs.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments)));
  }
  std::vector<Call> calls(messages.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    calls[i].context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(90));
    calls[i].rpc = stubs[i % stubs.size()]->PrepareUnaryCall(
        &calls[i].context, "/recurve.planner.v1.PlannerService/MakePlan", messages[i], &queue);
    calls[i].rpc->StartCall();
    calls[i].rpc->Finish(&calls[i].answer, &calls[i].status, &calls[i]);
  }
  std::thread receiver([&] {
    void* tag = nullptr;
    bool ok = false;
    for (size_t i = 0; i < calls.size(); ++i) queue.Next(&tag, &ok);
  });
  meanwhile();
  receiver.join();
  std::vector<RawAnswer> answers;
  for (Call& call : calls) {
    std::vector<grpc::Slice> slices;
    RawAnswer answer{.status = call.status};
    if (call.status.ok() && call.answer.Dump(&slices).ok()) {
      for (const grpc::Slice& slice : slices) answer.bytes.append(slice.begin(), slice.end());
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

// A hundred milliseconds of work, for any number of slots another.
PlanRequest Slow(int64_t slots) {
  return {.length = 8000, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = slots, .alpha = 5}};
}

TEST(PlannerLoadTest, AThousandCallsForOnePlanAreOneSolve) {
  RunningPlanner planner;
  const std::vector<grpc::ByteBuffer> messages(1000, Message(Slow(100)));
  const std::vector<RawAnswer> answers = CallAll(planner.port(), messages, 50, [] {});
  const auto expected = EmbeddedPlanner().MakePlan(Slow(100), {});
  ASSERT_TRUE(expected.ok());
  const std::string bytes = EncodePlan(*expected).SerializeAsString();
  for (const RawAnswer& answer : answers) {
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_TRUE(answer.bytes == bytes);
  }
  EXPECT_EQ(planner.Metric("recurve_planner_memo_misses_total"), 1);
  EXPECT_EQ(planner.Metric("recurve_planner_memo_hits_total") + planner.Metric("recurve_planner_memo_shared_total"),
            999);
}

TEST(PlannerLoadTest, OverloadIsShedWhileProbesAreAnswered) {
  RunningPlanner planner({"--max-solves", "1", "--max-waiting", "1"});
  std::vector<grpc::ByteBuffer> messages;
  for (int64_t slots = 90; slots < 110; ++slots) messages.push_back(Message(Slow(slots)));
  const std::vector<RawAnswer> answers = CallAll(planner.port(), messages, 1, [&] {
    double most_in_flight = 0;
    do {
      most_in_flight = std::max<double>(most_in_flight, planner.Metric("recurve_planner_solves_in_flight"));
    } while (planner.Metric("recurve_planner_shed_total") < 1 || most_in_flight < 1);
    EXPECT_EQ(most_in_flight, 1);
    EXPECT_EQ(HealthOf(PlainChannel(planner.port()), ""), "SERVING");
  });
  int solved = 0;
  int shed = 0;
  for (const RawAnswer& answer : answers) {
    EXPECT_THAT(answer.status.error_code(), AnyOf(grpc::StatusCode::OK, grpc::StatusCode::RESOURCE_EXHAUSTED));
    (answer.status.ok() ? solved : shed) += 1;
    EXPECT_THAT(answer.status.error_message(), AnyOf("", HasSubstr("the planner is busy")));
  }
  EXPECT_GE(solved, 2);
  EXPECT_GE(shed, 1);
  EXPECT_EQ(planner.Metric("recurve_planner_shed_total"), shed);
}

TEST(PlannerLoadTest, ReplicasAnswerTheSameBytesRememberedOrNot) {
  RunningPlanner first;
  RunningPlanner second;
  std::mt19937_64 random(7);
  std::vector<grpc::ByteBuffer> messages;
  for (int i = 0; i < 300; ++i) {
    PlanRequest request{.length = static_cast<int64_t>(1 + random() % (i % 10 == 0 ? 100'000 : 300)),
                        .strategy = static_cast<Strategy>(random() % 6),
                        .budget = SlotBudget{.slots = static_cast<int64_t>(1 + random() % 30)}};
    if (random() % 2 == 0) {
      request.budget = ByteBudget{static_cast<int64_t>(1 + random() % 9), static_cast<int64_t>(random() % 20),
                                  static_cast<int64_t>(random() % 1'000)};
    }
    if (random() % 2 == 0) request.costs = LinkCosts{0.5, 0.25, 1.5};
    messages.push_back(Message(request));
  }
  const std::vector<RawAnswer> answers = CallAll(first.port(), messages, 1, [] {});
  int solved = 0;
  for (const int port : {first.port(), second.port()}) {
    const std::vector<RawAnswer> again = CallAll(port, messages, 1, [] {});
    for (size_t i = 0; i < answers.size(); ++i) {
      EXPECT_EQ(again[i].status.error_code(), answers[i].status.error_code());
      EXPECT_EQ(again[i].status.error_message(), answers[i].status.error_message());
      EXPECT_TRUE(again[i].bytes == answers[i].bytes) << "request " << i;
      if (answers[i].status.ok()) ++solved;
    }
  }
  EXPECT_GE(solved, 200);
}

TEST(PlannerLoadTest, AReplicaThatDiesLosesNoAnswer) {
  RunningPlanner survivor;
  RunningPlanner victim;
  const auto client =
      MakeRemotePlanner({.target = absl::StrCat("ipv4:127.0.0.1:", survivor.port(), ",127.0.0.1:", victim.port())});
  std::atomic<int> answered = 0;
  std::atomic<bool> enough = false;
  std::vector<std::thread> callers;
  for (int64_t i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      for (int64_t length = 2000 + i; !enough; length += 4) {
        const absl::StatusOr<Plan> plan = client->MakePlan({.length = length, .budget = ByteBudget{8, 24, 500}}, {});
        EXPECT_TRUE(plan.ok()) << plan.status();
        ++answered;
      }
    });
  }
  const auto wait_for = [&](int more) {
    for (const int before = answered; answered < before + more;) std::this_thread::yield();
  };
  while (victim.Metric("recurve_planner_memo_misses_total") < 20) {
  }
  victim.process().Signal(SIGKILL);
  EXPECT_EQ(victim.process().Wait(), 128 + SIGKILL);
  wait_for(200);
  enough = true;
  for (std::thread& caller : callers) caller.join();
}

// Requests with an unknown field of so many bytes, which share their bytes on this side.
std::vector<grpc::ByteBuffer> LargeMessages(int count, size_t bytes) {
  planner::v1::MakePlanRequest request;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1000, std::string(bytes, 'x'));
  const grpc::Slice slice(request.SerializeAsString());
  std::vector<grpc::ByteBuffer> messages;
  for (int i = 0; i < count; ++i) messages.emplace_back(&slice, 1);
  return messages;
}

TEST(PlannerLoadTest, LargeRequestsStayWithinTheMemoryLimit) {
  RunningPlanner planner({"--memory-limit", "256MiB", "--memo-bytes", "32MiB"});
  const std::vector<grpc::ByteBuffer> messages = LargeMessages(512, 4'000'000);
  for (const int connections : {1, 32}) {
    for (const RawAnswer& answer : CallAll(planner.port(), messages, connections, [] {})) {
      EXPECT_THAT(answer.status.error_code(),
                  AnyOf(grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::RESOURCE_EXHAUSTED,
                        grpc::StatusCode::UNAVAILABLE));
    }
    EXPECT_TRUE(planner.Client()->MakePlan({.length = 100, .budget = ByteBudget{8, 24, 500}}, {}).ok());
  }
  EXPECT_LT(planner.process().PeakResidentBytes(), int64_t{256} << 20);
}

TEST(PlannerLoadTest, FloodsStayWithinBoundsAndEnd) {
  RunningPlanner planner;
  const std::vector<grpc::ByteBuffer> messages = LargeMessages(256, 15 << 20);
  for (const RawAnswer& answer : CallAll(planner.port(), messages, 64, [] {})) {
    EXPECT_THAT(answer.status.error_code(), AnyOf(grpc::StatusCode::INVALID_ARGUMENT,
                                                  grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::UNAVAILABLE));
  }
  // Connections on which nothing is said.
  const sockaddr_in address = {.sin_family = AF_INET,
                               .sin_port = htons(static_cast<uint16_t>(planner.port())),
                               .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  std::vector<int> silent;
  for (int i = 0; i < 500; ++i) {
    silent.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(silent.back(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  EXPECT_TRUE(planner.Client()->MakePlan({.length = 100, .budget = ByteBudget{8, 24, 500}}, {}).ok());

  EXPECT_LT(planner.process().PeakResidentBytes(), int64_t{1} << 30);
  for (const int fd : silent) close(fd);
}

}  // namespace
}  // namespace recurve
