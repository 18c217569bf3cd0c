// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using Words = std::vector<std::string>;

const std::vector<std::string> kTopCommands = {
    "plan",     "schedule", "capacity",    "train",    "profile", "sample",  "eval",   "submit",
    "jobs",     "watch",    "log",         "cancel",   "pause",   "resume",  "retry",  "delete",
    "priority", "memory",   "checkpoints", "download", "upload",  "devices", "health", "completion"};
const std::vector<std::string> kAllCommands =
    Plus(kTopCommands, {"plan chain", "plan offload", "schedule export", "schedule verify", "capacity advise",
                        "capacity budget", "capacity curve", "capacity fit", "capacity lengths", "capacity split"});

std::vector<std::string> WordsOf(const std::string& command) {
  std::istringstream in(command);
  return {std::istream_iterator<std::string>(in), {}};
}

TEST(Help, FitsAScreenAndNamesEveryPart) {
  const Outcome outcome = RunRecurve({"--help"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_LE(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 60);
  for (const std::string& part : Plus(kTopCommands, {"recurve-planner", "recurve-executor", "Exit status", "64MiB"})) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(Help, OfEachCommandHasAnExample) {
  for (const std::string& command : kAllCommands) {
    const Outcome outcome = RunRecurve(Plus(WordsOf(command), {"--help"}));
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_THAT(outcome.out, HasSubstr("\n  recurve " + command + " "));
    EXPECT_THAT(outcome.out, HasSubstr("Usage: recurve " + command + " "));
    EXPECT_THAT(outcome.out, Not(ContainsRegex("[^\n]{121}")));
    EXPECT_EQ(RunRecurve(Plus({"help"}, WordsOf(command))).out, outcome.out);
  }
}

TEST(Help, VersionHasBuildAndInstructionSetThenTheLibraries) {
  const Outcome outcome = RunRecurve({"--version"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.out,
              MatchesRegex("recurve [0-9.]+, \\w+ build by (GCC|clang) [^,]*, runs (avx512|avx2|portable) "
                           "here; (with|without) services, (with|without) CUDA\n([^\n]+ [0-9.]+[^\n]*\n)+"));
  EXPECT_THAT(outcome.out, ContainsRegex("\nOpenSSL [0-9.]+[a-z]?(, built with [0-9.]+[a-z]?)?\n"));
  EXPECT_THAT(outcome.out, ContainsRegex("\nCLI11 [0-9.]+, compiled in\n"));
}

TEST(Help, IsWhatPeopleTypeFirst) {
  const Outcome help = RunRecurve({"--help"});
  EXPECT_EQ(RunRecurve({"help"}).out, help.out);
  EXPECT_EQ(RunRecurve({"-h"}).out, help.out);
  EXPECT_EQ(RunRecurve({"help", "--help"}).out, help.out);
  const Outcome version = RunRecurve({"--version"});
  EXPECT_EQ(RunRecurve({"version"}).out, version.out);
  EXPECT_EQ(RunRecurve({"-V"}).out, version.out);
}

TEST(Help, OfACommandThatIsNoneIsAnError) {
  for (const Words& words :
       {Words{"help", "trainn"}, Words{"trainn", "--help"}, Words{"--help", "trainn"}, Words{"trainn", "-h"}}) {
    ExpectRefused(words, 2, {"\"trainn\" is not expected: recurve has no such command; did you mean recurve train?"});
  }
  for (const Words& words : {Words{"help", "capacity", "fitt"}, Words{"capacity", "fitt", "--help"}}) {
    ExpectRefused(words, 2, {"recurve capacity has no such command; did you mean recurve capacity fit?"});
  }
  for (const Words& words : {Words{"help", "plan", "chian"}, Words{"plan", "chian", "--help"}}) {
    ExpectRefused(words, 2, {"recurve plan has no such command; did you mean recurve plan chain?"});
  }
  ExpectRefused({"help", "train", "book.txt"}, 2,
                {"\"book.txt\" is not expected: recurve train takes no such argument"});
  ExpectRefused({"version", "book.txt"}, 2, {"\"book.txt\" is not expected: recurve has no such command"});
}

TEST(Help, OfTrainBeginsWithWhatEverybodyNeeds) {
  const std::string help = RunRecurve({"train", "--help"}).out;
  size_t last = 0;
  for (const char* option : {"--data ", "--length ", "--memory ", "--steps ", "--save ", "--dry-run ", "\nModel (",
                             "--cell ", "\nData:", "\nPlan:", "\nDevice:", "\nOptimizer:", "\nSaving:"}) {
    const size_t at = help.find(option);
    ASSERT_NE(at, std::string::npos) << option;
    EXPECT_GT(at, last) << option;
    last = at;
  }
}

TEST(Help, CallsOneThingByOneName) {
  for (const std::string& command : kAllCommands) {
    const std::string help = RunRecurve(Plus(WordsOf(command), {"--help"})).out;
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
