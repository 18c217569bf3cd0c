// SPDX-License-Identifier: Apache-2.0
#include "executor/data/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

// What `body` returns in a process of its own.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A process that begins to write `path` and is killed.
void LeaveTemporaryFile(const std::string& path) {
  EXPECT_EQ(InChild([&] {
              auto file = AtomicFile::Create(path);
              if (file.ok() && file->Write("half", 4).ok()) raise(SIGKILL);
              return 1;
            }),
            128 + SIGKILL);
}

absl::Status CreateStatus(const std::string& path) { return AtomicFile::Create(path).status(); }

TEST(AtomicFile, FollowsALinkAndLeavesIt) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.File("far"));
  const std::string target = scratch.Write("far/target", "old");
  fs::create_symlink("far/target", scratch.File("link"));
  fs::create_symlink("link", scratch.File("link-to-link"));
  ASSERT_TRUE(WriteFileAtomically(scratch.File("link-to-link"), "new").ok());
  EXPECT_EQ(ReadFile(target), "new");
  EXPECT_TRUE(fs::is_symlink(scratch.File("link")));
  EXPECT_TRUE(fs::is_symlink(scratch.File("link-to-link")));

  fs::create_symlink("far/later", scratch.File("dangling"));
  ASSERT_TRUE(WriteFileAtomically(scratch.File("dangling"), "later").ok());
  EXPECT_EQ(ReadFile(scratch.File("far/later")), "later");

  fs::create_symlink("circle", scratch.File("circle"));
  EXPECT_EQ(WriteFileAtomically(scratch.File("circle"), "").code(), absl::StatusCode::kInvalidArgument);
}

TEST(AtomicFile, KeepsModeAndOwner) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("secret", "old");
  for (const mode_t mode : {0600, 0640, 0664}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    ASSERT_TRUE(WriteFileAtomically(path, "new").ok());
    EXPECT_EQ(ModeOf(path), mode);
  }
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path.c_str(), 12345, 54321), 0);
    ASSERT_TRUE(WriteFileAtomically(path, "newer").ok());
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 12345u);
    EXPECT_EQ(info.st_gid, 54321u);
    EXPECT_EQ(info.st_mode & 07777, 0664u);
  }
  EXPECT_EQ(scratch.Count(), 1);
}

TEST(AtomicFile, ANewFileHasTheModeOfTheUmask) {
  const ScratchDirectory scratch;
  EXPECT_EQ(InChild([&] {
              umask(0027);
              return WriteFileAtomically(scratch.File("new"), "x").ok() ? 0 : 1;
            }),
            0);
  EXPECT_EQ(ModeOf(scratch.File("new")), 0640u);
}

TEST(AtomicFile, LeavesAWriteProtectedFileAlone) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("precious", "old");
  ASSERT_EQ(chmod(path.c_str(), 0400), 0);
  EXPECT_EQ(InChild([&] {
              constexpr uid_t kNobody = 65534;  // root may write to any file
              if (geteuid() == 0 && (chown(path.c_str(), kNobody, kNobody) != 0 ||
                                     chown(scratch.path().c_str(), kNobody, kNobody) != 0 || seteuid(kNobody) != 0)) {
                return 2;
              }
              return WriteFileAtomically(path, "new").code() == absl::StatusCode::kPermissionDenied ? 0 : 1;
            }),
            0);
  EXPECT_EQ(ReadFile(path), "old");
}

TEST(AtomicFile, RemovesWhatKilledProcessesLeft) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("file", "old");
  LeaveTemporaryFile(path);
  EXPECT_EQ(scratch.Count(), 2);
  EXPECT_EQ(ReadFile(path), "old");
  ASSERT_TRUE(WriteFileAtomically(path, "new").ok());
  EXPECT_EQ(ReadFile(path), "new");
  EXPECT_EQ(scratch.Count(), 1);

  // One that was left while another was writing.
  {
    auto busy = AtomicFile::Create(path);
    ASSERT_TRUE(busy.ok());
    LeaveTemporaryFile(path);
    EXPECT_EQ(scratch.Count(), 3);
  }
  ASSERT_TRUE(WriteFileAtomically(path, "newer").ok());
  EXPECT_EQ(scratch.Count(), 1);
}

