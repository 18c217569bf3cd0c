// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Help, FitsAScreenAndNamesEveryPart) {
  const Outcome outcome = RunRecurve({"--help"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_LE(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 50);
  for (const char* part : {"plan",        "schedule", "advise",  "curve",           "budget",
                           "fit",         "lengths",  "split",   "chain",           "offload",
                           "train",       "sample",   "eval",    "submit",          "jobs",
                           "watch",       "cancel",   "profile", "recurve-planner", "recurve-executor",
                           "Exit status", "64MiB"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(Help, OfEachCommandHasAnExample) {
  for (const char* command : {"plan", "schedule", "advise", "curve", "budget", "fit", "lengths", "split", "chain",
                              "offload", "train", "profile", "sample", "eval", "submit", "jobs", "watch", "cancel"}) {
    const Outcome outcome = RunRecurve({command, "--help"});
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\n  recurve ") + command + " "));
  }
}

TEST(Help, VersionIsOneLine) {
  const Outcome outcome = RunRecurve({"--version"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.out, StartsWith("recurve "));
  EXPECT_EQ(outcome.out.find('\n'), outcome.out.size() - 1);
}

TEST(Usage, SaysWhatIsWrong) {
  ExpectRefused({}, 2, {"recurve --help"});
  ExpectRefused({"frobnicate"}, 2, {"recurve --help"});
  ExpectRefused({"--frobnicate"}, 2, {"recurve --help"});
  ExpectRefused({""}, 2, {"recurve --help"});
}

}  // namespace
}  // namespace recurve
