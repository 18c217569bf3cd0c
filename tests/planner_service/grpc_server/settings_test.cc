// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A daemon with a setting of each kind.
class SettingsTest : public testing::Test {
 protected:
  SettingsTest() : app_("", "recurve-example") {
    app_.add_option("--max-jobs", max_jobs_, "How many")
        ->type_name("N")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app_.add_option("--name", name_, "What it is called")->type_name("TEXT");
    app_.add_option("--device", devices_, "May be repeated")->type_name("DEVICE");
  }
  ~SettingsTest() override {
    for (const auto& [name, value] : environment_) unsetenv(name.c_str());
    std::filesystem::remove(path_);
  }

  void SetVariable(const std::string& name, const std::string& value) {
    environment_[name] = value;
    setenv(name.c_str(), value.c_str(), 1);
  }
  void WriteFile(const std::string& text) { std::ofstream(path_) << text; }
  absl::Status Parse(std::vector<std::string> arguments, bool with_file = false) {
    if (with_file) arguments.insert(arguments.end(), {"--config", path_});
    std::reverse(arguments.begin(), arguments.end());
    settings_ = std::make_unique<Settings>(app_);
    app_.parse(arguments);
    return settings_->Complete();
  }

  std::map<std::string, std::string> environment_;
  const std::string path_ = testing::TempDir() + "example-" + std::to_string(getpid()) + ".toml";
  CLI::App app_;
  int max_jobs_ = 5;
  std::string name_;
  std::vector<std::string> devices_;
  std::unique_ptr<Settings> settings_;
};

TEST_F(SettingsTest, TheCommandLineIsBeforeTheEnvironmentTheFileAndTheDefault) {
  SetVariable("RECURVE_EXAMPLE_MAX_JOBS", "7");
  SetVariable("RECURVE_EXAMPLE_NAME", "variable");
  WriteFile("max-jobs = 8\nname = \"file\"\ndevice = [\"x\"]\n");
  ASSERT_TRUE(Parse({"--max-jobs", "6"}, true).ok());
  EXPECT_EQ(max_jobs_, 6);
  EXPECT_EQ(name_, "variable");
  EXPECT_THAT(devices_, ElementsAre("x"));
}

TEST_F(SettingsTest, DefaultsRemain) {
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(max_jobs_, 5);
  EXPECT_THAT(name_, IsEmpty());
  EXPECT_FALSE(settings_->check());
}

TEST_F(SettingsTest, TheFileMayBeNamedByTheEnvironment) {
  WriteFile("max-jobs = 8\n");
  SetVariable("RECURVE_EXAMPLE_CONFIG", path_);
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(max_jobs_, 8);
}

TEST_F(SettingsTest, AnEmptyPathIsNoFile) {
  SetVariable("RECURVE_EXAMPLE_CONFIG", "/no/such/file");
  EXPECT_TRUE(Parse({"--config", ""}).ok());
}

TEST_F(SettingsTest, RepeatableSettingsAreListsWithCommas) {
  SetVariable("RECURVE_EXAMPLE_DEVICE", "a=1,b=2");
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_THAT(devices_, ElementsAre("a=1", "b=2"));
}

TEST_F(SettingsTest, AnEmptyVariableIsAnEmptyValue) {
  WriteFile("name = \"file\"\n");
  SetVariable("RECURVE_EXAMPLE_NAME", "");
  ASSERT_TRUE(Parse({}, true).ok());
  EXPECT_THAT(name_, IsEmpty());
}

TEST_F(SettingsTest, WrongValuesNameTheirSource) {
  SetVariable("RECURVE_EXAMPLE_MAX_JOBS", "0");
  EXPECT_THAT(std::string(Parse({}).message()),
              AllOf(HasSubstr("environment variable RECURVE_EXAMPLE_MAX_JOBS: "), HasSubstr("1 to 100")));
}

TEST_F(SettingsTest, WrongValuesOfTheFileNameTheLine) {
  WriteFile("\nmax-jobs = 101\n");
  EXPECT_THAT(std::string(Parse({}, true).message()),
              AllOf(HasSubstr(path_ + ", line 2: --max-jobs"), HasSubstr("1 to 100")));
}

TEST_F(SettingsTest, UnknownKeysAreRefusedWithANearName) {
  WriteFile("max-job = 1\n");
  EXPECT_EQ(Parse({}, true).message(),
            path_ + ", line 1: max-job is not a setting of recurve-example; did you mean max-jobs?");
}

