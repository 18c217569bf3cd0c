// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

std::vector<std::string> InBytes(int64_t length, const std::string& state, const std::string& tape,
                                 const std::string& budget) {
  return {"plan", "--length", std::to_string(length), "--state-bytes", state, "--tape-bytes", tape, "--memory", budget};
}

std::vector<std::string> InSlots(int64_t length, int64_t slots, int64_t alpha) {
  return {"plan",    "--length",           std::to_string(length), "--slots", std::to_string(slots),
          "--alpha", std::to_string(alpha)};
}

TEST(PlanCommand, AutoGivesThePublishedCosts) {
  struct Case {
    int64_t length;
    const char *state, *tape, *budget;
    int64_t forwards;
  };
  for (const Case& c : std::vector<Case>{{10, "1", "2", "0", 55},
                                         {10, "1", "2", "26", 10},
                                         {100, "1", "2", "30", 192},
                                         {100, "1", "2", "296", 100},
                                         {1000, "1", "2", "60", 2327},
                                         {1000, "1", "5", "300", 1953},
                                         {500, "3", "7", "1000", 900},
                                         {1000, "524288", "1048576", "15728640", 2840}}) {
    const Json plan = JsonOf(Plus(InBytes(c.length, c.state, c.tape, c.budget), {"--strategy", "auto", "--json"}));
    EXPECT_EQ(plan["feasible"], true);
    EXPECT_EQ(plan["strategy"], "auto");
    EXPECT_EQ(plan["forward_count"], c.forwards);
    EXPECT_LE(plan["peak_bytes"], plan["budget_bytes"]);
    EXPECT_LE(plan["forward_count_lower_bound"], c.forwards);
    EXPECT_GE(plan["forward_count_upper_bound"], c.forwards);
    EXPECT_EQ(plan["recompute_ratio"], static_cast<double>(c.forwards) / static_cast<double>(c.length));
    EXPECT_FALSE(plan.contains("predicted_seconds"));
  }
}

TEST(PlanCommand, UnitsAreReadAsBytes) {
  const std::vector<std::string> options = {"--strategy", "auto", "--json"};
  EXPECT_EQ(JsonOf(Plus(InBytes(1000, "512KiB", "1 MiB", "15MiB"), options)),
            JsonOf(Plus(InBytes(1000, "524288", "1048576", "15728640"), options)));
}

TEST(PlanCommand, PaperStrategiesGiveThePublishedCosts) {
  const auto forwards = [](int64_t length, int64_t slots, int64_t alpha, const std::string& strategy) {
    const Json plan = JsonOf(Plus(InSlots(length, slots, alpha), {"--strategy", strategy, "--json"}));
    EXPECT_EQ(plan["feasible"], true);
    EXPECT_EQ(plan["strategy"], strategy);
    EXPECT_LE(plan["peak_slots"], slots);
    return plan["forward_count"].get<int64_t>();
  };
  EXPECT_EQ(forwards(1000, 4, 1, "hsm"), 8998);
  EXPECT_EQ(forwards(1000, 50, 1, "hsm"), 2948);
  EXPECT_EQ(forwards(10000, 100, 1, "hsm"), 34747);
  EXPECT_EQ(forwards(1000, 50, 5, "msm"), 2723);
  EXPECT_EQ(forwards(1000, 250, 5, "msm"), 1950);
  EXPECT_EQ(forwards(100, 1, 1, "ism"), 5050);
  EXPECT_EQ(forwards(100, 100, 1, "ism"), 100);
}

TEST(PlanCommand, CostsPredictSeconds) {
  const Json plan =
      JsonOf(Plus(InBytes(1000, "1", "2", "60"), {"--strategy", "auto", "--json", "--forward-cost", "0.5",
                                                  "--taped-forward-cost", "1", "--backward-cost", "2e0"}));
  EXPECT_EQ(plan["predicted_seconds"], (2327 - 1000) * 0.5 + 1000 * 3.0);
}

