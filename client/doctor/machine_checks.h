// SPDX-License-Identifier: Apache-2.0
//
// Checks of the machine. Those with facts judge only these. `root` is the directory that contains dev/, proc/ and sys/,
// for tests; empty: that of the machine.
#ifndef RECURVE_CLIENT_DOCTOR_MACHINE_CHECKS_H_
#define RECURVE_CLIENT_DOCTOR_MACHINE_CHECKS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/doctor/finding.h"
#include "executor/job/job_backend.h"

namespace recurve {

// What CUDA says of the GPUs.
struct GpuFacts {
  struct Gpu {
    DeviceMemoryBytes memory;
    absl::Status usable;  // see CheckDevice
  };
  bool cuda = false;      // this program was built with CUDA
  std::vector<Gpu> gpus;  // that CUDA sees
  absl::Status none;      // why it sees none
};
GpuFacts ReadGpuFacts(bool cuda);
std::vector<Finding> CheckGpus(const GpuFacts& facts, const std::string& root = "");

struct ProcessorFacts {
  std::string instruction_set;  // of the fastest kernels that run here, see cpu::InstructionSets
  int threads = 0;              // granted to this process
  int processors = 0;           // of the machine
  std::optional<double> quota;  // in processors
};
ProcessorFacts ReadProcessorFacts();
std::vector<Finding> CheckProcessors(const ProcessorFacts& facts);

std::vector<Finding> CheckMemory(const std::string& root = "");

struct LimitFacts {
  // The hard limits of getrlimit, RLIM_INFINITY: none.
  uint64_t open_files = 0;
  uint64_t address_space_bytes = 0;
  uint64_t file_bytes = 0;
  absl::Status threads;  // whether the threads of a daemon can be started
};
LimitFacts ReadLimitFacts();
std::vector<Finding> CheckLimits(const LimitFacts& facts);

struct ClockFacts {
  std::chrono::system_clock::time_point now;
  std::chrono::system_clock::time_point program_written;  // when the file of this program was
  std::optional<bool> synchronized;                       // with a time server; nullopt: not known
};
ClockFacts ReadClockFacts();
std::vector<Finding> CheckClock(const ClockFacts& facts);

}  // namespace recurve

#endif  // RECURVE_CLIENT_DOCTOR_MACHINE_CHECKS_H_
