// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/machine_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "client/doctor/checks.h"
#include "tests/client/doctor/finding_matchers.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A machine as described by files of its kernel.
class MachineChecksTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = root_.File(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void HasMemory(const std::string& more = "") const {
    Write("proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n" + more);
  }
  void HasGpuOnBus() const {
    Write("sys/bus/pci/devices/0000:3b:00.0/vendor", "0x10de\n");
    Write("sys/bus/pci/devices/0000:3b:00.0/class", "0x030200\n");
  }

  const ScratchDirectory root_;
};

GpuFacts CudaSeesNoGpu() {
  return {.cuda = true, .none = absl::UnavailableError("CUDA found no usable NVIDIA driver; install the driver")};
}

TEST_F(MachineChecksTest, AMachineWithoutGpuIsOk) {
  Write("sys/bus/pci/devices/0000:00:1f.2/vendor", "0x8086\n");
  Write("sys/bus/pci/devices/0000:00:1f.2/class", "0x030000\n");
  Write("sys/bus/pci/devices/0000:00:02.0/vendor", "0x10de\n");
  Write("sys/bus/pci/devices/0000:00:02.0/class", "0x040300\n");  // a sound device
  Write("dev/nvidia-uvm", "");
  for (const GpuFacts& facts : {GpuFacts{}, CudaSeesNoGpu()}) {
    EXPECT_THAT(CheckGpus(facts, root_.path()), ElementsAre(Ok(HasSubstr("no GPU; jobs run on the CPU"))));
  }
}

TEST_F(MachineChecksTest, AGpuThatThisBuildCannotUseIsAWarning) {
  HasGpuOnBus();
  EXPECT_THAT(CheckGpus({}, root_.path()),
              ElementsAre(Warning(HasSubstr("built without CUDA"), HasSubstr("preset cuda"))));
}

TEST_F(MachineChecksTest, AGpuThatCudaDoesNotSeeIsAFailure) {
  HasGpuOnBus();
  EXPECT_THAT(CheckGpus(CudaSeesNoGpu(), root_.path()),
              ElementsAre(Failure(HasSubstr("driver is not loaded"), HasSubstr("install the driver"))));
  Write("proc/driver/nvidia/version", "NVRM version: 580.1");
  EXPECT_THAT(CheckGpus(CudaSeesNoGpu(), root_.path()),
              ElementsAre(Failure(HasSubstr("no /dev/nvidia0"), HasSubstr("--gpus all"))));
  Write("dev/nvidia0", "");
  EXPECT_THAT(CheckGpus(CudaSeesNoGpu(), root_.path()),
              ElementsAre(Failure("CUDA found no usable NVIDIA driver", "install the driver")));
}

TEST_F(MachineChecksTest, EachGpuIsListed) {
  const int64_t gib = int64_t{1} << 30;
  const GpuFacts facts = {.cuda = true,
                          .gpus = {{.memory = {"cuda:0", 80 * gib, 78 * gib}},
                                   {.memory = {"cuda:1", 6 * gib, 6 * gib},
                                    .usable = absl::UnavailableError("device 1 is too old; use a newer GPU")}}};
  EXPECT_THAT(CheckGpus(facts, root_.path()),
              ElementsAre(Ok("cuda:0: 78.0GiB free of 80.0GiB"), Failure("device 1 is too old", "use a newer GPU")));
}

TEST_F(MachineChecksTest, ProcessorsAreThoseGranted) {
  ProcessorFacts facts = {.instruction_set = "avx2", .threads = 64, .processors = 64};
  EXPECT_THAT(CheckProcessors(facts), ElementsAre(Ok("avx2 kernels, 64 threads")));
  facts.threads = 2;
  EXPECT_THAT(CheckProcessors(facts),
              ElementsAre(Ok("avx2 kernels, 2 threads: this process may use only these of 64 processors")));
  facts.quota = 1.5;
  EXPECT_THAT(CheckProcessors(facts),
              ElementsAre(Ok("avx2 kernels, 2 threads: the CPU quota is 1.5 of 64 processors")));
  facts.instruction_set = "portable";
  EXPECT_THAT(CheckProcessors(facts), ElementsAre(Warning(HasSubstr("portable kernels"), HasSubstr("AVX2"))));
}

