// SPDX-License-Identifier: Apache-2.0
//
// The settings of both daemons: every flag of --help, in the environment and in a file, and the installed files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/integration/child_process.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

struct Daemon {
  std::string name;
  std::string binary;
};

// Names as flags.
using Values = std::map<std::string, std::string>;

// By the type that --help shows: valid, and not the default of any flag.
const Values kValueOfType = {
    {"ADDRESS", "127.0.0.1:0"}, {"BYTES", "123MiB"}, {"SIZE", "123MiB"},    {"DEVICE=BYTES", "cpu=1MiB"},
    {"DIR", "/usr/share"},      {"DURATION", "7s"},  {"FILE", "/dev/null"}, {"N", "3"},
    {"TARGET", "127.0.0.1:1"}};
const Values kOtherValueOfType = {{"ADDRESS", "127.0.0.2:0"},   {"BYTES", "124MiB"}, {"SIZE", "124MiB"},
                                  {"DEVICE=BYTES", "cpu=2MiB"}, {"DIR", "/usr/lib"}, {"DURATION", "8s"},
                                  {"FILE", "/dev/full"},        {"N", "4"},          {"TARGET", "127.0.0.1:2"}};

class SettingsBinaryTest : public testing::TestWithParam<Daemon> {
 protected:
  ~SettingsBinaryTest() override {
    for (const std::string& name : variables_) unsetenv(name.c_str());
  }

  void SetVariable(const std::string& name, const std::string& value) {
    variables_.push_back(name);
    setenv(name.c_str(), value.c_str(), 1);
  }
  std::string Run(std::vector<std::string> arguments, int exit_status = 0) const {
    arguments.insert(arguments.begin(), GetParam().binary);
    ChildProcess process(arguments);
    EXPECT_EQ(process.Wait(), exit_status) << process.output();
    return process.output();
  }
  std::string VariableOf(const std::string& flag) const {
    std::string name = "RECURVE_" + GetParam().name + flag.substr(1);
    for (char& c : name) c = c == '-' ? '_' : static_cast<char>(toupper(c));
    return name;
  }
  std::string FileOf(const Values& values) const {
    const std::string path = folder_.At("settings.toml");
    std::ofstream file(path);
    for (const auto& [flag, value] : values) file << flag.substr(2) << " = '" << value << "'\n";
    return path;
  }

  // A value for each flag of --help that has one; of "a|b", an alternative.
  Values ValuesOfFlags(const Values& of_type, bool last) const {
    Values values;
    const std::string help = Run({"--help"});
    const std::regex flag(R"(\n  (--[a-z-]+) ([A-Za-z=|]+))");
    for (auto match = std::sregex_iterator(help.begin(), help.end(), flag); match != std::sregex_iterator(); ++match) {
      const std::string name = (*match)[1];
      // The default follows the type.
      const std::string type = std::regex_replace((*match)[2].str(), std::regex("=(?!BYTES).*"), "");
      if (name == "--config") continue;
      const size_t bar = type.find('|');
      if (bar != std::string::npos) {
        values[name] = last ? type.substr(type.rfind('|') + 1) : type.substr(0, bar);
      } else {
        EXPECT_TRUE(of_type.count(type) == 1)
            << name << " has the type " << type << ", for which the test has no value";
        values[name] = of_type.at(type);
      }
    }
    EXPECT_GT(values.size(), 10);
    return values;
  }

  const TrainingFolder folder_;
  std::vector<std::string> variables_;
};

void ExpectAll(const std::string& printed, const Values& values, const std::string& source) {
  EXPECT_THAT(printed, Not(HasSubstr("\n# listen ="))) << printed;
  for (const auto& [flag, value] : values) {
    const std::regex line("\n# Source: [^\n]*" + source + "[^\n]*\n" + flag.substr(2) + " = [\\[\"]*" + value +
                          "[\"\\]]*\n");
    EXPECT_TRUE(std::regex_search(printed, line)) << flag << " is not " << value << " from " << source << printed;
  }
}

TEST_P(SettingsBinaryTest, EveryFlagHasThreeWays) {
  const Values first = ValuesOfFlags(kValueOfType, true);
  const Values second = ValuesOfFlags(kOtherValueOfType, false);
  const std::string path = FileOf(first);
  const std::string from_file = Run({"--config", path, "--print-config"});
  ExpectAll(from_file, first, "settings.toml, line ");

  for (const auto& [flag, value] : second) SetVariable(VariableOf(flag), value);
  ExpectAll(Run({"--config", path, "--print-config"}), second, "RECURVE_");

  std::vector<std::string> arguments = {"--config", path, "--print-config"};
  for (const auto& [flag, value] : first) arguments.insert(arguments.end(), {flag, value});
  ExpectAll(Run(arguments), first, "the command line");
}