TEST(PlanCommand, TooSmallABudgetIsAnAnswerAndAnExitStatus) {
  for (const char* strategy : {"store-all", "chen"}) {
    const auto arguments = Plus(InBytes(1000, "1", "2", "40"), {"--strategy", strategy});
    const Outcome outcome = RunRecurve(Plus(arguments, {"--json"}));
    EXPECT_EQ(outcome.exit, 3);
    const std::vector<Json> objects = JsonLines(outcome.out);
    ASSERT_EQ(objects.size(), 1u);
    EXPECT_EQ(objects[0]["feasible"], false);
    EXPECT_TRUE(objects[0]["forward_count"].is_null());
    EXPECT_TRUE(objects[0]["peak_bytes"].is_null());
    const auto least = objects[0]["smallest_feasible_budget"].get<int64_t>();
    EXPECT_THAT(outcome.err, HasSubstr(std::to_string(least) + " bytes"));

    ExpectRefused(arguments, 3, {strategy, "40B", std::to_string(least)});
    // What the message says would do does, and one byte less does not.
    const auto with = [&](int64_t budget) {
      return RunRecurve(Plus(InBytes(1000, "1", "2", std::to_string(budget)), {"--strategy", strategy})).exit;
    };
    EXPECT_EQ(with(least), 0);
    EXPECT_EQ(with(least - 1), 3);
  }
}

TEST(PlanCommand, ComparesAllStrategies) {
  const Json comparison = JsonOf(Plus(InBytes(1000, "1", "2", "100"), {"--json"}));
  ASSERT_EQ(comparison["strategies"].size(), 6u);
  int64_t best = INT64_MAX;
  for (const Json& plan : comparison["strategies"]) {
    if (plan["feasible"] == false) continue;
    // Those that count in slots are held to the bytes too.
    EXPECT_LE(plan["peak_bytes"], 100) << plan;
    best = std::min(best, plan["forward_count"].get<int64_t>());
  }
  EXPECT_EQ(comparison["strategies"].back()["strategy"], "auto");
  EXPECT_EQ(comparison["strategies"].back()["forward_count"], best);

  const Outcome table = RunRecurve(InBytes(1000, "1", "2", "100"));
  EXPECT_EQ(table.exit, 0);
  for (const char* strategy : {"store-all", "chen", "hsm", "ism", "msm", "auto"}) {
    EXPECT_THAT(table.out, HasSubstr(std::string("\n  ") + strategy));
  }
  EXPECT_EQ(JsonOf(Plus(InSlots(100, 10, 3), {"--json", "--strategy", "all"}))["strategies"].size(), 6u);
}

TEST(PlanCommand, LongChainsAreComparedWithoutTheSlowStrategies) {
  const Json comparison = JsonOf(Plus(InBytes(1'000'000, "1", "2", "1000"), {"--json"}));
  EXPECT_EQ(comparison["strategies"].size(), 4u);
}

TEST(PlanCommand, DrawsTheScheduleInTheCharactersOfTheLocale) {
  const auto plan = Plus(InBytes(100, "1", "2", "30"), {"--strategy", "auto"});
  setenv("LC_ALL", "C", 1);
  const Outcome ascii = RunRecurve(plan);
  setenv("LC_ALL", "C.UTF-8", 1);
  const Outcome unicode = RunRecurve(plan);
  unsetenv("LC_ALL");
  EXPECT_EQ(ascii.exit, 0);
  EXPECT_THAT(ascii.out, HasSubstr("192 (1.920 per link)"));
  EXPECT_THAT(ascii.out, HasSubstr("1.31x\n"));
  EXPECT_THAT(ascii.out, HasSubstr("\n  stored +-----"));
  EXPECT_THAT(unicode.out, HasSubstr("\n  stored └────"));
  EXPECT_THAT(ascii.out, Not(HasSubstr("\x1b")));  // no terminal, no colours
  const Outcome single = RunRecurve(Plus(InBytes(1, "1", "2", "0"), {"--strategy", "auto"}));
  EXPECT_EQ(single.exit, 0);
  EXPECT_THAT(single.out, Not(HasSubstr("stored")));
}

