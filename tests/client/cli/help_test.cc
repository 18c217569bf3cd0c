// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr const char* kCommands[] = {"plan",   "schedule", "advise",  "curve",  "budget",    "fit",    "lengths",
                                     "split",  "chain",    "offload", "train",  "profile",   "sample", "eval",
                                     "submit", "jobs",     "watch",   "cancel", "completion"};

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
  for (const char* command : kCommands) {
    const Outcome outcome = RunRecurve({command, "--help"});
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\n  recurve ") + command + " "));
  }
}

TEST(Help, VersionIsOneLineWithBuildAndInstructionSet) {
  const Outcome outcome = RunRecurve({"--version"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.out, MatchesRegex("recurve [0-9.]+, \\w+ build by (GCC|clang) [^,]*, runs (avx512|avx2|portable) "
                                        "here; (with|without) services, (with|without) CUDA\n"));
}

TEST(Help, IsWhatPeopleTypeFirst) {
  const Outcome help = RunRecurve({"--help"});
  EXPECT_EQ(RunRecurve({"help"}).out, help.out);
  EXPECT_EQ(RunRecurve({"-h"}).out, help.out);
  EXPECT_EQ(RunRecurve({"help", "train"}).out, RunRecurve({"train", "--help"}).out);
  const Outcome version = RunRecurve({"--version"});
  EXPECT_EQ(RunRecurve({"version"}).out, version.out);
  EXPECT_EQ(RunRecurve({"-V"}).out, version.out);
}

TEST(Help, OfTrainBeginsWithWhatEverybodyNeeds) {
  const std::string help = RunRecurve({"train", "--help"}).out;
  size_t last = 0;
  for (const char* option : {"--data ", "--length ", "--memory ", "--steps ", "--save ", "--dry-run ", "\nModel (",
                             "--cell ", "\nData:", "\nPlan:", "\nDevice:", "\nOptimiser:", "\nSaving:"}) {
    const size_t at = help.find(option);
    ASSERT_NE(at, std::string::npos) << option;
    EXPECT_GT(at, last) << option;
    last = at;
  }
}

TEST(Help, CallsOneThingByOneName) {
  for (const char* command : kCommands) {
    const std::string help = RunRecurve({command, "--help"}).out;
    for (const char* old : {"-bytes BYTES for stored", "--budget-bytes", "--device-bytes", "--host-bytes", "--corners",
                            "-seconds ", "--out ", " --schedule ", "{false}", "--carry-state"}) {
      EXPECT_THAT(help, Not(HasSubstr(old))) << command;
    }
  }
  for (const char* option : {"--save", "--checkpoint-every", "--max-time"}) {
    EXPECT_THAT(RunRecurve({"profile", "--help"}).out, Not(HasSubstr(option)));
  }
}

}  // namespace
}  // namespace recurve
