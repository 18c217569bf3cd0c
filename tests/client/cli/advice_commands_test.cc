// SPDX-License-Identifier: Apache-2.0
//
// advise, budget, curve, fit, lengths and split: the real program, by itself and with a real service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <fstream>

#include "planner_service/capacity/advisor.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/advisor_service.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

using Words = std::vector<std::string>;

const Words kChain = {"--length", "200", "--state-bytes", "1KiB", "--tape-bytes", "2KiB"};
const Words kModel = {"--layers", "2", "--hidden", "32", "--batch", "4", "--length", "100"};
const Words kModelOfAnyBatch = {"--layers", "2", "--hidden", "32", "--length", "100"};

Words Join(std::initializer_list<Words> parts) {
  Words words;
  for (const Words& part : parts) words.insert(words.end(), part.begin(), part.end());
  return words;
}

Json Advised(const Words& workload, int64_t memory, const Words& more = {}) {
  return JsonOf(Join({{"capacity", "advise", "--memory", std::to_string(memory), "--json"}, workload, more}));
}

std::string Written(const ScratchDirectory& scratch, const std::string& name, const std::string& text) {
  std::ofstream(scratch.File(name)) << text;
  return scratch.File(name);
}

TEST(BudgetCommand, FindsTheSmallestMemoryThatIsFastEnough) {
  for (const Words& workload : {kChain, kModel}) {
    for (const char* slowdown : {"1", "1.1", "1.25", "2"}) {
      const Json found = JsonOf(Join({{"capacity", "budget", "--max-slowdown", slowdown, "--json"}, workload}));
      const auto bytes = found["budget_bytes"].get<int64_t>();
      EXPECT_EQ(found["feasible"], true);
      EXPECT_LE(found["slowdown"], std::stod(slowdown));
      EXPECT_EQ(Advised(workload, bytes)["slowdown"], found["slowdown"]);
      EXPECT_GT(Advised(workload, bytes - 1)["slowdown"], std::stod(slowdown));
    }
  }
}

TEST(BudgetCommand, SaysWhatIsTradedForWhat) {
  const Outcome outcome = RunRecurve(Join({{"capacity", "budget", "--max-slowdown", "1.25"}, kModel}));
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("is enough for an LSTM of 2 layers of 32, batch 4, 100 steps"),
                                 HasSubstr("that store-all needs"), HasSubstr("forwards per link"),
                                 HasSubstr("weights"), HasSubstr("smallest feasible total")));
}

TEST(BudgetCommand, AStrategyThatIsNeverThatFast) {
  const Words question = Join({{"capacity", "budget", "--strategy", "chen", "--max-slowdown", "1.01"}, kChain});
  ExpectRefused(question, 3, {"chen", "in any memory", "--strategy auto"});
  const Outcome outcome = RunRecurve(Plus(question, {"--json"}));
  EXPECT_EQ(outcome.exit, 3);
  EXPECT_EQ(JsonLines(outcome.out).at(0)["feasible"], false);
  EXPECT_TRUE(JsonLines(outcome.out).at(0)["budget_bytes"].is_null());
}

TEST(AdviseCommand, TooSmallAMemoryIsAnExitStatusWithTheBytesThatDo) {
  const auto least = Advised(kModel, 1 << 30)["least_bytes"].get<int64_t>();
  const std::string too_small = std::to_string(least - 1);
  const Outcome outcome = RunRecurve(Join({{"capacity", "advise", "--memory", too_small, "--json"}, kModel}));
  EXPECT_EQ(outcome.exit, 3);
  EXPECT_EQ(JsonLines(outcome.out).at(0)["least_bytes"], least);
  ExpectRefused(Join({{"capacity", "advise", "--memory", too_small}, kModel}), 3,
                {"cannot run an LSTM", "give at least"});
  EXPECT_EQ(Advised(kModel, least)["feasible"], true);
}

