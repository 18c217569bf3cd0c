// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/host_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/process/granted.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cpu {
namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;

class HeapMemory final : public DeviceMemory {
 public:
  HeapMemory(void* data, int64_t size) : data_(static_cast<std::byte*>(data)), size_(size) {}
  ~HeapMemory() override { std::free(data_); }
  HeapMemory(const HeapMemory&) = delete;
  HeapMemory& operator=(const HeapMemory&) = delete;

  std::byte* data() override { return data_; }
  int64_t size() const override { return size_; }

 private:
  std::byte* const data_;
  const int64_t size_;
};

// A separate mapping, which is returned to the system at once when freed; the heap would keep some pages.
class MappedMemory final : public DeviceMemory {
 public:
  // `mapping` has room for alignment to a huge page.
  MappedMemory(void* mapping, int64_t mapped, int64_t size)
      : mapping_(mapping),
        mapped_(mapped),
        data_(reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(mapping) + kHugePage - 1) / kHugePage *
                                           kHugePage)),
        size_(size) {
    madvise(mapping_, mapped_, MADV_DONTDUMP);  // weights and states are no business of those who read core dumps
#if defined(MADV_HUGEPAGE)
    // Reduces TLB misses where the system follows the advice. The tail is excluded: it would occupy a whole huge page.
    madvise(data_, size / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  }
  ~MappedMemory() override { munmap(mapping_, mapped_); }
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;

  std::byte* data() override { return data_; }
  int64_t size() const override { return size_; }

 private:
  void* const mapping_;
  const int64_t mapped_;
  std::byte* const data_;
  const int64_t size_;
};

absl::Status Refused(int64_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat("the system refused to allocate ", bytes,
                                                   " bytes; lower the memory budget, or allow more (ulimit -v)"));
}

}  // namespace

absl::Status CheckAvailable(int64_t bytes) {
  const MemoryGrant grant = GrantedMemory();
  if (bytes <= grant.available_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      grant.granted_by, " has ", grant.available_bytes, " bytes of memory available of ", grant.limit_bytes,
      ", fewer than the ", bytes, " requested; lower the memory budget, or raise the limit"));
}

absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHostMemory(int64_t bytes) {
  if (bytes < 0) return absl::InvalidArgumentError(absl::StrCat("cannot allocate ", bytes, " bytes"));
  RETURN_IF_ERROR(CheckAvailable(bytes));
  if (bytes < kHugePage) {
    // aligned_alloc accepts only multiples of the alignment.
    void* data = std::aligned_alloc(kAlignment, AlignUp(std::max<int64_t>(bytes, 1)));
    if (data == nullptr) return Refused(bytes);
    return std::make_unique<HeapMemory>(data, bytes);
  }
  const int64_t mapped = bytes + kHugePage;
  void* mapping = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return Refused(bytes);
  return std::make_unique<MappedMemory>(mapping, mapped, bytes);
}

}  // namespace recurve::cpu
