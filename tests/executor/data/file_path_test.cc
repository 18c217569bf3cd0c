// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_path.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "executor/data/atomic_file.h"
#include "executor/data/file_identity.h"
#include "executor/data/input_file.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/data/swapper.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FilePathTest : public testing::Test {
 protected:
  FilePathTest() {
    for (const char* folder : {"root/deep", "outside/folder", "uploads"}) fs::create_directories(scratch_.File(folder));
    for (const char* file : {"root/file", "root/deep/file", "outside/secret", "uploads/file"})
      scratch_.Write(file, file);
    fs::create_symlink("root", scratch_.File("name"));
    allowed_ = AllowedDirectories::Open("--data-root", scratch_.File("name")).value();
    allowed_ = allowed_->With(*AllowedDirectories::Open("uploads", scratch_.File("uploads")).value());
  }
  FilePath In(const std::string& path) const { return {path, allowed_}; }
  std::string Contents(const std::string& path) const {
    const auto file = InputFile::Open(In(path));
    if (!file.ok()) return std::string(file.status().message());
    std::string bytes(static_cast<size_t>((*file)->size()), '\0');
    EXPECT_TRUE((*file)->Read(0, bytes.data(), (*file)->size()).ok());
    return bytes;
  }
  std::string At(const std::string& path) const { return scratch_.File(path); }

  const ScratchDirectory scratch_;
  std::shared_ptr<const AllowedDirectories> allowed_;
};

TEST_F(FilePathTest, StartsAtTheFirstDirectoryOrNamesOneOfThem) {
  for (const std::string& path : {std::string("file"), std::string("deep/../file"), At("root/file"), At("name/file"),
                                  At("./root/./deep//../file")}) {
    EXPECT_EQ(Contents(path), "root/file") << path;
  }
  EXPECT_EQ(Contents(At("uploads/file")), "uploads/file");
  EXPECT_EQ(In("deep/file").Absolute(), At("root/deep/file"));
  EXPECT_EQ(In(At("name/file")).Absolute(), At("name/file"));
}