TEST(AdviseCommand, CostsPredictSeconds) {
  const Json chain = Advised(kChain, 20'000, {"--forward-cost", "0.5", "--backward-cost", "2"});
  const auto forwards = chain["forward_count"].get<double>();
  EXPECT_DOUBLE_EQ(chain["predicted_seconds"], (forwards - 200) * 0.5 + 200 * 2.5);
  EXPECT_DOUBLE_EQ(chain["slowdown"], chain["predicted_seconds"].get<double>() / (200 * 2.5));

  // Links of 10 steps are the fastest by far where they fit.
  const Words costs = {"--link-costs", "1:1:1:2", "--link-costs", "10:1.5:2:3"};
  const Json model = Advised(kModel, 1 << 30, costs);
  EXPECT_EQ(model["sizing"]["link"], 10);
  EXPECT_DOUBLE_EQ(model["predicted_seconds"], 10 * 5.0);
  EXPECT_EQ(model["workload"]["link_costs"].size(), 2U);
}

TEST(CurveCommand, EveryCornerIsWhatAdviseSaysThere) {
  for (const Words& workload : {kChain, kModel}) {
    const Json json = JsonOf(Join({{"capacity", "curve", "--points", "6", "--json"}, workload}));
    ASSERT_EQ(json["curves"].size(), 4U);
    for (const Json& curve : json["curves"]) {
      const auto strategy = curve["strategy"].get<std::string>();
      EXPECT_GE(curve["corners"].size(), 1U) << strategy;
      for (const Json& corner : curve["corners"]) {
        const Json advice = Advised(workload, corner["budget_bytes"].get<int64_t>(), {"--strategy", strategy});
        EXPECT_EQ(advice["forward_count"], corner["forward_count"]) << strategy;
        EXPECT_EQ(advice["slowdown"], corner["slowdown"]) << strategy;
        EXPECT_EQ(advice["sizing"]["link"], corner["link"]) << strategy;
      }
    }
  }
}

TEST(CurveCommand, ShowsATable) {
  const Outcome outcome = RunRecurve(Join({{"capacity", "curve", "--points", "5", "--strategy", "auto"}, kChain}));
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("Time as a function of memory for 200 links of 1.00KiB state"),
                                 HasSubstr("There are more corners; see --points"), HasSubstr("1.00x")));
}

TEST(FitCommand, OneMoreDoesNotFit) {
  struct Case {
    std::string dimension;
    Words workload;
    std::string memory;
    std::string option;  // that sets the dimension
  };
  for (const Case& c : {Case{"batch", {"--hidden", "32", "--length", "100"}, "4MiB", "--batch"},
                        Case{"hidden", {"--batch", "4", "--length", "100"}, "4MiB", "--hidden"},
                        Case{"length", {"--hidden", "32", "--batch", "4"}, "2MiB", "--length"},
                        Case{"length", {"--state-bytes", "1KiB", "--tape-bytes", "2KiB"}, "64KiB", "--length"}}) {
    const Json fit =
        JsonOf(Join({{"capacity", "fit", "--dimension", c.dimension, "--memory", c.memory, "--json"}, c.workload}));
    const auto value = fit["value"].get<int64_t>();
    EXPECT_GT(value, 1) << c.dimension;
    EXPECT_LE(fit["slowdown"], 1.25);
    const auto needs = [&](int64_t size) {
      return JsonOf(
                 Join({{"capacity", "budget", c.option, std::to_string(size), "--json"}, c.workload}))["budget_bytes"]
          .get<int64_t>();
    };
    EXPECT_LE(needs(value), fit["memory_bytes"].get<int64_t>()) << c.dimension;
    EXPECT_GT(needs(value + 1), fit["memory_bytes"].get<int64_t>()) << c.dimension;
  }
}

TEST(FitCommand, SaysWhatWouldDoWhenNothingFits) {
  const Words question = {"capacity", "fit", "--dimension", "batch", "--hidden", "32", "--memory", "64KiB"};
  ExpectRefused(question, 3, {"not even an LSTM", "batch 1", "--memory 64KiB", "give at least"});
  const Outcome outcome = RunRecurve(Plus(question, {"--json"}));
  EXPECT_EQ(outcome.exit, 3);
  EXPECT_EQ(JsonLines(outcome.out).at(0)["value"], 0);
}

