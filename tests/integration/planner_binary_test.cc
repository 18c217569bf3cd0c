// SPDX-License-Identifier: Apache-2.0
//
// The recurve-planner program, started as an operator starts it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "planner_service/client/remote_chain_planner.h"
#include "planner_service/client/schedule_client.h"
#include "tests/integration/child_process.h"
#include "tests/integration/running_planner.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPlannerBinary[] = RECURVE_PLANNER_BINARY;
constexpr char kPromtool[] = "/usr/bin/promtool";
constexpr char kServiceName[] = "recurve.planner.v1.PlannerService";

std::string PlannerOutput(const std::vector<std::string>& command, int exit_status) {
  ChildProcess process(command);
  EXPECT_EQ(process.Wait(), exit_status) << process.output();
  return process.output();
}

TEST(PlannerBinaryTest, SaysWhatItIs) {
  EXPECT_THAT(
      PlannerOutput({kPlannerBinary, "--version"}, 0),
      AllOf(ContainsRegex("^recurve-planner [0-9.]+\n"), ContainsRegex("\nAbseil [0-9.]+\n"),
            ContainsRegex("\ngRPC [0-9.]+"), ContainsRegex("\nProtobuf [0-9.]+\n"), ContainsRegex("\nOpenSSL [0-9.]+"),
            ContainsRegex("\nlibmicrohttpd [0-9.]+"), ContainsRegex("\nspdlog [0-9.]+\n"),
            ContainsRegex("\ntoml\\+\\+ [0-9.]+, compiled in\n"), Not(HasSubstr("SQLite"))));
  const std::string help = PlannerOutput({kPlannerBinary, "--help"}, 0);
  for (const char* text : {"--listen",       "--metrics-listen", "--memo-bytes",  "--memory-limit", "--max-solves",
                           "--max-waiting",  "--max-solve-time", "--max-streams", "--stream-time",  "--deadline",
                           "--drain-time",   "--warm-up",        "--core-dumps",  "--version",      "127.0.0.1:7401",
                           "127.0.0.1:9401", "256MiB",           "no TLS",        "SIGHUP",         "unix:PATH"}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
}

TEST(PlannerBinaryTest, WrongOptionsAreOneLine) {
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{{"--nonsense"},
                                                                                     {"--memo-bytes", "-1"},
                                                                                     {"--memo-bytes", "12XB"},
                                                                                     {"--memory-limit", "100MiB"},
                                                                                     {"--max-solves", "0"},
                                                                                     {"--max-waiting", "many"},
                                                                                     {"--max-streams", "0"},
                                                                                     {"--stream-time", "0s"},
                                                                                     {"--listen", "nowhere"},
                                                                                     {"--listen", ""},
                                                                                     {"--metrics-listen", "[::1]"},
                                                                                     {"--deadline", "0s"},
                                                                                     {"--drain-time", "soon"},
                                                                                     {"extra"}}) {
    std::vector<std::string> command{kPlannerBinary};
    command.insert(command.end(), wrong.begin(), wrong.end());
    const std::string output = PlannerOutput(command, 2);
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_THAT(output, HasSubstr(wrong[0]));
  }
}

TEST(PlannerBinaryTest, APortInUseIsOneLine) {
  RunningPlanner first;
  for (const int port : {first.port(), first.metrics_port()}) {
    const std::string taken = "127.0.0.1:" + std::to_string(port);
    for (const bool metrics : {false, true}) {
      const std::string output = PlannerOutput({kPlannerBinary, "--listen", metrics ? "127.0.0.1:0" : taken,
                                                "--metrics-listen", metrics ? taken : "127.0.0.1:0"},
                                               1);
      EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
      EXPECT_THAT(output, AllOf(HasSubstr("recurve-planner: cannot listen on " + taken), HasSubstr("in use")));
    }
  }
  EXPECT_THAT(PlannerOutput({kPlannerBinary, "--listen", "nowhere"}, 2), HasSubstr("address 'nowhere' has no port"));
}