TEST_F(MachineChecksTest, MemoryIsThatOfTheControlGroup) {
  HasMemory("SwapTotal: 1048576 kB\n");
  EXPECT_THAT(CheckMemory(root_.path()),
              ElementsAre(Ok("4.00GiB available of the 8.00GiB of the machine, 1.00GiB of swap")));
  Write("proc/self/cgroup", "0::/batch/job7\n");
  Write("proc/self/mountinfo", "31 22 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
  Write("sys/fs/cgroup/batch/job7/memory.max", "1073741824\n");
  Write("sys/fs/cgroup/batch/job7/memory.current", "536870912\n");
  EXPECT_THAT(CheckMemory(root_.path()),
              ElementsAre(Ok(HasSubstr("512MiB available of the 1.00GiB of the control group /batch/job7"))));
  Write("sys/fs/cgroup/batch/job7/memory.current", "1000000000\n");
  EXPECT_THAT(CheckMemory(root_.path()), ElementsAre(Warning(HasSubstr("70.3MiB"), HasSubstr("raise the limit"))));
}

TEST_F(MachineChecksTest, MemoryThatTheSystemDoesNotPromiseIsAWarning) {
  HasMemory("CommitLimit: 2097152 kB\nCommitted_AS: 1048576 kB\n");
  Write("proc/sys/vm/overcommit_memory", "0\n");
  EXPECT_THAT(CheckMemory(root_.path()), ElementsAre(Ok(Not(HasSubstr("overcommit")))));
  Write("proc/sys/vm/overcommit_memory", "2\n");
  EXPECT_THAT(CheckMemory(root_.path()),
              ElementsAre(Warning(HasSubstr("only 1.00GiB can be allocated"), HasSubstr("vm.overcommit_memory"))));
  HasMemory("CommitLimit: 20971520 kB\nCommitted_AS: 1048576 kB\n");
  EXPECT_THAT(CheckMemory(root_.path()), ElementsAre(Ok(HasSubstr("4.00GiB available"))));
}

TEST_F(MachineChecksTest, UnknownMemoryIsAWarning) {
  EXPECT_THAT(CheckMemory(root_.path()), ElementsAre(Warning(HasSubstr("unknown"), HasSubstr("/proc"))));
}

TEST_F(MachineChecksTest, LimitsThatADaemonMeetsAreNamed) {
  LimitFacts facts = {.open_files = RLIM_INFINITY, .address_space_bytes = RLIM_INFINITY, .file_bytes = RLIM_INFINITY};
  EXPECT_THAT(CheckLimits(facts), ElementsAre(Ok(HasSubstr("any number"))));
  facts.open_files = 16384;
  EXPECT_THAT(CheckLimits(facts), ElementsAre(Ok(HasSubstr("16384 open files"))));
  facts.open_files = 16383;
  EXPECT_THAT(CheckLimits(facts), ElementsAre(Warning(HasSubstr("16383 open files"), HasSubstr("16384"))));
  facts.open_files = 256;
  EXPECT_THAT(CheckLimits(facts), ElementsAre(Warning(HasSubstr("256 open files"), HasSubstr("LimitNOFILE"))));
  facts.open_files = 255;
  EXPECT_THAT(CheckLimits(facts), ElementsAre(Failure(HasSubstr("255 open files"), HasSubstr("256"))));
  facts = {.open_files = RLIM_INFINITY,
           .address_space_bytes = uint64_t{1} << 30,
           .file_bytes = uint64_t{1} << 20,
           .threads = absl::ResourceExhaustedError("no thread could be started; allow more threads (ulimit -u)")};
  EXPECT_THAT(CheckLimits(facts),
              ElementsAre(Ok(HasSubstr("any number")), Failure("no thread could be started", HasSubstr("ulimit -u")),
                          Warning(HasSubstr("1.00GiB of address space"), HasSubstr("ulimit -v")),
                          Warning(HasSubstr("1.00MiB"), HasSubstr("ulimit -f"))));
}

TEST_F(MachineChecksTest, TheClockIsComparedWithTheProgram) {
  const auto time = system_clock::from_time_t(1'800'000'000);
  EXPECT_THAT(CheckClock({time, time, true}), ElementsAre(Ok("2027-01-15 08:00:00 UTC, synchronized")));
  EXPECT_THAT(CheckClock({time, time + hours(24), std::nullopt}), ElementsAre(Ok(HasSubstr("does not say"))));
  EXPECT_THAT(CheckClock({time, time, false}),
              ElementsAre(Warning(HasSubstr("not synchronized"), HasSubstr("chrony"))));
  EXPECT_THAT(CheckClock({time, time + hours(25), true}),
              ElementsAre(Failure(HasSubstr("2027-01-15 08:00:00 UTC is before 2027-01-16 09:00:00 UTC"),
                                  HasSubstr("chrony"))));
}

TEST_F(MachineChecksTest, ThisMachineIsRead) {
  EXPECT_GE(ReadProcessorFacts().threads, 1);
  EXPECT_THAT(ReadProcessorFacts().instruction_set, Not(""));
  EXPECT_GT(ReadLimitFacts().open_files, 0u);
  EXPECT_TRUE(ReadLimitFacts().threads.ok());
  EXPECT_GT(ReadClockFacts().now, ReadClockFacts().program_written - hours(1));
  EXPECT_EQ(ReadGpuFacts(false).cuda, false);
  for (const Check& check : MachineChecks()) EXPECT_FALSE(check.run({}).empty()) << check.name;
}

}  // namespace
}  // namespace recurve
