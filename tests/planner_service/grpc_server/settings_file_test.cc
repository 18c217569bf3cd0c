// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/settings_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsFileTest : public testing::Test {
 protected:
  ~SettingsFileTest() override { std::filesystem::remove(path_); }

  absl::StatusOr<std::vector<FileSetting>> Read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return ReadSettingsFile(path_);
  }
  std::string ErrorOf(const std::string& text) { return std::string(Read(text).status().message()); }

  const std::string path_ = testing::TempDir() + "settings-" + std::to_string(getpid()) + ".toml";
};

TEST_F(SettingsFileTest, ReadsEveryKindOfValueAsText) {
  const auto settings = Read(
      "# a comment\n"
      "a = \"text # with = all\"\n"
      "b = 1_000\n"
      "c = false  # a comment\n"
      "d = [\"x\", 2,\n  true]\n"
      "e = []\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->size(), 5);
  EXPECT_THAT(settings->at(0).values, ElementsAre("text # with = all"));
  EXPECT_EQ(settings->at(0).line, 2);
  EXPECT_FALSE(settings->at(0).is_array);
  EXPECT_THAT(settings->at(1).values, ElementsAre("1000"));
  EXPECT_THAT(settings->at(2).values, ElementsAre("false"));
  EXPECT_THAT(settings->at(3).values, ElementsAre("x", "2", "true"));
  EXPECT_TRUE(settings->at(3).is_array);
  EXPECT_TRUE(settings->at(4).values.empty());
}

TEST_F(SettingsFileTest, ErrorsNameTheFileAndTheLine) {
  for (const char* wrong : {"a = ", "a = text", "a = 1\na = 2", "a = \"x", "a 1"}) {
    const auto settings = Read(std::string("b = 1\n") + wrong);
    EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(settings.status().message()), AllOf(HasSubstr(path_ + ", line "), HasSubstr("TOML")));
  }
  for (const char* wrong : {"a = 1.5", "a = 2026-01-01", "[a]", "a = {}", "a = [[1]]"}) {
    EXPECT_THAT(ErrorOf(std::string("b = 1\n") + wrong), HasSubstr(path_ + ", line 2: a must be a string")) << wrong;
  }
}

TEST_F(SettingsFileTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(ReadSettingsFile("/no/such/file").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadSettingsFile("/no/such/file").status().message()),
              HasSubstr("/no/such/file: No such file"));
  EXPECT_THAT(std::string(ReadSettingsFile("/tmp").status().message()), HasSubstr("/tmp: Is a directory"));
  EXPECT_THAT(std::string(ReadSettingsFile("/dev/zero").status().message()), HasSubstr("more than 65536 bytes"));
}

TEST_F(SettingsFileTest, DeepKeysDoNotExhaustTheStack) {
  std::string text = "a";
  while (text.size() < 65'000) text += ".a";
  EXPECT_EQ(Read(text + " = 1\n").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Read("[" + text + "]\n").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SettingsFileTest, OnlyStringsAndCommentsAreMoreThanAscii) {
  for (const char* right :
       {"a = 'Ü\\'", "# Ü\na = 1", R"(a = """Ü"Ü""")", "a = '''Ü'Ü'''", R"("Ü\"" = "\"Ü")", "\xef\xbb\xbf# Ü"}) {
    EXPECT_EQ(ErrorOf(right), "") << right;
  }
  for (const char* wrong : {"a = 1\nÜ = 1", "a = 1\nb =\u075c 1", "# Ü\nb = 'Ü' Ü"}) {
    EXPECT_THAT(ErrorOf(wrong), HasSubstr(path_ + ", line 2: not valid TOML")) << wrong;
  }
}

TEST_F(SettingsFileTest, ValuesReadBackAsTheSameText) {
  for (const std::string text : {"", "0", "12", "007", "-1", "+1", "1e3", "true", "True", "12345678901234567890",
                                 "64MiB", "a \"quoted\" \\ back", "\xC3\xA9", "tab\tline\n\x01\x7f"}) {
    const auto settings = Read("a = " + TomlValue(text));
    ASSERT_TRUE(settings.ok()) << settings.status() << TomlValue(text);
    EXPECT_THAT(settings->at(0).values, ElementsAre(text));
  }
  EXPECT_EQ(TomlValue("12"), "12");
  EXPECT_EQ(TomlValue("true"), "true");
  EXPECT_EQ(TomlValue("64MiB"), "\"64MiB\"");
}

}  // namespace
}  // namespace recurve