TEST(AtomicFile, WritersOfOneFileDoNotDisturbEachOther) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("file");
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([&path, i] {
        const std::string text(10'000, static_cast<char>('a' + i));
        for (int n = 0; n < 30; ++n) {
          const absl::Status status = WriteFileAtomically(path, text);
          EXPECT_TRUE(status.ok()) << status;
        }
      });
    }
  }
  EXPECT_EQ(ReadFile(path), std::string(10'000, ReadFile(path).front()));
  EXPECT_EQ(scratch.Count(), 1);
}

TEST(AtomicFile, TheLongestNameCanBeWritten) {
  const ScratchDirectory scratch;
  EXPECT_TRUE(WriteFileAtomically(scratch.File(std::string(255, 'x')), "x").ok());
  EXPECT_EQ(scratch.Count(), 1);
}

// The limit would end the process by SIGXFSZ.
TEST(AtomicFile, ALimitOfFileSizeIsAnError) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("file", "old");
  const auto with_limit = [&](const std::function<absl::Status()>& act) {
    return InChild([&] {
      const rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
      setrlimit(RLIMIT_FSIZE, &limit);
      const absl::Status status = act();
      return status.code() == absl::StatusCode::kOutOfRange &&
                     status.message().find("File too large") != absl::string_view::npos
                 ? 0
                 : 1;
    });
  };
  EXPECT_EQ(with_limit([&] { return WriteFileAtomically(path, std::string(5000, 'x')); }), 0);
  EXPECT_EQ(with_limit([&] { return AtomicFile::Create(path)->CheckRoom(5000); }), 0);
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(scratch.Count(), 1);
}

TEST(AtomicFile, CheckingForRoomLeavesNothing) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("file");
  {
    auto file = AtomicFile::Create(path);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file->CheckRoom(100'000).ok());
    EXPECT_EQ(file->CheckRoom(int64_t{1} << 60).ok(), false);
    ASSERT_TRUE(file->Write("text", 4).ok());
    ASSERT_TRUE(file->Commit().ok());
  }
  EXPECT_EQ(ReadFile(path), "text");
}

TEST(AtomicFile, WithoutCommitNothingHappens) {
  const ScratchDirectory scratch;
  EXPECT_TRUE(CreateStatus(scratch.File("new")).ok());
  EXPECT_EQ(scratch.Count(), 0);
  const std::string path = scratch.Write("old", "kept");
  EXPECT_TRUE(CreateStatus(path).ok());
  EXPECT_EQ(ReadFile(path), "kept");
  EXPECT_EQ(scratch.Count(), 1);
}

TEST(AtomicFile, SaysWhatIsInTheWay) {
  const ScratchDirectory scratch;
  EXPECT_EQ(CreateStatus(scratch.File("no/such/model")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CreateStatus(scratch.Write("file", "") + "/model").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(CreateStatus(scratch.path()).ToString(), HasSubstr("it is a directory"));
  EXPECT_THAT(CreateStatus(scratch.File("new/")).ToString(), HasSubstr("new/"));
  EXPECT_FALSE(CreateStatus("").ok());
  EXPECT_THAT(CreateStatus("/dev/null").ToString(), HasSubstr("not a regular file"));
  EXPECT_FALSE(CreateStatus(scratch.File(std::string(300, 'x'))).ok());
  EXPECT_FALSE(CreateStatus("/proc/model").ok());
  if (geteuid() != 0) {
    ASSERT_EQ(chmod(scratch.path().c_str(), 0500), 0);
    EXPECT_EQ(CreateStatus(scratch.File("model")).code(), absl::StatusCode::kPermissionDenied);
    ASSERT_EQ(chmod(scratch.path().c_str(), 0700), 0);
  }
}

}  // namespace
}  // namespace recurve