TEST(LengthsCommand, EachLengthIsAdvisedByItself) {
  const ScratchDirectory scratch;
  const Words memory = {"--memory", "64KiB", "--json", "--state-bytes", "1KiB", "--tape-bytes", "2KiB"};
  const Json json = JsonOf(Join({{"capacity", "lengths", "--lengths", "200,7,3000"}, memory}));
  ASSERT_EQ(json["lengths"].size(), 3U);
  for (const Json& entry : json["lengths"]) {
    const Json alone = Advised(
        {"--length", std::to_string(entry["length"].get<int64_t>()), "--state-bytes", "1KiB", "--tape-bytes", "2KiB"},
        64 << 10);
    EXPECT_EQ(alone["forward_count"], entry["forward_count"]);
    EXPECT_EQ(alone["peak_bytes"], entry["peak_bytes"]);
  }
  const std::string file = Written(scratch, "lengths.txt", "200 7\n3000\n");
  EXPECT_EQ(JsonOf(Join({{"capacity", "lengths", "--lengths-file", file}, memory})), json);
  const Outcome piped = RunRecurve(Join({{"capacity", "lengths", "--lengths-file", "-"}, memory}), file);
  EXPECT_EQ(JsonLines(piped.out), std::vector<Json>{json});
}

TEST(LengthsCommand, SaysHowManyDoNotFit) {
  const Outcome outcome = RunRecurve({"capacity", "lengths", "--lengths", "10,100", "--strategy", "store-all",
                                      "--memory", "64KiB", "--state-bytes", "1KiB", "--tape-bytes", "2KiB"});
  EXPECT_EQ(outcome.exit, 3);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("10 "), HasSubstr("too small")));
  const std::string enough = std::to_string(99 * 2 + 98) + "KiB";
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("too small for 1 of 2 lengths"), HasSubstr("give at least")));
  EXPECT_EQ(RunRecurve({"capacity", "lengths", "--lengths", "10,100", "--strategy", "store-all", "--memory", enough,
                        "--state-bytes", "1KiB", "--tape-bytes", "2KiB"})
                .exit,
            0);
}

TEST(SplitCommand, SharesSumToNoMoreThanThereIs) {
  const ScratchDirectory scratch;
  const std::string chat = Written(scratch, "chat.json", R"({"model": {"hidden": 32}, "batch": 4, "length": 100})");
  const std::string more =
      Written(scratch, "more.json", R"([{"name": "speech", "length": 200, "state_bytes": "1KiB", "tape_bytes": 2048},
              {"length": 50, "state_bytes": 100, "tape_bytes": "1kB", "fixed_bytes": 7}])");
  for (const char* goal : {"time", "slowdown"}) {
    const Json json = JsonOf({"capacity", "split", "--memory", "3MiB", "--goal", goal, "--json", chat, more});
    Words names;
    int64_t sum = 0;
    for (const Json& share : json["shares"]) {
      names.push_back(share["name"]);
      sum += share["budget_bytes"].get<int64_t>();
      // What is echoed may be read back, and is what was advised.
      const std::string again = Written(scratch, "again.json", share["workload"].dump());
      const Json alone = JsonOf({"capacity", "split", "--memory", std::to_string(share["budget_bytes"].get<int64_t>()),
                                 "--goal", "slowdown", "--json", again});
      EXPECT_EQ(alone["shares"][0]["workload"], share["workload"]);
      EXPECT_EQ(alone["shares"][0]["forward_count"], share["forward_count"]);
    }
    EXPECT_THAT(names, ElementsAre("chat", "speech", "more[1]"));
    EXPECT_LE(sum, 3 << 20);
    EXPECT_EQ(json["total_time"].is_null(), std::string(goal) == "slowdown");
  }
  EXPECT_THAT(RunRecurve({"capacity", "split", "--memory", "3MiB", chat, more}).out,
              AllOf(HasSubstr("3MiB for 3 jobs"), HasSubstr("\n  speech ")));
}

TEST(SplitCommand, SaysWhatWouldDo) {
  const ScratchDirectory scratch;
  const std::string job = Written(scratch, "job.json", R"({"length": 9, "state_bytes": 5, "tape_bytes": 5,
                                                           "fixed_bytes": 700})");
  ExpectRefused({"capacity", "split", "--memory", "1399", job, job}, 3,
                {"too small for these 2 jobs", "give at least", "1400 bytes"});
  EXPECT_EQ(RunRecurve({"capacity", "split", "--memory", "1400", job, job}).exit, 0);
}

