// SPDX-License-Identifier: Apache-2.0
#include "executor/store/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/executor/store/temporary_folder.h"

namespace recurve {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A process that holds a state directory until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const auto directory = StateDirectory::Open(path);
      if (directory.ok()) (*directory)->SayAddress("localhost:50052");
      const char ok = directory.ok() ? 1 : 0;
      (void)!write(ends[1], &ok, 1);
      for (;;) pause();
    }
    char ok = 0;
    holds_ = read(ends[0], &ok, 1) == 1 && ok == 1;
    for (const int end : ends) close(end);
  }
  ~Holder() { Kill(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  bool holds() const { return holds_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  bool holds_ = false;
};

class StateDirectoryTest : public testing::Test {
 protected:
  static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }
  static void ExpectRefused(const std::string& path, StatusCode code) {
    const absl::Status status = StateDirectory::Open(path).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(status.message(), HasSubstr(path));
  }

  TemporaryFolder folder_;
};

TEST_F(StateDirectoryTest, IsCreatedWithItsParentsForOneUserOnly) {
  const std::string path = folder_.path() + "/a/b/state";
  const auto directory = StateDirectory::Open(path).value();
  EXPECT_EQ(directory->path(), path);
  EXPECT_EQ(ModeOf(path), 0700u);
  EXPECT_TRUE(std::filesystem::is_directory(directory->jobs()));
  EXPECT_TRUE(std::filesystem::is_directory(directory->uploads()));
  EXPECT_FALSE(std::filesystem::exists(directory->database()));
  EXPECT_THAT(directory->database(), StartsWith(path));
  EXPECT_EQ(ReadBytes(path + "/lock"), absl::StrCat("process ", getpid()));
}

TEST_F(StateDirectoryTest, AnExistingFolderIsUsedAndKeepsItsMode) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  WriteBytes(folder_.path() + "/crashes", "kept");
  EXPECT_TRUE(StateDirectory::Open(folder_.path() + "/./x/..").ok());
  EXPECT_TRUE(StateDirectory::Open(folder_.path()).ok()) << "again, once the first has gone";
  EXPECT_EQ(ModeOf(folder_.path()), 0755u);
  EXPECT_EQ(ReadBytes(folder_.path() + "/crashes"), "kept");
}

TEST_F(StateDirectoryTest, ChecksThePlaceAndChangesNothing) {
  const std::string path = folder_.path() + "/a/state";
  EXPECT_TRUE(StateDirectory::Check(path).ok());
  EXPECT_TRUE(StateDirectory::Check(folder_.path()).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  WriteBytes(folder_.path() + "/file", "");
  for (const std::string wrong : {"/file", "/file/state"}) {
    const absl::Status status = StateDirectory::Check(folder_.path() + wrong);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(status.message(), HasSubstr(folder_.path() + "/file"));
  }
}

TEST_F(StateDirectoryTest, ASecondProcessIsRefusedUntilTheFirstIsKilled) {
  Holder holder(folder_.path());
  ASSERT_TRUE(holder.holds());
  const absl::Status status = StateDirectory::Open(folder_.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("process ", holder.pid(), " at localhost:50052")));
  EXPECT_THAT(status.message(), HasSubstr("--state-dir"));
  EXPECT_EQ(DaemonUsing(folder_.path()).value(), absl::StrCat("process ", holder.pid(), " at localhost:50052"));
  holder.Kill();
  EXPECT_EQ(DaemonUsing(folder_.path()).value(), "");
  EXPECT_TRUE(StateDirectory::Open(folder_.path()).ok());
  EXPECT_THAT(ReadBytes(folder_.path() + "/lock"), Not(HasSubstr("localhost"))) << "the address of the first";
}

TEST_F(StateDirectoryTest, ATemporaryOneIsRemoved) {
  const char* before = std::getenv("TMPDIR");
  const std::string restore = before == nullptr ? "" : before;
  setenv("TMPDIR", folder_.path().c_str(), 1);
  std::string path;
  {
    const auto first = StateDirectory::Open("").value();
    const auto second = StateDirectory::Open("").value();
    path = first->path();
    EXPECT_NE(path, second->path());
    EXPECT_THAT(path, StartsWith(folder_.path()));
    EXPECT_EQ(ModeOf(path), 0700u);
    WriteBytes(first->database(), "x");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  setenv("TMPDIR", (folder_.path() + "/missing").c_str(), 1);
  EXPECT_EQ(StateDirectory::Open("").status().code(), StatusCode::kNotFound);
  before == nullptr ? unsetenv("TMPDIR") : setenv("TMPDIR", restore.c_str(), 1);
}

TEST_F(StateDirectoryTest, AFileIsRefused) {
  const std::string file = folder_.path() + "/file";
  WriteBytes(file, "mine");
  ExpectRefused(file, StatusCode::kInvalidArgument);
  ExpectRefused(file + "/below", StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadBytes(file), "mine");
  WriteBytes(folder_.path() + "/jobs", "in the way");
  ExpectRefused(folder_.path(), StatusCode::kInvalidArgument);
}

TEST_F(StateDirectoryTest, FoldersOfJobsWithoutTheirDatabaseAreRefused) {
  const std::string path = folder_.path() + "/state";
  ASSERT_TRUE(StateDirectory::Open(path).ok());
  std::filesystem::create_directory(path + "/jobs/a-1");
  ExpectRefused(path, StatusCode::kDataLoss);
  WriteBytes(path + "/jobs.sqlite", "");
  ExpectRefused(path, StatusCode::kDataLoss);
  WriteBytes(path + "/jobs.sqlite", "for JobDatabase to judge");
  EXPECT_TRUE(StateDirectory::Open(path).ok());
}

TEST_F(StateDirectoryTest, AFolderThatMayNotBeWrittenIsRefused) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  const WithoutSuperuser nobody(folder_.path());
  if (!nobody.ok()) GTEST_SKIP() << "this superuser cannot give up its rights";
  ExpectRefused(folder_.path(), StatusCode::kPermissionDenied);
  ExpectRefused(folder_.path() + "/new", StatusCode::kPermissionDenied);
}

TEST_F(StateDirectoryTest, AFolderWithoutLockIsNotInUse) {
  EXPECT_EQ(DaemonUsing(folder_.path()).value(), "");
  EXPECT_EQ(DaemonUsing(folder_.path() + "/missing").value(), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(StateDirectoryTest, NetworkFileSystemsAreKnown) {
  EXPECT_EQ(NetworkFileSystem(NFS_SUPER_MAGIC), "NFS");
  for (const uint32_t type : {0x517BU, 0xFE534D42U, 0xFF534D42U}) EXPECT_EQ(NetworkFileSystem(type), "SMB");
  EXPECT_EQ(NetworkFileSystem(CEPH_SUPER_MAGIC), "CephFS");
  EXPECT_EQ(NetworkFileSystem(0x0BD00BD0), "Lustre");
  for (const uint32_t type : std::initializer_list<uint32_t>{EXT4_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC}) {
    EXPECT_EQ(NetworkFileSystem(type), "");
  }
}

}  // namespace
}  // namespace recurve