TEST(PlannerBinaryTest, StreamsSchedulesThatItCanVerify) {
  const RunningPlanner planner;
  ScheduleClient client({.target = "127.0.0.1:" + std::to_string(planner.port())});
  std::vector<Action> actions;
  const absl::Status status = client.StreamSchedule(
      {.length = 20'000, .budget = ByteBudget{10, 20, 100}}, 0, [](const StreamedPlan&) { return true; },
      [&](const Action& action) {
        actions.push_back(action);
        return true;
      });
  ASSERT_TRUE(status.ok()) << status;
  size_t next = 0;
  const absl::StatusOr<Verdict> verdict =
      client.VerifySchedule({.length = 20'000, .state_bytes = 10, .tape_bytes = 20, .budget_bytes = 100},
                            [&]() -> absl::StatusOr<std::optional<Action>> {
                              return next == actions.size() ? std::optional<Action>() : actions[next++];
                            });
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_TRUE(verdict->valid());
  EXPECT_EQ(verdict->action_count, static_cast<int64_t>(actions.size()));
}

TEST(PlannerBinaryTest, PlansChainsThatAreNotUniformAndTwoStores) {
  const RunningPlanner planner;
  const auto remote = MakeRemoteChainPlanner({.target = "127.0.0.1:" + std::to_string(planner.port())});
  EmbeddedChainPlanner here;
  const ChainRequest chain = {.segments = {{20, 2, 9, 3, 4, 5}, {15, 5, 14, 7, 8, 9}}, .budget_bytes = 60};
  const absl::StatusOr<ChainPlan> plan = remote->PlanChain(chain, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->schedule, here.PlanChain(chain, {})->schedule);
  const TwoLevelRequest two = {
      .length = 40, .state_bytes = 1, .forward_cost = 3, .device = {3, 0, 0}, .host = {9, 2, 2}};
  const absl::StatusOr<TwoLevelPlan> two_plan = remote->PlanTwoLevel(two, {});
  ASSERT_TRUE(two_plan.ok()) << two_plan.status();
  EXPECT_EQ(two_plan->schedule, here.PlanTwoLevel(two, {})->schedule);
}

TEST(PlannerBinaryTest, PlansAnswersProbesAndDrains) {
  RunningPlanner planner({"--memo-bytes", "1MiB", "--max-solves", "3"});
  EXPECT_THAT(planner.process().output(), AllOf(HasSubstr("memo 1MiB"), HasSubstr("3 concurrent solves")));

  const PlanRequest request{.length = 1000, .budget = ByteBudget{524288, 1048576, 15728640}};
  const absl::StatusOr<Plan> plan = planner.Client()->MakePlan(request, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->schedule, EmbeddedPlanner().MakePlan(request, {})->schedule);

  auto channel = PlainChannel(planner.port());
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  EXPECT_EQ(HealthOf(channel, kServiceName), "SERVING");
  EXPECT_THAT(ReflectedServices(channel), HasSubstr(kServiceName));
  EXPECT_THAT(ReflectedFileOf(channel, kServiceName), HasSubstr("recurve/planner/v1/planner.proto"));
  EXPECT_EQ(HealthOf(channel, "recurve.planner.v1.AdvisorService"), "SERVING");

  channel.reset();  // an idle client hears of the drain only every few seconds
  planner.process().Signal(SIGTERM);
  EXPECT_EQ(planner.process().Wait(), 0);
  EXPECT_THAT(planner.process().output(), AllOf(HasSubstr("draining"), HasSubstr("10s")));
  EXPECT_EQ(planner.Client()->MakePlan(request, {}).status().code(), absl::StatusCode::kUnavailable);
}

TEST(PlannerBinaryTest, SigintAndSighupDrainToo) {
  for (const int signal : {SIGINT, SIGHUP}) {
    RunningPlanner planner;
    planner.process().Signal(signal);
    EXPECT_EQ(planner.process().Wait(), 0);
  }
}

TEST(PlannerBinaryTest, ServesOverAUnixSocket) {
  const std::string address = "unix:" + ::testing::TempDir() + "planner." + std::to_string(getpid());
  ChildProcess process({kPlannerBinary, "--listen", address, "--metrics-listen", ""});
  ASSERT_TRUE(process.WaitForOutput("serves gRPC on " + address + ",")) << process.output();
  const PlanRequest request{.length = 100, .budget = ByteBudget{8, 24, 500}};
  const absl::StatusOr<Plan> plan = MakeRemotePlanner({.target = address})->MakePlan(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
}

TEST(PlannerBinaryTest, ConnectionsThatSayNothingDoNotDeafenIt) {
  ChildProcess process({"/usr/bin/prlimit", "--nofile=256:256", kPlannerBinary, "--listen", "127.0.0.1:0",
                        "--metrics-listen", "127.0.0.1:0"});
  ASSERT_TRUE(process.WaitForOutput("no TLS")) << process.output();
  const int port = NumberAfter(process.output(), "serves gRPC on 127.0.0.1:");
  const int metrics_port = NumberAfter(process.output(), "metrics http://127.0.0.1:");
  {
    const SilentConnections flood(port, 400);
    while (HttpGet(metrics_port, "/metrics").find("refused_total{port=\"grpc\"} 0\n") != std::string::npos) {
    }
  }
  const auto client = MakeRemotePlanner({.target = "127.0.0.1:" + std::to_string(port)});
  const absl::StatusOr<Plan> plan = client->MakePlan({.length = 100, .budget = ByteBudget{8, 24, 500}}, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
}

TEST(PlannerBinaryTest, RaisesItsSoftLimitOfDescriptors) {
  ChildProcess process({"/usr/bin/prlimit", "--nofile=300:1000", kPlannerBinary, "--listen", "127.0.0.1:0",
                        "--metrics-listen", "127.0.0.1:0"});
  ASSERT_TRUE(process.WaitForOutput("no TLS")) << process.output();
  EXPECT_THAT(HttpGet(NumberAfter(process.output(), "metrics http://127.0.0.1:"), "/metrics"),
              HasSubstr("\nprocess_max_fds 1000\n"));
}

TEST(PlannerBinaryTest, TooFewDescriptorsAreOneLine) {
  const std::string output =
      PlannerOutput({"/usr/bin/prlimit", "--nofile=100:100", kPlannerBinary, "--listen", "127.0.0.1:0"}, 1);
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
  EXPECT_THAT(output, AllOf(HasSubstr("may open 100 files"), HasSubstr("ulimit -n")));
}

TEST(PlannerBinaryTest, DrainUnderLoadLosesNoAnswer) {
  RunningPlanner planner;
  const auto client = planner.Client();
  ASSERT_TRUE(client->MakePlan({.length = 1, .budget = ByteBudget{1, 1, 1}}, {}).ok());
  std::vector<std::thread> callers;
  for (int64_t i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      for (int64_t length = 100 + i;; length += 4) {
        const absl::StatusOr<Plan> plan = client->MakePlan({.length = length, .budget = ByteBudget{8, 24, 500}}, {});
        if (plan.ok()) continue;
        EXPECT_EQ(plan.status().code(), absl::StatusCode::kUnavailable) << plan.status();
        return;
      }
    });
  }
  planner.process().Signal(SIGTERM);
  EXPECT_EQ(planner.process().Wait(), 0);
  for (std::thread& caller : callers) caller.join();
}

class WarmUpTest : public ::testing::Test {
 protected:
  // The path of a file with this text.
  std::string File(const std::string& text) {
    const std::string path = ::testing::TempDir() + "warm_up." + std::to_string(getpid());
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(WarmUpTest, PlansAreThereBeforeHealthSaysSo) {
  RunningPlanner planner({"--warm-up", File(R"(# the night's jobs
{"length": 1000, "bytes": {"state_bytes": 524288, "tape_bytes": 1048576, "budget_bytes": 15728640}}

{"length": "700", "strategy": "STRATEGY_HSM", "slots": {"slots": 9}, "costs": {"forwardSeconds": 0.5}}
)")});
  ASSERT_TRUE(planner.process().WaitForOutput("warm-up: 2 of 2 plans made in ")) << planner.process().output();
  std::string health;
  do {
    health = HealthOf(PlainChannel(planner.port()), "");
  } while (health == "NOT_SERVING");
  EXPECT_EQ(health, "SERVING");
  for (const PlanRequest& request :
       {PlanRequest{.length = 1000, .budget = ByteBudget{524288, 1048576, 15728640}},
        PlanRequest{.length = 700, .strategy = Strategy::kHsm, .budget = SlotBudget{.slots = 9}}}) {
    const absl::StatusOr<Plan> plan = planner.Client()->MakePlan(request, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->schedule, EmbeddedPlanner().MakePlan(request, {})->schedule);
  }
  EXPECT_EQ(planner.Metric("recurve_planner_memo_hits_total"), 2);
  EXPECT_EQ(planner.Metric("recurve_planner_memo_misses_total"), 2);
}

TEST_F(WarmUpTest, APipeIsReadAndASignalEndsTheWaitForIt) {
  const std::string path = ::testing::TempDir() + "warm_up_pipe." + std::to_string(getpid());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  {
    ChildProcess waits({kPlannerBinary, "--listen", "127.0.0.1:0", "--metrics-listen", "", "--warm-up", path});
    const int nothing_comes = open(path.c_str(), O_WRONLY);  // returns when it is being read
    waits.Signal(SIGTERM);
    EXPECT_EQ(waits.Wait(), 0) << waits.output();
    close(nothing_comes);
  }
  ChildProcess reads({kPlannerBinary, "--listen", "127.0.0.1:0", "--metrics-listen", "", "--warm-up", path});
  std::ofstream(path) << R"({"length": 700, "strategy": "STRATEGY_HSM", "slots": {"slots": 9}})";
  EXPECT_TRUE(reads.WaitForOutput("warm-up: 1 of 1 plans made")) << reads.output();
  unlink(path.c_str());
  for (const char* bad : {"/dev/zero", "/"})
    EXPECT_THAT(PlannerOutput({kPlannerBinary, "--warm-up", bad}, 1), HasSubstr(bad));
}

TEST_F(WarmUpTest, CallsAreAnsweredMeanwhileAndASignalEndsIt) {
  std::string slow;
  for (int slots = 50; slots < 150; ++slots) {
    slow += R"({"length": 8000, "strategy": "STRATEGY_MSM", "slots": {"alpha": 5, "slots": )" + std::to_string(slots) +
            "}}\n";
  }
  RunningPlanner planner({"--warm-up", File(slow)});
  EXPECT_EQ(HealthOf(PlainChannel(planner.port()), ""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(PlainChannel(planner.port()), kServiceName), "NOT_SERVING");
  EXPECT_TRUE(planner.Client()->MakePlan({.length = 10, .budget = ByteBudget{1, 1, 5}}, {}).ok());
  planner.process().Signal(SIGTERM);
  EXPECT_EQ(planner.process().Wait(), 0);
  EXPECT_THAT(planner.process().output(), Not(HasSubstr("warm-up: 100")));
}

TEST_F(WarmUpTest, ABadLineIsNamedAndNothingStarts) {
  const struct {
    const char* line;
    const char* why;
  } cases[] = {{R"({"length": 0, "bytes": {"state_bytes": 1}})", "length is 0; must be 1 to 10000000"},
               {R"({"length": 5, "strategy": "STRATEGY_ISM", "bytes": {"state_bytes": 1}})", "slots"},
               {R"({"length": 5, "colour": "red"})", "not a MakePlanRequest in JSON"},
               {R"({"length": 5)", "not a MakePlanRequest in JSON"},
               {R"({"length": 5, "length": 6})", "has the key \"length\" twice"}};
  for (const auto& c : cases) {
    const std::string path = File(std::string("# first\n\n") + c.line + "\n");
    const std::string output = PlannerOutput({kPlannerBinary, "--listen", "127.0.0.1:0", "--warm-up", path}, 1);
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_THAT(output, AllOf(HasSubstr("recurve-planner: " + path + ":3: "), HasSubstr(c.why)));
  }
  EXPECT_THAT(PlannerOutput({kPlannerBinary, "--warm-up", "/no/such/file"}, 1), HasSubstr("/no/such/file"));
  EXPECT_THAT(PlannerOutput({kPlannerBinary, "--warm-up", ::testing::TempDir()}, 1), HasSubstr("Is a directory"));
}

TEST(PlannerBinaryTest, CanDoWithoutMetrics) {
  ChildProcess process({kPlannerBinary, "--listen", "127.0.0.1:0", "--metrics-listen", ""});
  EXPECT_TRUE(process.WaitForOutput("metrics off")) << process.output();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
}

TEST(PlannerBinaryTest, MetricsPassPromtool) {
  RunningPlanner planner;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(planner.Client()->MakePlan({.length = 100, .budget = ByteBudget{8, 24, 500}}, {}).ok());
  }
  EXPECT_FALSE(planner.Client()->MakePlan({.length = 0, .budget = ByteBudget{1, 1, 1}}, {}).ok());
  const std::string answer = HttpGet(planner.metrics_port(), "/metrics");
  EXPECT_THAT(answer, AllOf(HasSubstr("recurve_planner_requests_total{code=\"OK\",method=\"MakePlan\"} 2\n"),
                            HasSubstr("recurve_planner_memo_hits_total 1\n"),
                            HasSubstr("recurve_planner_build_info{version=\""), Not(HasSubstr("chunked"))));
  if (!std::filesystem::exists(kPromtool)) GTEST_SKIP() << kPromtool << " is not installed";

  const std::string body = answer.substr(answer.find("\r\n\r\n") + 4);
  FILE* promtool = popen((std::string(kPromtool) + " check metrics").c_str(), "w");
  ASSERT_NE(promtool, nullptr);
  ASSERT_EQ(std::fwrite(body.data(), 1, body.size(), promtool), body.size());
  EXPECT_EQ(pclose(promtool), 0);
}

}  // namespace
}  // namespace recurve
