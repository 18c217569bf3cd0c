// SPDX-License-Identifier: Apache-2.0
//
// Schedules over real connections: the service and its client.
#include "planner_service/client/schedule_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/client/channel.h"
#include "planner_service/codec/action_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/verification_codec.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/admission_planner.h"
#include "planner_service/service/schedule_service.h"

namespace recurve {
namespace {

using planner::v1::StreamScheduleRequest;
using planner::v1::StreamScheduleResponse;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// 2,905,889 actions: too many for the network buffers.
constexpr PlanRequest kLong{.length = 1'000'000, .budget = ByteBudget{10, 20, 200}};
constexpr PlanRequest kShort{.length = 30, .budget = ByteBudget{10, 20, 100}};

std::unique_ptr<Server> Serve(grpc::Service& service, const std::string& listen = "127.0.0.1:0",
                              milliseconds drain_time = milliseconds(0)) {
  auto server = Server::Start({.listen = listen, .metrics_listen = "", .drain_time = drain_time}, {&service},
                              std::make_shared<prometheus::Registry>());
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

std::string Target(int port) { return absl::StrCat("127.0.0.1:", port); }

std::vector<Action> ActionsOf(const PlanRequest& request) {
  const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
  EXPECT_TRUE(plan.ok());
  std::vector<Action> actions;
  ScheduleWalk walk(plan->schedule);
  while (std::optional<Action> action = walk.Next()) actions.push_back(*action);
  return actions;
}

ScheduleClient::NextAction Each(const std::vector<Action>& actions) {
  return [&actions, next = size_t{0}]() mutable -> absl::StatusOr<std::optional<Action>> {
    return next == actions.size() ? std::optional<Action>() : actions[next++];
  };
}

bool AnyFigures(const StreamedPlan&) { return true; }

class ScheduleClientTest : public ::testing::Test {
 protected:
  void AwaitStreams(int count) {
    while (metrics_.streams.Value() != count) std::this_thread::yield();
  }

  std::unique_ptr<grpc::ClientReader<StreamScheduleResponse>> OpenStream(grpc::ClientContext& context,
                                                                         const PlanRequest& request, int port) {
    stub_ = planner::v1::ScheduleService::NewStub(MakeChannel(Target(port)));
    StreamScheduleRequest message;
    *message.mutable_plan() = EncodeRequest(request);
    return stub_->StreamSchedule(&context, message);
  }

  static void Allow(grpc::ClientContext& context, milliseconds time) {
    context.set_deadline(std::chrono::system_clock::now() + time);
  }

  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  const Access access_;
  EmbeddedPlanner solver_;
  SolveGate gate_{{.max_solves = 1, .max_waiting = 0}, metrics_};
  AdmissionPlanner admission_{solver_, gate_};
  ScheduleService service_{admission_,
                           {.max_streams = 2, .stream_time = milliseconds(600'000)},
                           {.deadline = milliseconds(10'000), .metrics = metrics_, .access = access_}};
  std::unique_ptr<planner::v1::ScheduleService::Stub> stub_;
};

TEST_F(ScheduleClientTest, BringsThePlanAndItsActionsFromAnyOffset) {
  const auto server = Serve(service_);
  ScheduleClient client({.target = Target(server->port())});
  const std::vector<Action> all = ActionsOf(kShort);
  const absl::StatusOr<Plan> plan = solver_.MakePlan(kShort, {});
  for (const size_t first : {size_t{0}, size_t{1}, all.size() / 2, all.size()}) {
    std::vector<Action> actions;
    absl::Status status = client.StreamSchedule(
        kShort, static_cast<int64_t>(first),
        [&](const StreamedPlan& figures) {
          EXPECT_EQ(figures.action_count, static_cast<int64_t>(all.size()));
          EXPECT_EQ(figures.plan.forward_count, plan->forward_count);
          EXPECT_EQ(figures.plan.peak_bytes, plan->peak_bytes);
          return true;
        },
        [&](const Action& action) {
          actions.push_back(action);
          return true;
        });
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(actions, std::vector<Action>(all.begin() + static_cast<ptrdiff_t>(first), all.end()));
  }
  for (const int64_t first : {int64_t{-1}, static_cast<int64_t>(all.size()) + 1}) {
    const absl::Status status = client.StreamSchedule(kShort, first, AnyFigures, [](const Action&) { return true; });
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
  }
}

TEST_F(ScheduleClientTest, ABudgetThatIsTooSmallIsAnAnswer) {
  const auto server = Serve(service_);
  bool feasible = true;
  const absl::Status status = ScheduleClient({.target = Target(server->port())})
                                  .StreamSchedule(
                                      {.length = 9, .strategy = Strategy::kStoreAll, .budget = ByteBudget{1, 1, 3}}, 0,
                                      [&](const StreamedPlan& figures) {
                                        feasible = figures.plan.feasible;
                                        return true;
                                      },
                                      [](const Action&) { return true; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(feasible);
}

TEST_F(ScheduleClientTest, ALongScheduleCanBeStreamedIntoAVerifier) {
  const auto server = Serve(service_);
  ScheduleClient client({.target = Target(server->port())});
  std::optional<ScheduleVerifier> verifier;
  StreamedPlan plan;
  const absl::Status status = client.StreamSchedule(
      kLong, 0,
      [&](const StreamedPlan& figures) {
        plan = figures;
        verifier.emplace(VerificationTask{.length = kLong.length,
                                          .state_bytes = 10,
                                          .tape_bytes = 20,
                                          .budget_bytes = 200,
                                          .claimed_peak_bytes = figures.plan.peak_bytes,
                                          .claimed_forward_count = figures.plan.forward_count});
        return true;
      },
      [&](const Action& action) { return verifier->Add(action).ok(); });
  ASSERT_TRUE(status.ok()) << status;
  const Verdict verdict = verifier->Finish();
  EXPECT_TRUE(verdict.valid());
  EXPECT_EQ(verdict.action_count, plan.action_count);
  EXPECT_EQ(verdict.forward_count, plan.plan.forward_count);
}

TEST_F(ScheduleClientTest, TakesAStreamUpWhereTheServerDied) {
  const std::vector<Action> all = ActionsOf(kLong);
  auto server = Serve(service_);
  const std::string listen = Target(server->port());
  ScheduleClient client({.target = listen});
  size_t next = 0;
  int figures = 0;
  int deaths = 0;
  const absl::Status status = client.StreamSchedule(
      kLong, 0, [&](const StreamedPlan&) { return ++figures > 0; },
      [&](const Action& action) {
        if (action != all.at(next)) return false;
        if (++next % (all.size() / 4) == 1'000) {
          server.reset();  // in the middle of the stream, with messages in transit
          server = Serve(service_, listen);
          ++deaths;
        }
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(next, all.size());
  EXPECT_EQ(figures, 1);
  EXPECT_EQ(deaths, 4);
}

TEST_F(ScheduleClientTest, GoesOnWhenTheTimeOfACallIsOver) {
  const std::vector<Action> all = ActionsOf(kLong);
  const auto server = Serve(service_);
  ScheduleClient client({.target = Target(server->port()), .stream_time = milliseconds(300)});
  size_t next = 0;
  const absl::Status status = client.StreamSchedule(kLong, 0, AnyFigures, [&](const Action& action) {
    if (++next % (all.size() / 3) == 0) std::this_thread::sleep_for(milliseconds(400));
    return action == all.at(next - 1);
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(next, all.size());
}

TEST_F(ScheduleClientTest, GivesUpWhereNobodyListens) {
  const int port = Serve(service_)->port();
  ScheduleClient client({.target = Target(port), .max_resumes = 1});
  const absl::Status status = client.StreamSchedule(kShort, 0, AnyFigures, [](const Action&) { return true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(Target(port)));
  EXPECT_EQ(client.VerifySchedule({}, Each({})).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ScheduleClientTest, AReaderThatStandsStillHoldsNoSolverAndAllIsFreedWhenItGoes) {
  const auto server = Serve(service_);
  {
    grpc::ClientContext context;
    Allow(context, milliseconds(60'000));
    const auto reader = OpenStream(context, kLong, server->port());
    StreamScheduleResponse message;
    ASSERT_TRUE(reader->Read(&message));
    ASSERT_TRUE(reader->Read(&message));  // and no more of 400
    EXPECT_EQ(metrics_.streams.Value(), 1);
    // The only solver.
    EXPECT_TRUE(admission_.MakePlan(kShort, {}).ok());
    context.TryCancel();
    reader->Finish();
  }
  AwaitStreams(0);
}

TEST_F(ScheduleClientTest, ADeadlineEndsAStreamThatNobodyReads) {
  const auto server = Serve(service_);
  grpc::ClientContext context;
  Allow(context, milliseconds(500));
  const auto reader = OpenStream(context, kLong, server->port());
  StreamScheduleResponse message;
  ASSERT_TRUE(reader->Read(&message));
  AwaitStreams(0);  // although the client has not closed it
  while (reader->Read(&message)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ScheduleClientTest, AStreamNeedsADeadline) {
  const auto server = Serve(service_);
  for (const int hours : {0, 1}) {
    grpc::ClientContext context;
    if (hours > 0) Allow(context, std::chrono::hours(hours));
    const grpc::Status status = OpenStream(context, kShort, server->port())->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("deadline of at most 10m"));
  }
}

TEST_F(ScheduleClientTest, MoreStreamsThanTheLimitAreRefused) {
  const auto server = Serve(service_);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<StreamScheduleResponse>>> readers;
  StreamScheduleResponse message;
  for (int i = 0; i < 2; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    Allow(*contexts.back(), milliseconds(60'000));
    readers.push_back(OpenStream(*contexts.back(), kLong, server->port()));
    ASSERT_TRUE(readers.back()->Read(&message));
  }
  const auto verdict = ScheduleClient({.target = Target(server->port())}).VerifySchedule({}, Each({}));
  EXPECT_EQ(verdict.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(verdict.status().message()), HasSubstr("all 2 streams are in use"));
  for (auto& context : contexts) context->TryCancel();
  for (auto& reader : readers) reader->Finish();
}

TEST_F(ScheduleClientTest, VerifiesAsThisProcessDoes) {
  const auto server = Serve(service_);
  ScheduleClient client({.target = Target(server->port())});
  const std::vector<Action> good = ActionsOf(kShort);
  std::vector<Action> bad = good;
  bad.erase(bad.begin() + 3);
  std::vector<Action> open = good;
  open.pop_back();
  for (const std::vector<Action>& actions : {good, bad, open, {}}) {
    for (const int64_t budget : {100, 90, 5}) {
      const VerificationTask task{.length = 30,
                                  .state_bytes = 10,
                                  .tape_bytes = 20,
                                  .budget_bytes = budget,
                                  .claimed_peak_bytes = 10,
                                  .claimed_forward_count = 3};
      const absl::StatusOr<Verdict> verdict = client.VerifySchedule(task, Each(actions));
      ASSERT_TRUE(verdict.ok()) << verdict.status();
      ScheduleVerifier here(task);
      for (const Action& action : actions) ASSERT_TRUE(here.Add(action).ok());
      EXPECT_EQ(*verdict, here.Finish());
    }
  }
}

TEST_F(ScheduleClientTest, VerifyingStopsAtTheFirstViolation) {
  const auto server = Serve(service_);
  int64_t asked = 0;
  const absl::StatusOr<Verdict> verdict =
      ScheduleClient({.target = Target(server->port())})
          .VerifySchedule({.length = 5}, [&]() -> absl::StatusOr<std::optional<Action>> {
            ++asked;
            return Action{.kind = Action::Kind::kDiscard, .begin = 2, .end = 2};  // forever
          });
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(verdict->violation->action_index, 0);
  EXPECT_EQ(verdict->violation->reason, "state 2 is not stored");
}

TEST_F(ScheduleClientTest, ASourceThatFailsEndsTheVerification) {
  const auto server = Serve(service_);
  const absl::StatusOr<Verdict> verdict =
      ScheduleClient({.target = Target(server->port())})
          .VerifySchedule({.length = 5}, []() -> absl::StatusOr<std::optional<Action>> {
            return absl::DataLossError("the file ends here");
          });
  EXPECT_EQ(verdict.status(), absl::DataLossError("the file ends here"));
  AwaitStreams(0);
}

TEST_F(ScheduleClientTest, TheServiceRefusesWhatIsNotATaskFollowedByActions) {
  const auto server = Serve(service_);
  const auto stub = planner::v1::ScheduleService::NewStub(MakeChannel(Target(server->port())));
  planner::v1::VerifyScheduleRequest task;
  *task.mutable_task() = EncodeTask({.length = 5});
  planner::v1::VerifyScheduleRequest actions;
  actions.mutable_actions()->add_kinds(schedule::v1::ACTION_KIND_FORWARD);
  const planner::v1::VerifyScheduleRequest nothing;
  using Messages = std::vector<planner::v1::VerifyScheduleRequest>;
  for (const Messages& messages :
       {Messages{}, Messages{nothing}, Messages{actions}, Messages{task, task}, Messages{task, actions}}) {
    grpc::ClientContext context;
    Allow(context, milliseconds(60'000));
    planner::v1::VerifyScheduleResponse response;
    const auto writer = stub->VerifySchedule(&context, &response);
    for (const auto& message : messages) writer->Write(message);
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

// Answers as configured by a test.
class ScriptedScheduleService final : public planner::v1::ScheduleService::Service {
 public:
  explicit ScriptedScheduleService(std::vector<StreamScheduleResponse> messages) : messages_(std::move(messages)) {}
  grpc::Status StreamSchedule(grpc::ServerContext*, const StreamScheduleRequest*,
                              grpc::ServerWriter<StreamScheduleResponse>* writer) override {
    for (const StreamScheduleResponse& message : messages_) writer->Write(message);
    return grpc::Status::OK;
  }

 private:
  const std::vector<StreamScheduleResponse> messages_;
};

TEST_F(ScheduleClientTest, AnswersThatCannotBeTrueAreErrors) {
  StreamScheduleResponse figures;
  *figures.mutable_figures()->mutable_plan() = EncodeFigures(*solver_.MakePlan(kShort, {}));
  figures.mutable_figures()->set_action_count(1);
  StreamScheduleResponse actions;
  AppendAction({.end = 3}, *actions.mutable_actions());
  StreamScheduleResponse other = figures;
  other.mutable_figures()->set_action_count(2);
  StreamScheduleResponse broken = actions;
  broken.mutable_actions()->set_kinds(0, schedule::v1::ACTION_KIND_UNSPECIFIED);
  StreamScheduleResponse impossible = figures;
  impossible.mutable_figures()->mutable_plan()->set_forward_count(3);
  using Messages = std::vector<StreamScheduleResponse>;
  for (const Messages& messages :
       {Messages{}, Messages{figures}, Messages{actions}, Messages{figures, actions, actions},
        Messages{figures, other, actions}, Messages{figures, broken}, Messages{impossible, actions}}) {
    ScriptedScheduleService service(messages);
    const auto server = Serve(service);
    const absl::Status status =
        ScheduleClient({.target = Target(server->port())}).StreamSchedule(kShort, 0, AnyFigures, [](const Action&) {
          return true;
        });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  }
}

}  // namespace
}  // namespace recurve
