// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kEncoderDecoder[] = R"({"segments": [
  {"name": "encoder", "links": 12, "state_bytes": "64KiB", "tape_bytes": "1.5MiB", "forward_cost": 100,
   "taped_forward_cost": 110, "backward_cost": 220},
  {"links": 8, "state_bytes": 196608, "tape_bytes": "4MiB", "forward_cost": 450, "backward_cost": 950}]})";

class ChainCommand : public ::testing::Test {
 protected:
  std::string Write(const std::string& text) {
    const std::string path = ::testing::TempDir() + "chain_command_" +
                             ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(ChainCommand, SaysWhatIsStoredWhere) {
  const std::string file = Write(kEncoderDecoder);
  const Outcome outcome = RunRecurve({"plan", "chain", file, "--memory", "9MiB"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("20 links in 2 segments, in 9.00MiB\n"), HasSubstr("no persistent schedule costs less"),
                    HasSubstr("encoder"), HasSubstr("segment 2"), HasSubstr("12..19")));

  const Json plan = JsonOf({"plan", "chain", file, "--memory", "9MiB", "--json"});
  EXPECT_EQ(plan["length"], 20);
  EXPECT_EQ(plan["store_all_cost"], 12 * (110 + 220) + 8 * (450 + 950));
  EXPECT_EQ(plan["store_all_bytes"], 12 * 1572864 + 7 * 4194304 + 11 * 65536 + 7 * 196608);
  EXPECT_EQ(plan["working_set_bytes"], 3 * 196608 + 4194304);
  EXPECT_EQ(plan["cost"], plan["cost_lower_bound"]);
  EXPECT_GT(plan["cost"], plan["store_all_cost"]);
  EXPECT_LE(plan["peak_bytes"], 9 << 20);
  EXPECT_EQ(plan["segments"][0]["name"], "encoder");
  int64_t repeated = 0;
  constexpr int64_t kForward[] = {100, 450};
  for (int i = 0; i < 2; ++i) {
    const Json& segment = plan["segments"][i];
    repeated += kForward[i] * (segment["forward_count"].get<int64_t>() - segment["links"].get<int64_t>());
    EXPECT_FALSE(segment["first_sweep_states"].empty());
  }
  EXPECT_EQ(plan["cost"].get<int64_t>(), plan["store_all_cost"].get<int64_t>() + repeated);
  EXPECT_TRUE(plan["curve"].empty());
}

TEST_F(ChainCommand, WithoutABudgetItIsTheCurve) {
  const std::string file = Write(kEncoderDecoder);
  const Json plan = JsonOf({"plan", "chain", file, "--json", "--points", "7"});
  ASSERT_EQ(plan["curve"].size(), 7u);
  EXPECT_EQ(plan["curve"][0]["bytes"], 0);
  EXPECT_EQ(plan["curve"][6]["bytes"], plan["store_all_bytes"]);
  EXPECT_EQ(plan["curve"][6]["cost"], plan["store_all_cost"]);
  for (int i = 1; i < 7; ++i) {
    const Json& corner = plan["curve"][i];
    EXPECT_EQ(JsonOf({"plan", "chain", file, "--json", "--memory", corner["bytes"].dump()})["cost"], corner["cost"]);
  }
  const Outcome table = RunRecurve({"plan", "chain", file});
  EXPECT_EQ(table.exit, 0);
  EXPECT_THAT(table.out, AllOf(HasSubstr("times store-all"), HasSubstr("1.000"), Not(HasSubstr("working set"))));
}

TEST_F(ChainCommand, RefusesWhatMakesNoSense) {
  ExpectRefused({"plan", "chain"}, 2, {"file"});
  ExpectRefused({"plan", "chain", "/no/such/file.json"}, 2, {"/no/such/file.json", "No such file"});
  const auto refused = [&](const std::string& text, const std::vector<std::string>& parts) {
    ExpectRefused({"plan", "chain", Write(text)}, 2, parts);
  };
  refused("{", {"is not JSON"});
  refused("[]", {"must be a JSON object"});
  refused("{}", {"\"segments\" is missing"});
  refused(R"({"segments": 3})", {"\"segments\" must be a list"});
  refused(R"({"segments": []})", {"segments has 0 entries"});
  refused(R"({"segments": [], "sgements": []})", {"\"sgements\" is not a known key"});
  refused(R"({"segments": [{}]})", {"segments[0]", "\"links\" is missing"});
  // A segment that is right but for one key.
  const auto with = [](const std::string& key, const std::string& value) {
    const std::map<std::string, std::string> right = {
        {"links", "2"}, {"state_bytes", "1"}, {"tape_bytes", "1"}, {"forward_cost", "1"}, {"backward_cost", "1"}};
    std::string text = R"({"segments": [{")" + key + "\": " + value;
    for (const auto& [name, number] : right) {
      if (name != key) text += ", \"" + name + "\": " + number;
    }
    return text + "}]}";
  };
  EXPECT_EQ(RunRecurve({"plan", "chain", Write(with("links", "2"))}).exit, 0);
  refused(with("links", "0"), {"segments[0].links is 0"});
  refused(with("links", "1.5"), {"segments[0]", "\"links\" is 1.5; must be a whole number"});
  refused(with("links", "18446744073709551615"), {"must be a whole number below 2^63"});
  constexpr int kDepth = 1'000'000;
  refused(with("links", std::string(kDepth, '[') + std::string(kDepth, ']')), {"is nested too deeply"});
  refused(with("links", "[]"), {"\"links\" is array"});
  refused(with("links", R"(1, "links": 2)"), {"has the key \"links\" twice"});
  refused(with("links", "2") + std::string("\0{}", 3), {"NUL"});
  ExpectRefused({"plan", "chain", ::testing::TempDir()}, 2, {"is a directory; give a file"});
  refused(with("tape_bytes", R"("many")"), {"\"tape_bytes\"", "many"});
  refused(with("name", "3"), {"\"name\" is 3; must be a string"});
  refused(with("color", R"("red")"), {"\"color\" is not a known key"});
  ExpectRefused({"plan", "chain", Write(with("links", "2")), "--memory", "-1"}, 2, {"--memory"});
  ExpectRefused({"plan", "chain", Write(with("links", "2")), "--points", "10001"}, 2, {"max_corners is 10001"});
  ExpectRefused({"plan", "chain", Write(with("links", "2")), "--planner", "127.0.0.1:1"}, 1,
                {"127.0.0.1:1", "without --planner"});
}

TEST_F(ChainCommand, ReadsStandardInput) {
  const std::string file = Write(kEncoderDecoder);
  const Outcome outcome = RunRecurve({"plan", "chain", "-", "--json"}, file);
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, RunRecurve({"plan", "chain", file, "--json"}).out);
}

