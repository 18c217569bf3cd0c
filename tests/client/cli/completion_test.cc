// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Offered(const std::vector<std::string>& words) {
  const Outcome outcome = RunRecurve(Plus({"__complete"}, words));
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

TEST(Completion, OffersWhatTheProgramTakes) {
  EXPECT_THAT(Offered({""}), AllOf(HasSubstr("train\ttrain a language model"), HasSubstr("completion\t")));
  EXPECT_THAT(Offered({"--"}), AllOf(HasSubstr("--help\t"), HasSubstr("--version\t")));
  EXPECT_THAT(Offered({"train", "--"}),
              AllOf(HasSubstr("--memory\t"), HasSubstr("--max-time\t"), Not(HasSubstr("--svg"))));
  EXPECT_THAT(Offered({"train", "--dry-run", "--data", "x", "--"}), HasSubstr("--memory\t"));
  EXPECT_EQ(Offered({"train", "--optimizer", ""}), "adamw\nsgd\n");
  EXPECT_EQ(Offered({"train", "--data", ""}), ":files\n");
  EXPECT_EQ(Offered({"train", "--svg", ""}), ":files\n");
  EXPECT_EQ(Offered({"train", "--steps", ""}), "");
  EXPECT_EQ(Offered({"upload", ""}), ":files\n");
  EXPECT_EQ(Offered({"download", "3f2a", "--output", ""}), ":files\n");
  EXPECT_THAT(Offered({"jobs", "--"}), AllOf(HasSubstr("--label\t"), HasSubstr("--newest-first\t")));
  EXPECT_THAT(Offered({"schedule", ""}), AllOf(HasSubstr("export\t"), HasSubstr("verify\t"), Not(HasSubstr("train"))));
  EXPECT_EQ(Offered({"schedule", "verify", ""}), ":files\n");
  EXPECT_THAT(Offered({"capacity", ""}), AllOf(StartsWith("advise\t"), HasSubstr("\nsplit\t"), Not(HasSubstr("--"))));
  EXPECT_EQ(Offered({"capacity", "fit", "--dimension", ""}), "batch\nlength\nhidden\n");
  EXPECT_THAT(Offered({"plan", ""}), AllOf(StartsWith("chain\t"), HasSubstr("\n--length\t")));
  EXPECT_EQ(Offered({"plan", "--length", "5", "chain", ""}), ":files\n");
  EXPECT_THAT(Offered({"help", ""}), AllOf(HasSubstr("train\t"), Not(HasSubstr("--"))));
  EXPECT_EQ(Offered({"help", "capacity", ""}), Offered({"capacity", ""}));
  EXPECT_EQ(Offered({"help", "train", ""}), "");
  EXPECT_EQ(Offered({"completion", ""}), "bash\nzsh\nfish\n");
}

TEST(Completion, WorksInBash) {
  const ScratchDirectory scratch;
  const std::string script = scratch.Write("script", RunRecurve({"completion", "bash"}).out);
  const auto complete = [&](const std::string& words, int last) {
    const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(" + RECURVE_BINARY + " " + words +
                                "); COMP_CWORD=" + std::to_string(last) + "; _recurve " + RECURVE_BINARY +
                                "; echo \"${COMPREPLY[@]}\"' 2>&1";
    std::string out;
    std::FILE* pipe = popen(command.c_str(), "r");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out.push_back(static_cast<char>(c));
    EXPECT_EQ(pclose(pipe), 0) << out;
    return out;
  };
  EXPECT_EQ(complete("tr", 1), "train\n");
  EXPECT_EQ(complete("train --mem", 2), "--memory\n");
  EXPECT_EQ(complete("train --sequences l", 3), "lines\n");
  EXPECT_EQ(complete("capacity f", 2), "fit\n");
  EXPECT_EQ(complete("help plan c", 3), "chain\n");
  EXPECT_EQ(complete("train --data RE", 3), "\n");  // files are the shell's business
}

TEST(Completion, HasAScriptForEachShell) {
  EXPECT_THAT(RunRecurve({"completion", "zsh"}).out, StartsWith("#compdef recurve\n"));
  EXPECT_THAT(RunRecurve({"completion", "fish"}).out, HasSubstr("complete -c recurve"));
  ExpectRefused({"completion", "tcsh"}, 2, {"\"tcsh\" is not bash, zsh or fish"});
  ExpectRefused({"completion"}, 2, {"shell is required"});
}

}  // namespace
}  // namespace recurve