TEST(SplitCommand, RefusesFilesThatAreNoJobs) {
  const ScratchDirectory scratch;
  ExpectRefused({"capacity", "split", "--memory", "1MiB"}, 2, {"at least one job"});
  ExpectRefused({"capacity", "split", "--memory", "1MiB", scratch.File("none.json")}, 2, {"none.json", "cannot open"});
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"{", "not JSON"},
      {"7", "workload is number"},
      {"[]", "at least one job"},
      {"{}", "\"model\" is missing"},
      {R"({"model": {"hidden": 8}, "colour": 3})", "\"colour\" is not a known key"},
      {R"({"model": {"hidden": "8"}})", "\"hidden\" is \"8\"; must be a whole number"},
      {R"({"model": {"hidden": 8, "cell": "elman"}})", "\"cell\" is \"elman\""},
      {R"({"model": {}, "optimizer": "lion"})", "\"optimizer\" is \"lion\""},
      {R"({"model": {}, "carry_state": 1})", "\"carry_state\" is 1; must be true or false"},
      {R"({"model": {}, "link_costs": [{"link": 2, "costs": {}}]})", "\"forward_seconds\" is missing"},
      {R"({"state_bytes": 8})", "\"length\" is missing"},
      {R"([{"model": {}}, {"length": 1, "state_bytes": "8XB", "tape_bytes": 1}])", "job 1: workload: \"state_bytes\""},
      {R"({"length": 0, "state_bytes": 8, "tape_bytes": 1})", "length is 0"},
      {R"({"length": 18446744073709551615, "state_bytes": 8, "tape_bytes": 1})", "must be a whole number below 2^63"},
  };
  for (const auto& c : cases) {
    ExpectRefused({"capacity", "split", "--memory", "1MiB", Written(scratch, "job.json", c.text)}, 2, {c.message});
  }
}

TEST(AdviceCommands, RefuseWorkloadsThatMakeNoSense) {
  for (const std::string command : {"advise", "budget", "curve", "fit", "lengths"}) {
    Words words = {"capacity", command};
    if (command == "lengths") words = Plus(words, {"--lengths", "5"});
    if (command != "budget" && command != "curve") words = Plus(words, {"--memory", "1MiB"});
    ExpectRefused(words, 2, {"give a workload", "--state-bytes", "--hidden"});
    const Words& model = command == "fit" ? kModelOfAnyBatch : kModel;
    ExpectRefused(Join({words, model, {"--hidden", "20000"}}), 2, {"\"20000\" is out of range; must be 1 to 16384"});
  }
  const Words budget = {"capacity", "budget"};
  ExpectRefused(Plus(budget, {"--state-bytes", "5", "--hidden", "5"}), 2, {"either a chain", "or a model"});
  ExpectRefused(Plus(budget, {"--state-bytes", "5"}), 2, {"--tape-bytes"});
  ExpectRefused(Join({budget, kChain, {"--state-bytes", "0"}}), 2, {"--state-bytes", "\"0\" is out of range"});
  ExpectRefused(Join({budget, kChain, {"--forward-cost", "1"}}), 2, {"--backward-cost"});
  ExpectRefused(Join({budget, kModel, {"--link-costs", "8:1"}}), 2, {"LINK:FORWARD:TAPED:BACKWARD"});
  ExpectRefused(Join({budget, kModel, {"--optimizer", "lion"}}), 2, {"lion", "adamw or sgd"});
}