TEST_P(SettingsBinaryTest, PrintsAFileThatSaysTheSame) {
  for (const auto& [flag, value] : ValuesOfFlags(kValueOfType, true)) SetVariable(VariableOf(flag), value);
  const std::string printed = Run({"--print-config"});
  for (const std::string& name : variables_) unsetenv(name.c_str());
  const std::string path = folder_.At("printed.toml");
  std::ofstream(path) << printed;
  const std::string again = Run({"--config", path, "--print-config"});
  const std::regex source("# Source:(.*\n# )*.*\n");
  EXPECT_EQ(std::regex_replace(again, source, ""), std::regex_replace(printed, source, ""));
}

TEST_P(SettingsBinaryTest, NoSettingLooksLikeTheAddressOfAService) {
  for (const auto& [flag, value] : ValuesOfFlags(kValueOfType, true)) {
    EXPECT_THAT(VariableOf(flag), Not(MatchesRegex(".*_(PORT|SERVICE_HOST|SERVICE_PORT.*)")));
  }
}

TEST_P(SettingsBinaryTest, ChecksWithoutStarting) {
  const std::string state = folder_.At("state");
  SetVariable("STATE_DIRECTORY", state);
  EXPECT_EQ(Run({"--check-config"}), "recurve-" + GetParam().name + ": the configuration is ok\n");
  EXPECT_FALSE(std::filesystem::exists(state));
  EXPECT_THAT(Run({"--check-config", "--listen", "127.0.0.1:5", "--metrics-listen", "127.0.0.1:5"}, 2),
              HasSubstr("--metrics-listen is 127.0.0.1:5; must differ from --listen"));
  EXPECT_THAT(Run({"--check-config", "--listen", "unix:/no/such/folder/socket"}, 2),
              HasSubstr("--listen: /no/such/folder is not a directory"));
  SetVariable(VariableOf("--metrics-listen"), "unix:" + folder_.text());
  EXPECT_THAT(Run({"--check-config"}, 2),
              AllOf(HasSubstr(VariableOf("--metrics-listen")), HasSubstr("exists and is not a socket")));
}

TEST_P(SettingsBinaryTest, EndsWhileItWaitsForAPipeWithoutAWriter) {
  const std::string path = folder_.At("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  ChildProcess daemon({GetParam().binary, "--config", path});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 128 + SIGTERM) << daemon.output();
}

// The defaults that depend on the machine.
std::string WithoutMachine(const std::string& text) {
  return std::regex_replace(text, std::regex("\n# (memo-bytes|memory-limit|max-solves) = [^\n]*"), "\n# $1 = ...");
}

TEST_P(SettingsBinaryTest, TheInstalledFileShowsTheDefaults) {
  SetVariable("STATE_DIRECTORY", "/var/lib/recurve");
  const std::string path = RECURVE_SYSTEMD_FOLDER "/" + GetParam().name + ".toml";
  std::ifstream file(path);
  const std::string installed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string printed = Run({"--print-config"});
  EXPECT_EQ(WithoutMachine(installed), WithoutMachine("# SPDX-License-Identifier: Apache-2.0\n" + printed))
      << "write it: (echo '# SPDX-License-Identifier: Apache-2.0'; STATE_DIRECTORY=/var/lib/recurve recurve-"
      << GetParam().name << " --print-config) >" << path;
  EXPECT_EQ(Run({"--config", path, "--print-config"}), printed);
}

INSTANTIATE_TEST_SUITE_P(Daemons, SettingsBinaryTest,
                         testing::Values(Daemon{"planner", RECURVE_PLANNER_BINARY},
                                         Daemon{"executor", RECURVE_EXECUTOR_BINARY}),
                         [](const auto& daemon) { return daemon.param.name; });

TEST(PlannerSettingsTest, ChecksTheFileOfPlans) {
  ChildProcess missing({RECURVE_PLANNER_BINARY, "--check-config", "--warm-up", "/no/such/file"});
  EXPECT_EQ(missing.Wait(), 2);
  EXPECT_THAT(missing.output(), HasSubstr("--warm-up: cannot read the warm-up file /no/such/file"));
}

TEST(ExecutorSettingsTest, ChecksDirectoriesAndDevicesAndSaysAllThatIsWrong) {
  const TrainingFolder folder;
  const std::string path = folder.At("executor.toml");
  std::ofstream(path) << "state-dir = \"" << folder.text() << "/below\"\n"
                      << "data-root = \"/no/such/folder\"\n"
                      << "model-root = \"" << folder.text() << "\"\n"
                      << "device-memory = [\"tpu=1GiB\"]\n";
  ChildProcess daemon({RECURVE_EXECUTOR_BINARY, "--config", path, "--check-config"});
  EXPECT_EQ(daemon.Wait(), 2);
  EXPECT_THAT(daemon.output(),
              AllOf(HasSubstr(path + ", line 1: cannot use the state directory " + folder.text()),
                    HasSubstr(path + ", line 2: --data-root /no/such/folder: No such file"),
                    HasSubstr(path + ", line 3: --model-root " + folder.text() + " is not a directory"),
                    HasSubstr(path + ", line 4: --device-memory names tpu")));
}

}  // namespace
}  // namespace recurve