TEST_F(SettingsTest, AKeyThatIsOnlyAFlagIsUnknown) {
  WriteFile("config = \"x\"\n");
  EXPECT_THAT(std::string(Parse({}, true).message()), HasSubstr("config is not a setting"));
}

TEST_F(SettingsTest, OnlyRepeatableSettingsTakeArrays) {
  WriteFile("name = [\"x\"]\n");
  EXPECT_THAT(std::string(Parse({}, true).message()), HasSubstr("line 1: name is an array; must be one value"));
}

TEST_F(SettingsTest, UnknownVariablesAreRefusedWithANearName) {
  SetVariable("RECURVE_EXAMPLE_MAXJOBS", "1");
  EXPECT_EQ(Parse({}).message(),
            "the environment variable RECURVE_EXAMPLE_MAXJOBS is not a setting of recurve-example; did you mean "
            "RECURVE_EXAMPLE_MAX_JOBS?");
}

// Kubernetes sets these in each container of a namespace with a service named recurve-example.
TEST_F(SettingsTest, AddressesOfServicesAreNotSettings) {
  SetVariable("RECURVE_EXAMPLE_SERVICE_HOST", "10.0.0.1");
  SetVariable("RECURVE_EXAMPLE_SERVICE_PORT", "7402");
  SetVariable("RECURVE_EXAMPLE_SERVICE_PORT_GRPC", "7402");
  SetVariable("RECURVE_EXAMPLE_PORT", "tcp://10.0.0.1:7402");
  SetVariable("RECURVE_EXAMPLE_PORT_7402_TCP", "tcp://10.0.0.1:7402");
  SetVariable("RECURVE_EXAMPLE_PORT_7402_TCP_PROTO", "tcp");
  SetVariable("RECURVE_EXAMPLE_PORT_7402_TCP_PORT", "7402");
  SetVariable("RECURVE_EXAMPLE_PORT_7402_TCP_ADDR", "10.0.0.1");
  SetVariable("RECURVE_EXAMPLE_METRICS_PORT", "tcp://10.0.0.1:9402");
  EXPECT_TRUE(Parse({}).ok());
}

TEST_F(SettingsTest, APortThatIsNotTheAddressOfAServiceIsRefused) {
  SetVariable("RECURVE_EXAMPLE_PORT", "7402");
  EXPECT_THAT(std::string(Parse({}).message()), HasSubstr("RECURVE_EXAMPLE_PORT is not a setting"));
}

TEST_F(SettingsTest, PrintsAFileThatItReadsBack) {
  SetVariable("RECURVE_EXAMPLE_NAME", "a \"name\"");
  ASSERT_TRUE(Parse({"--device", "x", "--device", "y", "--print-config"}).ok());
  EXPECT_TRUE(settings_->print());
  const absl::StatusOr<std::string> text = settings_->ToFile();
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("\n# How many\n# max-jobs = 5\n"));
  EXPECT_THAT(*text, HasSubstr("\n# What it is called\n# Source: the environment variable RECURVE_EXAMPLE_NAME\n"
                               "name = \"a \\\"name\\\"\"\n"));
  EXPECT_THAT(*text, HasSubstr("\n# Source: the command line\ndevice = [\"x\", \"y\"]\n"));
  EXPECT_THAT(*text, Not(HasSubstr("config =")));
  WriteFile(*text);
  unsetenv("RECURVE_EXAMPLE_NAME");
  const absl::StatusOr<std::vector<FileSetting>> read = ReadSettingsFile(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2);
  EXPECT_THAT(read->at(0).values, ElementsAre("x", "y"));
  EXPECT_THAT(read->at(1).values, ElementsAre("a \"name\""));
}

TEST_F(SettingsTest, SaysWhenAValueCannotBePrinted) {
  ASSERT_TRUE(Parse({"--name", "\xff"}).ok());
  EXPECT_THAT(std::string(settings_->ToFile().status().message()), HasSubstr("UTF-8"));
}

TEST_F(SettingsTest, ProblemsFoundLaterNameTheSourceOfTheValue) {
  WriteFile("name = \"x\"\n");
  ASSERT_TRUE(Parse({}, true).ok());
  EXPECT_EQ(settings_->Attribute("--name", "is bad"), path_ + ", line 1: is bad");
  EXPECT_EQ(settings_->Attribute("--max-jobs", "is bad"), "--max-jobs: is bad");
  EXPECT_EQ(settings_->Attribute("--max-jobs", "--max-jobs is 5"), "--max-jobs is 5");
}

}  // namespace
}  // namespace recurve
