// SPDX-License-Identifier: Apache-2.0
//
// What the program writes to files, and what becomes of it when something goes wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kExport = {"schedule",     "export", "--length", "40", "--state-bytes", "1",
                                          "--tape-bytes", "2",      "--memory", "11", "--save"};

constexpr const char* kOldSchedule = R"({"format":"recurve-schedule","version":1,"length":1})";

class OutputFiles : public ::testing::Test {
 protected:
  // A training that goes on until it is stopped.
  std::vector<std::string> Endless(const std::vector<std::string>& more) const {
    return Plus(Plus(TinyTraining(text_), {"--json", "--steps", "1000000000"}), more);
  }
  static void WaitForOutput(const RecurveProcess& process, const std::string& text) {
    while (process.OutSoFar().find(text) == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  static void ExpectOneLine(const std::string& err) { EXPECT_EQ(err.find('\n'), err.size() - 1) << err; }
  static bool IsModel(const std::string& path) {
    return RunRecurve({"sample", "--model", path, "--bytes", "5"}).exit == 0;
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
  const std::string model_ = scratch_.File("model");
};

TEST_F(OutputFiles, NoOutputIsAnInput) {
  const std::string before = ReadFile(text_);
  fs::create_symlink("text", scratch_.File("link"));
  fs::create_hard_link(text_, scratch_.File("hard"));
  for (const char* name : {"text", "./text", "link", "hard"}) {
    const std::string path = scratch_.path() + "/" + name;
    ExpectRefused(Plus(TinyTraining(text_), {"--save", path}), 2, {path});
    ExpectRefused(Plus(TinyTraining(text_), {"--save", path, "--dry-run"}), 2, {path});
    std::vector<std::string> profile = TinyTraining(text_);
    profile.front() = "profile";
    ExpectRefused(Plus(profile, {"--svg", path}), 2, {"--svg " + path + " is the same file as --data"});
    EXPECT_EQ(ReadFile(text_), before);
  }
  ExpectRefused({"plan", "--length", "10", "--slots", "3", "--svg", model_, "--html", model_}, 2,
                {"--html " + model_ + " is the same file as --svg"});
  EXPECT_FALSE(fs::exists(model_));
  // The cache of link costs is written, too.
  const Outcome cache =
      RunInShell("export RECURVE_CACHE=" + scratch_.path() + "; cp " + text_ + " " + scratch_.File("link-costs") +
                 "; exec \"$0\"" + Quoted(TinyTraining(scratch_.File("link-costs"))));
  EXPECT_EQ(cache.exit, 2);
  EXPECT_THAT(cache.err, HasSubstr("the cache of link costs"));
  EXPECT_EQ(ReadFile(scratch_.File("link-costs")), before);
}

TEST_F(OutputFiles, AModelReplacesNothingButAModel) {
  const std::string notes = scratch_.Write("notes", "my diary");
  ExpectRefused(Plus(TinyTraining(text_), {"--save", notes}), 2, {"notes", "not a model"});
  EXPECT_EQ(ReadFile(notes), "my diary");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(RunRecurve(Plus(TinyTraining(text_), {"--save", model_})).exit, 0);
}

TEST_F(OutputFiles, AnyOutputReplacesNothingButItsKind) {
  const std::vector<std::string> plan = {"plan", "--length", "10", "--slots", "3"};
  const std::vector<std::string> curve = {"capacity",      "curve", "--length",     "9",
                                          "--state-bytes", "1",     "--tape-bytes", "1"};
  std::vector<std::string> profile = TinyTraining(text_);
  profile.front() = "profile";
  const struct {
    std::vector<std::string> words;
    const char* kind;
  } cases[] = {{kExport, "a schedule"},
               {Plus(plan, {"--svg"}), "an SVG picture"},
               {Plus(plan, {"--html"}), "an HTML page"},
               {Plus(curve, {"--svg"}), "an SVG picture"},
               {Plus(profile, {"--svg"}), "an SVG picture"},
               {Plus(TinyTraining(text_), {"--dry-run", "--loss-svg"}), "an SVG picture"},
               {Plus(TinyTraining(text_), {"--dry-run", "--loss-csv"}), "a loss table"}};
  for (const auto& c : cases) {
    const std::string notes = scratch_.Write("notes", "my diary");
    ExpectRefused(Plus(c.words, {notes}), 2,
                  {notes, std::string("is not ") + c.kind, "give another name, or remove it"});
    EXPECT_EQ(ReadFile(notes), "my diary");
    scratch_.Write("notes", "");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(RunRecurve(Plus(c.words, {notes})).exit, 0);
  }
}

// Also while the system waits for a reader.
TEST_F(OutputFiles, AnInterruptEndsWritingToAPipe) {
  const std::string pipe = scratch_.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::vector<std::string> exported = {"schedule",     "export", "--length", "30000", "--state-bytes", "1",
                                             "--tape-bytes", "2",      "--memory", "30",    "--save",        pipe};
  RecurveProcess unread(exported);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  unread.Signal(SIGINT);
  const Outcome outcome = unread.Wait();
  EXPECT_EQ(outcome.exit, 130);
  EXPECT_EQ(outcome.err, "recurve: interrupted while waiting for a reader of " + pipe + "\n");

  RecurveProcess stuck(exported);
  std::ifstream reader(pipe);
  std::string line;
  std::getline(reader, line);
  EXPECT_THAT(line, HasSubstr("recurve-schedule"));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  stuck.Signal(SIGINT);
  EXPECT_EQ(stuck.Wait().exit, 130);

  RecurveProcess train(Endless({"--loss-csv", pipe}));
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  train.Signal(SIGTERM);
  EXPECT_EQ(train.Wait().exit, 130);
}

TEST_F(OutputFiles, AnInterruptSavesWhatWasTrained) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (const auto& more : {std::vector<std::string>{}, {"--checkpoint-every", "5"}}) {
      fs::remove(model_);
      RecurveProcess process(Endless(Plus(more, {"--save", model_})));
      WaitForOutput(process, "\"step\":7,");
      process.Signal(signal);
      if (signal == SIGHUP) process.Signal(signal);  // a terminal that closes may send two
      const Outcome outcome = process.Wait();
      EXPECT_EQ(outcome.exit, 130);
      const std::string step = std::to_string(JsonLines(outcome.out).back()["step"].get<int64_t>());
      EXPECT_EQ(outcome.err, "recurve: interrupted: stopped after step " + step + " of 1000000000; the model of step " +
                                 step + " is saved as " + model_ + "\n");
      EXPECT_TRUE(IsModel(model_));
      EXPECT_EQ(scratch_.Count(), 2);
    }
  }
}

TEST_F(OutputFiles, AnInterruptKeepsAModelFromBefore) {
  ASSERT_EQ(RunRecurve(Plus(TinyTraining(text_), {"--save", model_})).exit, 0);
  const std::string before = ReadFile(model_);
  RecurveProcess process(Endless({"--save", model_}));
  WaitForOutput(process, "\"step\":3,");
  process.Signal(SIGINT);
  EXPECT_THAT(process.Wait().err, HasSubstr("is saved as " + model_ + ".partial; " + model_ + " is unchanged"));
  EXPECT_EQ(ReadFile(model_), before);
  EXPECT_TRUE(IsModel(model_ + ".partial"));
}

TEST_F(OutputFiles, AnInterruptWithoutSaveSaysSo) {
  RecurveProcess process(Endless({"--sample", "10"}));
  WaitForOutput(process, "\"step\":3,");
  process.Signal(SIGTERM);
  const Outcome outcome = process.Wait();
  EXPECT_EQ(outcome.exit, 130);
  EXPECT_THAT(outcome.err, HasSubstr("the model is not saved because no file was given"));
  EXPECT_EQ(scratch_.Count(), 1);
}

TEST_F(OutputFiles, NohupKeepsATrainingAlive) {
  RecurveProcess process = RecurveProcess::OfShell("trap '' HUP; exec \"$0\"" + Quoted(Endless({})));
  WaitForOutput(process, "\"step\":3,");
  process.Signal(SIGHUP);
  const std::string seen = process.OutSoFar();
  while (process.OutSoFar().size() < seen.size() + 10'000) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait().exit, 130);
}

// `recurve train | head`
TEST_F(OutputFiles, TrainingOutlivesTheReaderOfItsOutput) {
  const std::vector<std::string> words = Plus(TinyTraining(text_), {"--json", "--steps", "3000", "--save", model_});
  const Outcome outcome = RunInShell("set -o pipefail; \"$0\"" + Quoted(words) + " | head -n 1");
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(outcome.err, "recurve: cannot write to standard output; the model is saved as " + model_ + "\n");
  EXPECT_TRUE(IsModel(model_));
  // With nothing to save there is nothing left to do.
  EXPECT_EQ(RunInShell("set -o pipefail; \"$0\"" + Quoted(Endless({})) + " | head -n 1").exit, 128 + SIGPIPE);
}

TEST_F(OutputFiles, ALimitOfFileSizeIsAnError) {
  const Outcome train = RunInShell("ulimit -f 2; exec \"$0\"" +
                                   Quoted(Plus(TinyTraining(text_), {"--steps", "1000000000", "--save", model_})));
  EXPECT_EQ(train.exit, 1);
  EXPECT_THAT(train.err, HasSubstr("File too large"));
  EXPECT_EQ(train.out, "");
  ExpectOneLine(train.err);
  const std::string plan = scratch_.Write("plan", kOldSchedule);
  const Outcome exported = RunInShell("ulimit -f 1; exec \"$0\"" + Quoted(Plus(kExport, {plan})));
  EXPECT_EQ(exported.exit, 1);
  EXPECT_THAT(exported.err, HasSubstr("File too large"));
  EXPECT_EQ(ReadFile(plan), kOldSchedule);
  const Outcome out = RunInShell("ulimit -f 1; exec \"$0\"" + Quoted(Plus(kExport, {"-"})));
  EXPECT_EQ(out.exit, 1) << "standard output is a file here";
  EXPECT_EQ(scratch_.Count(), 2);
}

TEST_F(OutputFiles, AnExportIsOldOrNew) {
  fs::create_directory(scratch_.File("far"));
  const std::string plan = scratch_.Write("far/plan", kOldSchedule);
  fs::create_symlink("far/plan", scratch_.File("link"));
  ASSERT_EQ(chmod(plan.c_str(), 0600), 0);
  // Long enough to be interrupted on the way.
  RecurveProcess process({"schedule", "export", "--length", "3000000", "--state-bytes", "1", "--tape-bytes", "2",
                          "--memory", "30", "--save", scratch_.File("link")});
  while (!fs::exists(plan + ".tmp-0") || fs::file_size(plan + ".tmp-0") == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait().exit, 130);
  EXPECT_EQ(ReadFile(plan), kOldSchedule);
  EXPECT_FALSE(fs::exists(plan + ".tmp-0"));

  EXPECT_EQ(RunRecurve(Plus(kExport, {scratch_.File("link")})).exit, 0);
  EXPECT_TRUE(fs::is_symlink(scratch_.File("link")));
  EXPECT_EQ(ReadFile(plan), RunRecurve(Plus(kExport, {"-"})).out);
  EXPECT_EQ(fs::status(plan).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(OutputFiles, PipesAndDevicesAreWrittenToAsTheyAre) {
  const std::string lines = RunRecurve(Plus(kExport, {"-"})).out;
  EXPECT_EQ(RunInShell("\"$0\"" + Quoted(kExport) + " >(cat > " + model_ + "); wait $!; cat " + model_).out, lines);
  EXPECT_EQ(RunRecurve(Plus(kExport, {"/dev/null"})).exit, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace recurve