// What is there must not change the answer: not even whether it exists.
TEST_F(FilePathTest, TheErrorSaysNothingAboutWhatIsOutside) {
  fs::create_directory(At("outside/closed"));
  chmod(At("outside/closed").c_str(), 0);
  ASSERT_EQ(mkfifo(At("outside/pipe").c_str(), 0600), 0);
  const auto error = [&](const std::string& path) {
    const absl::Status status = InputFile::Open(In(path)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << path;
    std::string text(status.message());
    EXPECT_EQ(text.substr(0, path.size()), path);
    return text.substr(path.size());
  };
  const std::string expected = error("../outside/nothing");
  EXPECT_THAT(expected, HasSubstr(" is outside " + At("root") + ", the only directory that --data-root allows"));
  for (const char* target : {"outside/nothing", "outside/nothing/x", "outside/secret", "outside/secret/x",
                             "outside/folder", "outside/closed", "outside/closed/x", "outside/pipe", "root-2", ""}) {
    SCOPED_TRACE(target);
    fs::remove(At("root/link"));
    fs::remove(At("root/deep/link"));
    fs::create_symlink(At(target), At("root/link"));
    fs::create_symlink(std::string("../../") + target, At("root/deep/link"));
    for (const std::string& path : {At(target), "../" + std::string(target), "deep/../../" + std::string(target),
                                    "nothing/../../" + std::string(target), std::string("link"), std::string("link/x"),
                                    std::string("deep/link"), std::string("deep/link/")}) {
      EXPECT_EQ(error(path), expected) << path;
      EXPECT_EQ(AtomicFile::Create(In(path + "/model")).status(), allowed_->Outside(path + "/model"));
    }
    EXPECT_FALSE(IsSameFile(In("link"), At(target)));
  }
  chmod(At("outside/closed").c_str(), 0700);
}

TEST_F(FilePathTest, WritesToRegularFilesInside) {
  ASSERT_TRUE(WriteFileAtomically(In("deep/new"), "written").ok());
  EXPECT_EQ(ReadFile(At("root/deep/new")), "written");
  fs::create_symlink("deep", At("root/folder"));
  ASSERT_TRUE(WriteFileAtomically(In("folder/new"), "again").ok());
  EXPECT_EQ(ReadFile(At("root/deep/new")), "again");

  for (const char* target : {"file", "nothing", "../outside/secret", "../outside/nothing"}) {
    fs::remove(At("root/link"));
    fs::create_symlink(target, At("root/link"));
    EXPECT_EQ(WriteFileAtomically(In("link"), "x").message(),
              "cannot write link: it is a symbolic link; name a regular file in " + At("root"));
    EXPECT_EQ(fs::read_symlink(At("root/link")), target);
  }
  for (const char* path : {".", "deep/..", "deep/.", "deep/", "deep"}) {
    EXPECT_EQ(WriteFileAtomically(In(path), "x").code(), absl::StatusCode::kInvalidArgument) << path;
  }
  EXPECT_EQ(WriteFileAtomically(In("nothing/file"), "x").code(), absl::StatusCode::kNotFound);
}

// The same directory is meant from the beginning to the end of a write.
TEST_F(FilePathTest, AWriteStaysInItsDirectory) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(In("deep/model"));
  ASSERT_TRUE(file.ok()) << file.status();
  fs::rename(At("root/deep"), At("root/elsewhere"));
  fs::create_directory_symlink(At("outside"), At("root/deep"));
  ASSERT_TRUE(file->Write("weights", 7).ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(ReadFile(At("root/elsewhere/model")), "weights");
  EXPECT_FALSE(fs::exists(At("outside/model")));
  EXPECT_EQ(AtomicFile::Create(In("deep/model")).status(), allowed_->Outside("deep/model"));
}

// The root is the directory that it was at the start.
TEST_F(FilePathTest, TheRootIsHeldOpen) {
  fs::rename(At("root"), At("moved"));
  fs::create_directory_symlink("outside", At("root"));
  EXPECT_EQ(Contents("deep/file"), "root/deep/file");
  EXPECT_EQ(Contents(At("root/deep/file")), "root/deep/file");
  ASSERT_TRUE(WriteFileAtomically(In("new"), "x").ok());
  EXPECT_TRUE(fs::exists(At("moved/new")));
}

TEST_F(FilePathTest, NoRaceWritesOutside) {
  fs::create_directory_symlink(At("outside"), At("root/absolute"));
  fs::create_directory_symlink("../outside", At("root/relative"));
  fs::create_directories(At("root/other"));
  int written = 0;
  int denied = 0;
  {
    const Swapper absolute(At("root/deep"), At("root/absolute"));
    const Swapper relative(At("root/other"), At("root/relative"));
    for (int i = 0; i < 2'000; ++i) {
      for (const char* path : {"deep/model", "relative/model"}) {
        const absl::Status status = WriteFileAtomically(In(path), "weights");
        written += static_cast<int>(status.ok());
        denied += static_cast<int>(absl::IsPermissionDenied(status));
      }
      ASSERT_FALSE(fs::exists(At("outside/model")));
    }
  }
  EXPECT_GT(written, 0);
  EXPECT_GT(denied, 0);
  int outside = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(At("outside"))) ++outside;
  EXPECT_EQ(outside, 2) << "not even a temporary file";
  EXPECT_EQ(ReadFile(At("outside/secret")), "outside/secret");
}

TEST_F(FilePathTest, KnowsFilesByAnyName) {
  fs::create_directory_symlink("deep", At("root/folder"));
  EXPECT_TRUE(IsSameFile(In("deep/file"), In("folder/file")));
  EXPECT_TRUE(IsSameFile(In("deep/file"), At("root/deep/file")));
  EXPECT_TRUE(IsSameFile(In("deep/later"), In("folder/later"))) << "not there yet";
  EXPECT_FALSE(IsSameFile(In("deep/file"), In("file")));
}

}  // namespace
}  // namespace recurve