TEST_F(ChainCommand, ShowsNamesAsOnePrintableLine) {
  std::string text = kEncoderDecoder;
  text.replace(text.find("encoder"), 7, "\\u001b[2K\xC2\x9B\xE2\x80\xAE");
  const Outcome outcome = RunRecurve({"plan", "chain", Write(text), "--memory", "9MiB"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\\x1b[2K\\u009b\\u202e"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1B")));
}

const std::vector<std::string> kOffload = {
    "plan",          "offload", "--length",       "60", "--state-bytes",   "1", "--memory", "3",
    "--host-memory", "8",       "--forward-cost", "10", "--backward-cost", "20"};

TEST(OffloadCommand, AHostSavesForwardsForTransfers) {
  const Json plan = JsonOf(Plus(kOffload, {"--json", "--host-write-cost", "4", "--host-read-cost", "5"}));
  EXPECT_LT(plan["cost"], plan["device_only_cost"]);
  EXPECT_EQ(plan["store_all_cost"], 60 * 30);
  EXPECT_TRUE(plan["tape_bytes"].is_null());
  EXPECT_LE(plan["device"]["peak_bytes"], 3);
  EXPECT_LE(plan["host"]["peak_bytes"], 8);
  const int64_t moved = 4 * plan["host"]["writes"].get<int64_t>() + 5 * plan["host"]["reads"].get<int64_t>();
  EXPECT_GT(moved, 0);
  EXPECT_EQ(plan["cost"].get<int64_t>(), 60 * 20 + 10 * plan["forward_count"].get<int64_t>() + moved);

  const Json alone = JsonOf(Plus(kOffload, {"--json", "--host-memory", "0"}));
  EXPECT_EQ(alone["cost"], plan["device_only_cost"]);

  const Outcome text = RunRecurve(kOffload);
  EXPECT_EQ(text.exit, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("60 links"), HasSubstr("with the device alone"), HasSubstr("states written")));
}

TEST(OffloadCommand, RefusesWhatMakesNoSense) {
  ExpectRefused({"plan", "offload"}, 2, {"--length", "--memory"});
  ExpectRefused(Plus(kOffload, {"--length", "0"}), 2, {"length is 0"});
  ExpectRefused(Plus(kOffload, {"--state-bytes", "0"}), 2, {"state_bytes is 0"});
  ExpectRefused(Plus(kOffload, {"--host-read-cost", "-1"}), 2, {"host.read_cost is -1"});
  ExpectRefused(Plus(kOffload, {"--host-read-cost", "1.5"}), 2, {"--host-read-cost", "1.5"});
  ExpectRefused(Plus(kOffload, {"--length", "20000", "--host-memory", "1GiB"}), 2, {"must be at most 2147483648"});
  ExpectRefused(Plus(kOffload, {"--planner", "127.0.0.1:1"}), 1, {"127.0.0.1:1", "without --planner"});
}

}  // namespace
}  // namespace recurve
