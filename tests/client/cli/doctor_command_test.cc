// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(DoctorCommand, ListsFindingsAndCountsThem) {
  const ScratchDirectory scratch;
  const std::vector<std::string> arguments = {"doctor", "--listen", "127.0.0.1:0", "--state-dir",
                                              scratch.File("state")};
  const Outcome outcome = RunRecurve(arguments);
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, AllOf(ContainsRegex("(^|\n)(ok|warning)  +CPU +[a-z0-9]+ kernels"),
                                 HasSubstr("127.0.0.1:0 is free"), HasSubstr("state can be made"),
                                 ContainsRegex("\n\n[0-9]+ findings: [0-9]+ ok, [0-9]+ warnings?, 0 failures\n$")));
  EXPECT_EQ(scratch.Count(), 0);

  const std::vector<Json> findings = JsonLines(RunRecurve(Plus(arguments, {"--json"})).out);
  ASSERT_GE(findings.size(), 9u);
  for (const Json& finding : findings) {
    EXPECT_EQ(finding.size(), 4u);
    EXPECT_EQ(finding["result"] == "ok", finding["remedy"] == "") << finding;
    EXPECT_NE(finding["found"], "");
  }
  EXPECT_EQ(findings.front()["check"], "GPU");
}

TEST(DoctorCommand, FailsWithADaemonThatIsNotThere) {
  const auto executor = ExecutorDaemon::Start({.server = {.program = "recurve-executor/0"}, .threads = 1});
  ASSERT_TRUE(executor.ok()) << executor.status();
  const std::string target = "127.0.0.1:" + std::to_string((*executor)->port());
  const Outcome old = RunRecurve({"doctor", "--executor", target, "--listen", "127.0.0.1:0", "--state-dir", "/tmp"});
  EXPECT_EQ(old.exit, 0) << old.out;
  EXPECT_THAT(old.out, ContainsRegex("warning  executor  recurve-executor 0 at " + target +
                                     " is SERVING; this program is version [0-9.]+\n +-> install the same version"));
  const Outcome missing = RunRecurve({"doctor", "--planner", "127.0.0.1:1", "--listen", target, "--state-dir", "/tmp"});
  EXPECT_EQ(missing.exit, 1);
  EXPECT_THAT(missing.out, AllOf(HasSubstr("failure  planner "), HasSubstr("-> start recurve-planner there"),
                                 HasSubstr("is used by recurve-executor 0")));
}

TEST(DoctorCommand, RefusesWhatIsNotAnAddress) {
  ExpectRefused({"doctor", "--listen", "7401"}, 2, {"'7401' has no port"});
  ExpectRefused({"doctor", "--planner", "x"}, 2, {"--planner", "has no port"});
  ExpectRefused({"doctor", "--tls-cert-file", "tls.crt"}, 2, {"--tls-key-file belong together"});
  ExpectRefused({"doctor", "now"}, 2, {"\"now\" is not expected"});
}

}  // namespace
}  // namespace recurve
