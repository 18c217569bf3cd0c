// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_system.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

TEST(FileSystem, CreatesOnlyNewFilesAndAppendsOnlyToOthers) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("data");
  EXPECT_EQ(RealFileSystem().Append(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(RealFileSystem().Create(path).value()->Write("one", 3).ok());
  EXPECT_EQ(RealFileSystem().Create(path).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(RealFileSystem().Append(path).value()->Write(" two", 4).ok());
  EXPECT_EQ(ReadFile(path), "one two");
}

TEST(FileSystem, FollowsNoLinks) {
  const ScratchDirectory scratch;
  std::filesystem::create_symlink(scratch.Write("data", "one"), scratch.File("link"));
  EXPECT_FALSE(RealFileSystem().Create(scratch.File("link")).ok());
  EXPECT_FALSE(RealFileSystem().Append(scratch.File("link")).ok());
}

}  // namespace
}  // namespace recurve
