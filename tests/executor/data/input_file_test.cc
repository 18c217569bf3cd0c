// SPDX-License-Identifier: Apache-2.0
#include "executor/data/input_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/data/text_file.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;

std::string FileBytes(const InputFile& file, int64_t begin, int64_t bytes) {
  std::string text(static_cast<size_t>(bytes), '?');
  const absl::Status status = file.Read(begin, text.data(), bytes);
  return status.ok() ? text : status.ToString();
}

// Standard input is something else for as long as this lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : kept_(dup(STDIN_FILENO)) {
    dup2(fd, STDIN_FILENO);
    close(fd);
  }
  ~StandardInput() {
    dup2(kept_, STDIN_FILENO);
    close(kept_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  const int kept_;
};

TEST(InputFile, SaysWhatIsWrongWithThePath) {
  const ScratchDirectory scratch;
  const auto error = [](const std::string& path) { return InputFile::Open(path).status(); };
  EXPECT_EQ(error(scratch.File("missing")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(error(scratch.Write("file", "text") + "/below").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(error("").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(error(scratch.path()).ToString(), HasSubstr("is a directory; give a file"));
  EXPECT_THAT(error("/dev/null").ToString(), HasSubstr("not a regular file"));
  const std::string pipe = scratch.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(error(pipe).ToString(), HasSubstr("not a regular file"));
}

TEST(InputFile, SaysWhenItMayNotRead) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("secret", "text");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  EXPECT_EQ(InputFile::Open(path).status().code(), absl::StatusCode::kPermissionDenied);
}

// A mapped file would end the process here.
TEST(InputFile, AFileThatBecomesShorterIsAnError) {
  const TextFile text(std::string(100'000, 'x'));
  EXPECT_EQ(text.file().size(), 100'000);
  EXPECT_EQ(FileBytes(text.file(), 99'998, 2), "xx");
  text.Truncate(50'000);
  EXPECT_EQ(FileBytes(text.file(), 49'998, 2), "xx");
  const absl::Status status = [&] {
    char byte = 0;
    return text.file().Read(99'999, &byte, 1);
  }();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.ToString(), AllOf(HasSubstr(text.path() + " was truncated"), HasSubstr("100000 bytes")));
}

TEST(InputFile, NoticesWhatHappensToTheFile) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("data", "one");
  // Modification times have the granularity of the kernel's clock.
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - std::chrono::seconds(10));
  const auto file = InputFile::Open(path).value();
  EXPECT_EQ(file->Change(), "");

  const auto replaced = InputFile::Open(path).value();
  std::filesystem::rename(scratch.Write("other", "two"), path);
  EXPECT_THAT(replaced->Change(), HasSubstr("was replaced by another file"));
  EXPECT_EQ(FileBytes(*replaced, 0, 3), "one");

  const auto overwritten = InputFile::Open(path).value();
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(10));
  EXPECT_THAT(overwritten->Change(), HasSubstr("was modified"));

  const auto grown = InputFile::Open(path).value();
  std::filesystem::resize_file(path, 1000);
  EXPECT_THAT(grown->Change(), AllOf(HasSubstr("had 3 bytes and now has 1000"), HasSubstr("was modified")));

  const auto removed = InputFile::Open(path).value();
  std::filesystem::remove(path);
  EXPECT_EQ(removed->Change(), "");
}

TEST(InputFile, TellsModificationFromReplacement) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("data", "one");
  const auto replaced = InputFile::Open(path).value();
  std::filesystem::rename(scratch.Write("other", "two"), path);
  EXPECT_EQ(replaced->Modification(), "");
  const auto grown = InputFile::Open(path).value();
  std::filesystem::resize_file(path, 1000);
  EXPECT_THAT(grown->Modification(), HasSubstr("was modified"));
}

TEST(InputFile, NamesEachContent) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("data", "one");
  const std::string first = InputFile::Open(path).value()->Version();
  EXPECT_EQ(InputFile::Open(path).value()->Version(), first);
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(10));
  const std::string modified = InputFile::Open(path).value()->Version();
  EXPECT_NE(modified, first);
  std::filesystem::rename(scratch.Write("other", "two"), path);
  EXPECT_NE(InputFile::Open(path).value()->Version(), modified);
}

TEST(InputFile, ReadsStandardInputFromAPipe) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const StandardInput input(ends[0]);
  const std::string text(300'000, 'p');
  std::jthread writer([&] {
    size_t written = 0;
    while (written < text.size()) {
      const ssize_t more = write(ends[1], text.data() + written, text.size() - written);
      ASSERT_GT(more, 0);
      written += static_cast<size_t>(more);
    }
    close(ends[1]);
  });
  const auto file = InputFile::OpenArgument("-", {});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->name(), "standard input");
  EXPECT_EQ((*file)->size(), 300'000);
  EXPECT_EQ(FileBytes(**file, 299'000, 1000), text.substr(0, 1000));
  EXPECT_EQ((*file)->Change(), "");
}

TEST(InputFile, WaitingForStandardInputCanBeStopped) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const StandardInput input(ends[0]);
  EXPECT_EQ(InputFile::OpenStandardInput([] { return true; }).status().code(), absl::StatusCode::kCancelled);
  close(ends[1]);
}

}  // namespace
}  // namespace recurve
