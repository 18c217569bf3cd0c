// SPDX-License-Identifier: Apache-2.0
//
// State directories on real file systems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "client/doctor/daemon_checks.h"
#include "executor/store/state_directory.h"
#include "tests/client/doctor/finding_matchers.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;

class StateCheckTest : public testing::Test {
 protected:
  const ScratchDirectory scratch_;
};

TEST_F(StateCheckTest, ADirectoryThatCanBeMadeIsNotMade) {
  const std::string path = scratch_.File("a/b");
  EXPECT_THAT(CheckStateDirectory(path), ElementsAre(Ok(path + " can be made"), _, _));
  EXPECT_EQ(scratch_.Count(), 0);
}

TEST_F(StateCheckTest, AnExistingDirectoryStaysAsItIs) {
  EXPECT_THAT(CheckStateDirectory(scratch_.path()),
              ElementsAre(Ok(scratch_.path() + " can be used"), testing::Field(&Finding::found, HasSubstr("free")),
                          testing::Field(&Finding::found, HasSubstr("median of 9"))));
  EXPECT_EQ(scratch_.Count(), 0);
}

TEST_F(StateCheckTest, TheDaemonThatUsesItIsNamed) {
  const auto directory = StateDirectory::Open(scratch_.path()).value();
  directory->SayAddress("127.0.0.1:7402");
  const std::string daemon = "process " + std::to_string(getpid()) + " at 127.0.0.1:7402";
  EXPECT_THAT(CheckStateDirectory(scratch_.path()), ElementsAre(Ok(HasSubstr("is used by " + daemon)), _, _));
}

TEST_F(StateCheckTest, WhatCannotBeWrittenFails) {
  const std::string file = scratch_.Write("file", "mine");
  EXPECT_THAT(CheckStateDirectory(file), ElementsAre(Failure(HasSubstr("Not a directory"), HasSubstr("--state-dir"))));
  EXPECT_THAT(CheckStateDirectory("/proc/recurve"), ElementsAre(Failure(HasSubstr("/proc"), HasSubstr("--state-dir"))));
}

TEST_F(StateCheckTest, NoDefaultIsAWarning) {
  EXPECT_THAT(CheckStateDirectory(""), ElementsAre(Warning(HasSubstr("HOME"), HasSubstr("--state-dir"))));
}

TEST_F(StateCheckTest, AFullFileSystemInMemoryFails) {
  if (mount("recurve-test", scratch_.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "only a superuser may mount a file system";
  }
  EXPECT_THAT(
      CheckStateDirectory(scratch_.path()),
      ElementsAre(Ok(_), Warning(HasSubstr("tmpfs, 64.0KiB free; it is in memory"), HasSubstr("--state-dir")), _));
  std::ofstream(scratch_.File("filler")) << std::string(1 << 20, 'x');
  EXPECT_THAT(CheckStateDirectory(scratch_.path()),
              ElementsAre(Failure(HasSubstr("No space left"), HasSubstr("--state-dir"))));
  umount(scratch_.path().c_str());
}

}  // namespace
}  // namespace recurve
