// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/doctor/machine_checks.h"
#include "planner_service/process/control_groups.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kNoGpu[] = "no GPU; jobs run on the CPU";

// What the system says of NVIDIA's GPUs, without CUDA.
struct GpusOfSystem {
  int on_bus = 0;        // PCI devices
  int device_files = 0;  // /dev/nvidia0, ..., made by the driver
  bool driver = false;   // the kernel module is loaded

  bool any() const { return on_bus > 0 || device_files > 0; }
};

GpusOfSystem ReadGpusOfSystem(const std::string& root) {
  GpusOfSystem gpus;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(root + "/dev", error)) {
    const std::string name = file.path().filename().string();
    if (absl::StartsWith(name, "nvidia") && name.size() > 6 && absl::ascii_isdigit(name[6])) ++gpus.device_files;
  }
  for (const auto& device : std::filesystem::directory_iterator(root + "/sys/bus/pci/devices", error)) {
    const std::string path = device.path().string();
    const bool nvidia = ReadLine(path + "/vendor") == "0x10de";
    if (nvidia && absl::StartsWith(ReadLine(path + "/class"), "0x03")) ++gpus.on_bus;  // display controllers
  }
  gpus.driver = std::filesystem::exists(root + "/proc/driver/nvidia/version", error);
  return gpus;
}

Finding OfUnusedGpu(const GpusOfSystem& gpus) {
  if (!gpus.any()) return {.found = kNoGpu};
  return {Severity::kWarning, "this machine has a GPU, but this program was built without CUDA; jobs run on the CPU",
          "build the preset cuda (docs/gpu.md), or ignore this if the CPU is to do the work"};
}

// CUDA sees no GPU.
Finding OfMissingGpu(const absl::Status& why, const GpusOfSystem& gpus) {
  if (!gpus.any()) return {.found = kNoGpu};
  if (!gpus.driver) {
    return {Severity::kFailure, "this machine has a GPU, but the NVIDIA driver is not loaded",
            "install the driver, load it with modprobe nvidia, and see dmesg if that fails"};
  }
  if (gpus.device_files == 0) {
    return {Severity::kFailure, "the NVIDIA driver is loaded, but there is no /dev/nvidia0 here",
            "start the container with access to the GPU, such as --gpus all or --device nvidia.com/gpu=all"};
  }
  return FindingOf(Severity::kFailure, why, "see whether nvidia-smi lists the GPU");
}

}  // namespace

GpuFacts ReadGpuFacts(bool cuda) {
  GpuFacts facts{.cuda = cuda, .none = CheckDeviceAvailable("cuda:0")};
  for (const DeviceMemoryBytes& device : ListDevices()) {
    if (device.name != "cpu") facts.gpus.push_back({device, CheckDeviceAvailable(device.name)});
  }
  return facts;
}

std::vector<Finding> CheckGpus(const GpuFacts& facts, const std::string& root) {
  if (!facts.cuda) return {OfUnusedGpu(ReadGpusOfSystem(root))};
  if (facts.gpus.empty()) return {OfMissingGpu(facts.none, ReadGpusOfSystem(root))};
  std::vector<Finding> findings;
  for (const GpuFacts::Gpu& gpu : facts.gpus) {
    if (!gpu.usable.ok()) {
      findings.push_back(FindingOf(Severity::kFailure, gpu.usable, "see whether nvidia-smi lists the GPU"));
    } else {
      findings.push_back({.found = absl::StrCat(gpu.memory.name, ": ", FormatBytesRounded(gpu.memory.free), " free of ",
                                                FormatBytesRounded(gpu.memory.total))});
    }
  }
  return findings;
}

}  // namespace recurve
