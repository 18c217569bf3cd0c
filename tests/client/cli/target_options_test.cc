// SPDX-License-Identifier: Apache-2.0
//
// --planner and --executor of every command that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// An environment variable, also of the programs that are started, as long as the object lives.
class ProxyVariable {
 public:
  ProxyVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~ProxyVariable() { unsetenv(name_); }

 private:
  const char* const name_;
};

TEST(TargetOptions, AreCheckedBeforeAnythingIsDone) {
  const std::vector<std::vector<std::string>> planner_commands = {
      {"plan", "--length", "10", "--slots", "2"},
      {"train", "--data", "/no/such/file"},
      {"schedule", "export", "--length", "10", "--slots", "2"},
      {"plan", "offload"},
      {"plan", "chain", "/no/such/file"},
      {"capacity", "budget"},
      {"capacity", "curve"},
      {"capacity", "fit"},
      {"capacity", "lengths"},
      {"capacity", "split"},
      {"capacity", "advise"},
      {"profile"}};
  for (const std::vector<std::string>& command : planner_commands) {
    for (const char* wrong : {"127.0.0.1", "127.0.0.1:74120", "http://127.0.0.1:7401", ""}) {
      ExpectRefused(Plus(command, {"--planner", wrong}), 2, {"--planner", "give HOST:PORT"});
    }
  }
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"submit", "--data", "x"}, {"jobs"}, {"watch", "x"}, {"cancel", "x"}}) {
    for (const char* wrong : {"127.0.0.1", "127.0.0.1:74120", "http://127.0.0.1:7402", ""}) {
      ExpectRefused(Plus(command, {"--executor", wrong}), 2, {"--executor", "give HOST:PORT"});
    }
  }
}

TEST(TargetOptions, ProxiesAreNotForThisMachineAndNamedElsewhere) {
  const auto daemon = ExecutorDaemon::Start({.threads = 1});
  ASSERT_TRUE(daemon.ok()) << daemon.status();
  const std::string port = std::to_string((*daemon)->port());
  const ProxyVariable proxy("http_proxy", "http://user:secret@127.0.0.1:1");  // nobody listens there
  for (const std::string& target : {"127.0.0.1:" + port, "localhost:" + port, "dns:///localhost:" + port,
                                    "ipv4:127.0.0.1:" + port, "ipv4:127.0.0.1:1,127.0.0.1:" + port}) {
    const Outcome outcome = RunRecurve({"jobs", "--executor", target});
    EXPECT_EQ(outcome.exit, 0) << target << ": " << outcome.err;
  }
  const Outcome outcome = RunRecurve({"jobs", "--executor", "192.0.2.1:7402"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err,
              HasSubstr("192.0.2.1:7402 (through the proxy http://127.0.0.1:1 of the environment's http_proxy)"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("secret")));
}

TEST(TargetOptions, UnixSocketsWorkOnBothSides) {
  const ScratchDirectory scratch;
  const std::string socket = "unix:" + scratch.File("executor");
  const auto daemon = ExecutorDaemon::Start({.server = {.listen = socket}, .threads = 1});
  ASSERT_TRUE(daemon.ok()) << daemon.status();
  EXPECT_EQ(RunRecurve({"jobs", "--executor", socket}).exit, 0);
}

}  // namespace
}  // namespace recurve
