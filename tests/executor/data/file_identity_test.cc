// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(FileIdentity, KnowsAFileByAnyOfItsNames) {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.File("far/deep"));
  fs::create_directory_symlink("far/deep", scratch.File("folder"));
  const std::string file = scratch.Write("file", "x");
  fs::create_symlink("file", scratch.File("link"));
  fs::create_hard_link(file, scratch.File("hard"));
  for (const char* name : {"file", "./file", "link", "hard", "far/../file", "folder/../../file"}) {
    EXPECT_TRUE(IsSameFile(file, scratch.File(name))) << name;
  }
  // By its text this is `file`, by the kernel's rules it is far/file.
  EXPECT_FALSE(IsSameFile(file, scratch.File("folder/../file")));
  EXPECT_FALSE(IsSameFile(file, scratch.Write("copy", "x")));
}

TEST(FileIdentity, KnowsAFileThatIsNotThereYet) {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.File("far"));
  fs::create_symlink("far/later", scratch.File("link"));
  const std::string later = scratch.File("far/later");
  EXPECT_TRUE(IsSameFile(later, scratch.File("far/./later")));
  EXPECT_TRUE(IsSameFile(later, scratch.File("link")));
  EXPECT_FALSE(IsSameFile(later, scratch.File("far/other")));
  EXPECT_FALSE(IsSameFile(later, scratch.Write("file", "x")));
  EXPECT_FALSE(IsSameFile(scratch.File("no/such"), scratch.File("no/such"))) << "leads nowhere";
}

TEST(FileIdentity, NamesBothSidesOfAClash) {
  const ScratchDirectory scratch;
  const std::string data = scratch.Write("data", "x");
  const std::string link = scratch.File("link");
  fs::create_symlink("data", link);
  const absl::Status read = CheckDistinct({{"--data", data}}, {{"--save", link}});
  EXPECT_EQ(read.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.message()), HasSubstr("--save " + link + " is the same file as --data " + data));
  const std::string later = scratch.File("later");
  const absl::Status written = CheckDistinct({{"--data", data}}, {{"--svg", later}, {"--html", ""}, {"--save", later}});
  EXPECT_THAT(std::string(written.message()), HasSubstr("--save " + later + " is the same file as --svg " + later));
  EXPECT_TRUE(CheckDistinct({{"--data", data}, {"--model", data}}, {{"--svg", later}, {"--html", ""}}).ok());
}

}  // namespace
}  // namespace recurve