TEST(AdviceCommands, RefuseQuestionsThatMakeNoSense) {
  ExpectRefused(Join({{"capacity", "advise"}, kChain}), 2, {"--memory is required"});
  ExpectRefused(Join({{"capacity", "fit"}, kModelOfAnyBatch}), 2, {"--memory is required"});
  ExpectRefused({"capacity", "split"}, 2, {"--memory is required"});
  ExpectRefused(Join({{"capacity", "budget", "--max-slowdown", "0.9"}, kChain}), 2, {"max_slowdown is 0.9"});
  ExpectRefused(Join({{"capacity", "curve", "--strategy", "magic"}, kChain}), 2, {"magic"});
  ExpectRefused(Join({{"capacity", "budget", "--strategy", "msm"}, kChain}), 2, {"msm"});
  ExpectRefused(Join({{"capacity", "curve", "--points", "1"}, kChain}), 2, {"max_points is 1"});
  ExpectRefused(Join({{"capacity", "fit", "--memory", "1MiB", "--dimension", "hidden"}, kChain}), 2, {"dimension"});
  ExpectRefused(Join({{"capacity", "fit", "--memory", "1MiB", "--dimension", "depth"}, kModel}), 2, {"depth"});
  ExpectRefused(Join({{"capacity", "lengths", "--memory", "1MiB"}, kChain}), 2, {"--lengths", "--lengths-file"});
  ExpectRefused(Join({{"capacity", "lengths", "--memory", "1MiB", "--lengths", "5,x"}, kChain}), 2,
                {"\"x\" is not a length"});
  ExpectRefused(Join({{"capacity", "lengths", "--memory", "1MiB", "--lengths-file", "/nowhere"}, kChain}), 2,
                {"/nowhere"});
  const ScratchDirectory scratch;
  const Words with_file = Join({{"capacity", "lengths", "--memory", "1MiB"}, kChain, {"--lengths-file"}});
  ExpectRefused(Plus(with_file, {scratch.path()}), 2, {"--lengths-file", "is a directory; give a file"});
  ExpectRefused(Plus(with_file, {scratch.Write("empty", "\n")}), 2, {"--lengths-file", "no lengths", "commas"});
  ExpectRefused(Plus(with_file, {scratch.Write("words", "5 x")}), 2, {"--lengths-file", "\"x\" is not a length"});
}

TEST(AdviceCommands, AServiceAnswersAsThisProcess) {
  const auto registry = std::make_shared<prometheus::Registry>();
  PlannerMetrics metrics(*registry, "test");
  const Access access;
  EmbeddedAdvisor advisor;
  SolveGate gate({.max_solves = 1, .max_waiting = 10}, metrics);
  AdvisorService service(advisor, gate,
                         {.deadline = std::chrono::milliseconds(10'000), .metrics = metrics, .access = access});
  const auto server = Server::Start({.metrics_listen = ""}, {&service}, registry);
  ASSERT_TRUE(server.ok()) << server.status();
  const Words planner = {"--planner", "127.0.0.1:" + std::to_string((*server)->port())};
  const ScratchDirectory scratch;
  const std::string job = Written(scratch, "job.json", R"({"model": {"hidden": 32}, "batch": 4, "length": 100})");
  for (const Words& question :
       {Join({{"capacity", "advise", "--memory", "4MiB"}, kModel}), Join({{"capacity", "budget"}, kModel}),
        Join({{"capacity", "curve"}, kChain}), Join({{"capacity", "fit", "--memory", "4MiB"}, kModelOfAnyBatch}),
        Join({{"capacity", "lengths", "--lengths", "5,9", "--memory", "1MiB"}, kChain}),
        Words{"capacity", "split", "--memory", "9MiB", job, job}}) {
    EXPECT_EQ(JsonOf(Join({question, {"--json"}, planner})), JsonOf(Plus(question, {"--json"})));
    EXPECT_EQ(RunRecurve(Plus(question, planner)).out, RunRecurve(question).out);
  }
  ExpectRefused(Join({{"capacity", "budget", "--max-slowdown", "0.9"}, kChain, planner}), 2, {"max_slowdown is 0.9"});
  EXPECT_GT(metrics.solve_seconds.Collect().histogram.sample_count, 10U);
}

TEST(AdviceCommands, SayWhenTheServiceDoesNotAnswer) {
  // Port 1 of this machine: nobody listens there.
  ExpectRefused(Join({{"capacity", "budget", "--planner", "127.0.0.1:1"}, kChain}), 1,
                {"127.0.0.1:1", "without --planner"});
}

}  // namespace
}  // namespace recurve
