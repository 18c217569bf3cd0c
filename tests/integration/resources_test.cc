// SPDX-License-Identifier: Apache-2.0
//
// The real daemons where the system gives them too few threads: they say so and end, and neither hang nor abort.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/integration/child_process.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kCannotExecute = 126;  // of prlimit and setpriv
constexpr int kNotFound = 127;

class DaemonWithoutThreads : public testing::TestWithParam<const char*> {};

TEST_P(DaemonWithoutThreads, SaysSoAndEnds) {
  for (const int threads : {1, 3, 9, 17}) {
    std::vector<std::string> command = {"/usr/bin/prlimit", "--nproc=" + std::to_string(threads)};
    if (getuid() == 0) {  // whom the limit does not hold for
      command.insert(command.end(), {"/usr/bin/setpriv", "--reuid=65534", "--clear-groups"});
    }
    command.insert(command.end(), {GetParam(), "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"});
    // The state directory of the superuser is not for others.
    if (std::string(GetParam()) == RECURVE_EXECUTOR_BINARY) command.insert(command.end(), {"--state-dir", "none"});
    ChildProcess daemon(command);
    const int exit = daemon.Wait();
    if (exit == kCannotExecute || exit == kNotFound) GTEST_SKIP() << daemon.output();
    EXPECT_EQ(exit, 1) << threads << " threads: " << daemon.output();
    EXPECT_THAT(daemon.output(), AllOf(HasSubstr("no thread could be started for "), HasSubstr("ulimit -u")));
  }
}

INSTANTIATE_TEST_SUITE_P(, DaemonWithoutThreads, testing::Values(RECURVE_PLANNER_BINARY, RECURVE_EXECUTOR_BINARY),
                         [](const auto& test) { return test.index == 0 ? "planner" : "executor"; });

}  // namespace
}  // namespace recurve
