// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/crash_marker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace recurve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CrashMarkerTest : public testing::Test {
 protected:
  CrashMarkerTest() : path_(testing::TempDir() + "/crashes" + std::to_string(getpid())) {}
  ~CrashMarkerTest() override { std::filesystem::remove(path_); }

  // Runs `body` in a child process that watches for crashes; returns its wait status.
  template <typename Body>
  int InChild(const Body& body) {
    const pid_t child = fork();
    if (child == 0) {
      if (!WatchForCrashes(path_).ok()) std::_Exit(99);
      body();
      std::_Exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  // What a daemon that starts now finds.
  CrashReport Report() {
    CrashReport report = ReadCrashReport(path_);
    EXPECT_TRUE(WatchForCrashes(path_).ok());
    StopWatchingForCrashes(path_);
    return report;
  }

  const std::string path_;
};

TEST_F(CrashMarkerTest, AFaultIsAttributedToTheJobOfItsThread) {
  const int status = InChild([] {
    std::thread([] {
      const CrashScope scope(12);
      std::raise(SIGSEGV);
    }).join();
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  const CrashReport report = Report();
  EXPECT_TRUE(report.fault);
  EXPECT_THAT(report.suspects, ElementsAre(12));
  EXPECT_FALSE(Report().fault) << "it is reported once";
}

TEST_F(CrashMarkerTest, AFaultElsewhereHasNoSuspect) {
  EXPECT_TRUE(WIFSIGNALED(InChild([] {
    { const CrashScope scope(12); }
    std::abort();
  })));
  const CrashReport report = Report();
  EXPECT_TRUE(report.fault);
  EXPECT_THAT(report.suspects, IsEmpty());
}

TEST_F(CrashMarkerTest, AKilledProcessHadNoFault) {
  EXPECT_TRUE(WIFSIGNALED(InChild([] { std::raise(SIGKILL); })));
  EXPECT_FALSE(Report().fault);
}

// The counter of the kernel cannot be raised here, so the file is changed instead.
TEST_F(CrashMarkerTest, AProcessKilledForLackOfMemoryMakesAllJobsSuspects) {
  EXPECT_TRUE(WIFSIGNALED(InChild([] { std::raise(SIGKILL); })));
  std::ifstream before(path_);
  std::string boot;
  int64_t kills = 0;
  if (!(before >> boot >> kills)) GTEST_SKIP() << "this kernel does not count the processes it kills";
  std::ofstream(path_) << boot << " " << kills - 1 << "\n";
  EXPECT_TRUE(Report().fault);
  EXPECT_TRUE(WIFSIGNALED(InChild([] { std::raise(SIGKILL); })));
  std::ofstream(path_) << "another-boot " << kills - 1 << "\n";
  EXPECT_FALSE(Report().fault) << "the counter starts again with the machine";
}

TEST_F(CrashMarkerTest, NonsenseInTheFileIsIgnored) {
  std::ofstream(path_) << "\nfault\nfault x\nfoo 7\n\xff\xff";
  EXPECT_FALSE(Report().fault);
}

}  // namespace
}  // namespace recurve