TEST(PlanCommand, PicturesReplaceWhatIsThereAndSayWhatTheyShow) {
  const ScratchDirectory scratch;
  const std::string svg = scratch.Write("plan.svg", "<svg >");
  const Outcome compared =
      RunRecurve(Plus(InBytes(100, "1", "2", "30"), {"--svg", svg, "--html", scratch.File("p.html")}));
  EXPECT_EQ(compared.exit, 0);
  EXPECT_THAT(compared.out, HasSubstr(svg + " (auto)\n"));
  EXPECT_THAT(ReadFile(svg), HasSubstr("strategy auto"));
  EXPECT_THAT(ReadFile(scratch.File("p.html")), HasSubstr("<!doctype html>"));
  const Json json = JsonOf(Plus(InBytes(100, "1", "2", "30"), {"--strategy", "hsm", "--svg", svg, "--json"}));
  EXPECT_EQ(json["strategy"], "hsm");
  EXPECT_THAT(ReadFile(svg), HasSubstr("strategy hsm"));
}

TEST(PlanCommand, RefusesWhatMakesNoSense) {
  const auto bytes = InBytes(10, "1", "2", "30");
  const auto slots = InSlots(10, 3, 2);
  ExpectRefused({"plan"}, 2, {"--length"});
  ExpectRefused({"plan", "--length", "10"}, 2, {"--state-bytes", "--slots"});
  ExpectRefused(Plus(bytes, {"--slots", "3"}), 2, {"either"});
  ExpectRefused({"plan", "--length", "10", "--state-bytes", "1"}, 2, {"--memory"});
  ExpectRefused({"plan", "--length", "10", "--alpha", "1"}, 2, {"--slots"});
  for (const char* length : {"0", "-1", "10000001"}) {
    ExpectRefused(Plus(bytes, {"--length", length, "--strategy", "auto"}), 2, {"length", length, "10000000"});
    ExpectRefused(Plus(bytes, {"--length", length}), 2, {"length", length});
  }
  for (const char* number : {"x", "", "1x", "1.5", "0x10", "99999999999999999999"}) {
    ExpectRefused(Plus(bytes, {"--length", number}), 2, {"--length"});
    ExpectRefused(Plus(slots, {"--slots", number}), 2, {"--slots"});
  }
  for (const char* size : {"-1", "junk", "", "1XiB", "0.5", "2PiB", "99999999999999999999", "9000PiB", "nan"}) {
    for (const char* option : {"--state-bytes", "--tape-bytes", "--memory"}) {
      ExpectRefused(Plus(bytes, {option, size}), 2, {option});
    }
  }
  ExpectRefused(Plus(bytes, {"--memory", "2PiB"}), 2, {"--memory: \"2PiB\" is more than 1PiB"});
  ExpectRefused(Plus(bytes, {"--state-bytes", "0"}), 2, {"state_bytes is 0"});
  ExpectRefused(Plus(slots, {"--slots", "0"}), 2, {"slots is 0"});
  ExpectRefused(Plus(slots, {"--alpha", "0"}), 2, {"alpha is 0"});
  ExpectRefused(Plus(bytes, {"--strategy", "magic"}), 2, {"magic", "store-all"});
  ExpectRefused(Plus(bytes, {"--strategy", "msm"}), 2, {"msm", "slots"});
  ExpectRefused(Plus(slots, {"--strategy", "auto"}), 2, {"auto", "bytes"});
  ExpectRefused(Plus(bytes, {"--forward-cost", "1"}), 2, {"--backward-cost"});
  for (const auto& [seconds, says] : {std::pair("inf", "not a finite number"),
                                      {"nan", "not a finite number"},
                                      {"1s", "not a finite number"},
                                      {"-1", "must be"}}) {
    ExpectRefused(Plus(bytes, {"--strategy", "auto", "--forward-cost", "1", "--backward-cost", seconds}), 2, {says});
  }
  ExpectRefused(Plus(bytes, {"--nonsense"}), 2, {"--nonsense", "recurve plan --help"});
}

TEST(PlanCommand, SaysWhenThePlannerDoesNotAnswer) {
  // Port 1 of this machine: nobody listens there.
  ExpectRefused(Plus(InBytes(10, "1", "2", "30"), {"--strategy", "auto", "--planner", "127.0.0.1:1"}), 1,
                {"127.0.0.1:1", "without --planner"});
}

}  // namespace
}  // namespace recurve
