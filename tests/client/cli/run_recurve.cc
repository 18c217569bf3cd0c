// SPDX-License-Identifier: Apache-2.0
#include "tests/client/cli/run_recurve.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>

extern char** environ;

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " " + word;
  return text;
}

}  // namespace

RecurveProcess::RecurveProcess(const std::vector<std::string>& arguments, const std::string& input)
    : RecurveProcess(RECURVE_BINARY, Plus({RECURVE_BINARY}, arguments), input) {}

RecurveProcess RecurveProcess::OfShell(const std::string& script) {
  return RecurveProcess("/bin/bash", {"bash", "-c", script, RECURVE_BINARY}, "/dev/null");
}

RecurveProcess::RecurveProcess(const std::string& program, std::vector<std::string> words, const std::string& input) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, scratch_.File("out").c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&files, 2, scratch_.File("err").c_str(), O_WRONLY | O_CREAT, 0600);
  if (posix_spawn(&pid_, program.c_str(), &files, nullptr, argv.data(), environ) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&files);
  EXPECT_GT(pid_, 0) << "cannot start " << program;
}

RecurveProcess::~RecurveProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RecurveProcess::Signal(int number) const { kill(pid_, number); }

Outcome RecurveProcess::Wait() {
  Outcome outcome;
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_) {
    outcome.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  pid_ = -1;
  outcome.out = ReadFile(scratch_.File("out"));
  outcome.err = ReadFile(scratch_.File("err"));
  return outcome;
}

Outcome RunInTerminal(const std::vector<std::string>& arguments) {
  const ScratchDirectory scratch;
  const std::string script = scratch.Write("script", RECURVE_BINARY + Quoted(arguments));
  return RunInShell("script -qec 'bash " + script + "' /dev/null");
}

std::string Quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " '" + word + "'";
  return text;
}

std::vector<nlohmann::json> JsonLines(const std::string& out) {
  std::vector<nlohmann::json> objects;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    objects.push_back(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
    EXPECT_TRUE(objects.back().is_object()) << line;
  }
  return objects;
}

nlohmann::json JsonOf(const std::vector<std::string>& arguments) {
  const Outcome outcome = RunRecurve(arguments);
  EXPECT_EQ(outcome.exit, 0) << Joined(arguments) << ": " << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const std::vector<nlohmann::json> objects = JsonLines(outcome.out);
  EXPECT_EQ(objects.size(), 1u) << outcome.out;
  return objects.empty() ? nlohmann::json::object() : objects.front();
}

void ExpectRefused(const std::vector<std::string>& arguments, int exit, const std::vector<std::string>& parts) {
  SCOPED_TRACE("recurve" + Joined(arguments));
  const Outcome outcome = RunRecurve(arguments);
  EXPECT_EQ(outcome.exit, exit);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("recurve: "));
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
  for (const std::string& part : parts) EXPECT_THAT(outcome.err, HasSubstr(part));
}

std::vector<std::string> Plus(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string SomeText(int bytes) {
  const std::string sentence = "In the beginning was the word, and the word was counted byte by byte. ";
  std::string text;
  while (static_cast<int>(text.size()) < bytes) text += sentence;
  text.resize(static_cast<size_t>(bytes));
  return text;
}

std::vector<std::string> TinyTraining(const std::string& data_path) {
  return {"train",  "--data", data_path, "--hidden", "8",      "--batch", "2",         "--length", "20",
          "--link", "2",      "--steps", "3",        "--seed", "1",       "--threads", "1"};
}

}  // namespace recurve
