// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/host_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace recurve::cpu {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;

class HostMemory final : public DeviceMemory {
 public:
  HostMemory(void* data, int64_t size) : data_(static_cast<std::byte*>(data)), size_(size) {}
  ~HostMemory() override { std::free(data_); }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  std::byte* data() override { return data_; }
  int64_t size() const override { return size_; }

 private:
  std::byte* const data_;
  const int64_t size_;
};

// What the system could give without swapping; the largest number when it does not say.
int64_t AvailableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  int64_t kib = 0;
  std::string unit;
  while (file >> name >> kib && std::getline(file, unit)) {
    if (name == "MemAvailable:") return kib * 1024;
  }
  return std::numeric_limits<int64_t>::max();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHostMemory(int64_t bytes) {
  if (bytes < 0) return absl::InvalidArgumentError(absl::StrCat("cannot allocate ", bytes, " bytes"));
  const int64_t available = AvailableBytes();
  if (bytes > available) {
    return absl::ResourceExhaustedError(absl::StrCat("the machine has ", available,
                                                     " bytes of memory available, fewer than the ", bytes,
                                                     " asked for; lower the memory budget"));
  }
  // aligned_alloc takes multiples of the alignment only.
  const int64_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  const int64_t rounded = (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void* data = std::aligned_alloc(alignment, rounded);
  if (data == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("the system refused ", bytes, " bytes; lower the memory budget"));
  }
#if defined(MADV_HUGEPAGE)
  if (bytes >= kHugePage)
    madvise(data, rounded, MADV_HUGEPAGE);  // only advice: fewer misses of the TLB where it is taken
#endif
  return std::make_unique<HostMemory>(data, bytes);
}

}  // namespace recurve::cpu
