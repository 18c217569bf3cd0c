// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/granted.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

// A machine as described by files of its kernel.
class GrantedTest : public testing::Test {
 protected:
  GrantedTest() {
    Write("proc/meminfo", "MemTotal:       1048576 kB\nMemFree:        1024 kB\nMemAvailable:    786432 kB\n");
  }
  void Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = scratch_.File(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void InVersion2(const std::string& group, const std::string& top = "/") const {
    Write("proc/self/cgroup", "0::" + group + "\n");
    Write("proc/self/mountinfo", "22 1 0:20 / /proc rw shared:1 - proc proc rw\n31 22 0:28 " + top +
                                     " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n");
  }
  void InVersion1(const std::string& group) const {
    Write("proc/self/cgroup", "5:memory:" + group + "\n3:cpu,cpuacct:" + group + "\n1:name=systemd:/\n0::/\n");
    Write("proc/self/mountinfo",
          "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  }
  std::optional<double> Quota() const { return ProcessorQuota(scratch_.path()); }
  MemoryGrant Memory() const { return GrantedMemory(scratch_.path()); }

  const ScratchDirectory scratch_;
};

TEST_F(GrantedTest, WithoutControlGroupsTheMachineGrantsAll) {
  EXPECT_EQ(Quota(), std::nullopt);
  EXPECT_EQ(Memory().limit_bytes, 1024 * kMiB);
  EXPECT_EQ(Memory().available_bytes, 768 * kMiB);
  EXPECT_EQ(Memory().granted_by, "the machine");
}

TEST_F(GrantedTest, NoLimitInVersion2IsNone) {
  InVersion2("/batch/job7");
  Write("sys/fs/cgroup/batch/job7/cpu.max", "max 100000\n");
  Write("sys/fs/cgroup/batch/job7/memory.max", "max\n");
  EXPECT_EQ(Quota(), std::nullopt);
  EXPECT_EQ(Memory().granted_by, "the machine");
}

TEST_F(GrantedTest, LimitsOfVersion2LeaveTheCacheToTheProcess) {
  InVersion2("/batch/job7");
  Write("sys/fs/cgroup/batch/job7/cpu.max", "150000 100000\n");
  Write("sys/fs/cgroup/batch/job7/memory.max", std::to_string(100 * kMiB));
  Write("sys/fs/cgroup/batch/job7/memory.current", std::to_string(60 * kMiB));
  Write("sys/fs/cgroup/batch/job7/memory.stat",
        "anon 1000\ninactive_file " + std::to_string(20 * kMiB) + "\nactive_file " + std::to_string(10 * kMiB) + "\n");
  EXPECT_DOUBLE_EQ(Quota().value(), 1.5);
  EXPECT_EQ(Memory().limit_bytes, 100 * kMiB);
  EXPECT_EQ(Memory().available_bytes, 70 * kMiB);
  EXPECT_EQ(Memory().granted_by, "the control group /batch/job7");
}

TEST_F(GrantedTest, TheSmallestLimitOfAllGroupsAboveHolds) {
  InVersion2("/batch/job7");
  Write("sys/fs/cgroup/batch/job7/cpu.max", "400000 100000\n");
  Write("sys/fs/cgroup/batch/cpu.max", "100000 50000\n");
  Write("sys/fs/cgroup/batch/job7/memory.max", std::to_string(200 * kMiB));
  Write("sys/fs/cgroup/batch/memory.max", "max");
  Write("sys/fs/cgroup/batch/memory.high", std::to_string(50 * kMiB));
  Write("sys/fs/cgroup/batch/memory.current", std::to_string(60 * kMiB));
  EXPECT_DOUBLE_EQ(Quota().value(), 2);
  EXPECT_EQ(Memory().limit_bytes, 50 * kMiB);
  EXPECT_EQ(Memory().available_bytes, 0);
  EXPECT_EQ(Memory().granted_by, "the control group /batch");
}

TEST_F(GrantedTest, LimitsOfVersion1) {
  InVersion1("/docker/ab12");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/ab12/cpu.cfs_quota_us", "50000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/ab12/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/memory/docker/ab12/memory.limit_in_bytes", std::to_string(64 * kMiB));
  Write("sys/fs/cgroup/memory/docker/ab12/memory.usage_in_bytes", std::to_string(32 * kMiB));
  Write("sys/fs/cgroup/memory/docker/ab12/memory.stat",
        "inactive_file 4096\ntotal_inactive_file " + std::to_string(8 * kMiB) + "\ntotal_active_file 0\n");
  EXPECT_DOUBLE_EQ(Quota().value(), 0.5);
  EXPECT_EQ(Memory().limit_bytes, 64 * kMiB);
  EXPECT_EQ(Memory().available_bytes, 40 * kMiB);
}

TEST_F(GrantedTest, NoLimitInVersion1IsMinusOneOrMoreThanThereIs) {
  InVersion1("/");
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Quota(), std::nullopt);
  EXPECT_EQ(Memory().granted_by, "the machine");
}

// A container sees its own group as the top, under the name used outside.
TEST_F(GrantedTest, AContainerSeesItsGroupAtTheTop) {
  for (const std::string group : {"/docker/ab12", "/elsewhere", "/../ab12", "/docker/ab123"}) {
    InVersion2(group, /*top=*/"/docker/ab12");
    Write("sys/fs/cgroup/cpu.max", "300000 100000\n");
    Write("sys/fs/cgroup/memory.max", std::to_string(30 * kMiB));
    EXPECT_DOUBLE_EQ(Quota().value_or(0), 3) << group;
    EXPECT_EQ(Memory().limit_bytes, 30 * kMiB) << group;
  }
}

TEST_F(GrantedTest, NonsenseIsNoLimit) {
  for (const std::string nonsense : {"", "\n", "many", "-5", "100000", "1 2 3", "0 0", "99999999999999999999 100000"}) {
    InVersion2("/a");
    Write("sys/fs/cgroup/a/cpu.max", nonsense);
    EXPECT_EQ(Quota(), std::nullopt) << nonsense;
    Write("proc/self/mountinfo", nonsense);
    Write("proc/self/cgroup", nonsense);
    EXPECT_EQ(Memory().granted_by, "the machine");
  }
}

TEST(Granted, ProcessorsThatAffinityLeaves) {
  EXPECT_GE(GrantedProcessors(), 1);
  int granted = 0;
  std::thread([&granted] {  // affinity is per thread
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    granted = GrantedProcessors();
  })
      .join();
  EXPECT_EQ(granted, 1);
}

// A control group of version 1 or 2 with a quota of half a processor; empty if this user may not create one.
std::string MakeRealGroup() {
  const std::string name = "/recurve-test-" + std::to_string(getpid());
  for (const std::string top : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"}) {
    const bool unified = std::filesystem::exists(top + "/cgroup.controllers");
    if (!unified && !std::filesystem::exists(top + "/cpu.cfs_quota_us")) continue;
    std::error_code error;
    if (!std::filesystem::create_directory(top + name, error)) continue;
    std::ofstream quota(top + name + (unified ? "/cpu.max" : "/cpu.cfs_quota_us"));
    quota << (unified ? "50000 100000" : "50000") << std::flush;
    if (quota) return top + name;
    std::filesystem::remove(top + name, error);
  }
  return "";
}

TEST(Granted, ProcessorsThatARealControlGroupGrants) {
  const std::string group = MakeRealGroup();
  if (group.empty()) GTEST_SKIP() << "needs control groups that this user may make";
  const pid_t child = fork();
  if (child == 0) {
    std::ofstream(group + "/cgroup.procs") << getpid() << std::flush;
    _exit(ProcessorQuota().value_or(0) == 0.5 && GrantedProcessors() == 1 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::filesystem::remove(group);
  EXPECT_EQ(status, 0);
}

TEST(Granted, ResidentMemoryIsCounted) {
  constexpr int64_t kBytes = 64 * kMiB;
  const int64_t before = ResidentBytes();
  const std::vector<char> block(kBytes, 1);
  EXPECT_GE(ResidentBytes(), before + kBytes * 9 / 10);
  EXPECT_GE(PeakResidentBytes(), ResidentBytes() * 9 / 10);
  EXPECT_NE(block[kBytes / 2], 0);
}

}  // namespace
}  // namespace recurve
