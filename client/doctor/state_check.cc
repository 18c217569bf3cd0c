// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/doctor/daemon_checks.h"
#include "executor/data/posix_error.h"
#include "executor/store/state_directory.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr char kOtherDirectory[] =
    "give a --state-dir that the user of the daemon can write, on a local disk with space";
constexpr int64_t kLittleSpace = int64_t{1} << 30;  // checkpoints of one model of average size take as much
// A daemon syncs its database several times for each job, and its clients wait for that.
constexpr Milliseconds kSlowSync{50};
constexpr int kSyncs = 9;

// File systems by their type in statfs, and those whose content does not last.
struct FileSystemType {
  uint32_t type;
  std::string_view name, loss;
};
constexpr std::array kFileSystems = {
    FileSystemType{EXT4_SUPER_MAGIC, "ext4", ""},
    FileSystemType{XFS_SUPER_MAGIC, "XFS", ""},
    FileSystemType{BTRFS_SUPER_MAGIC, "Btrfs", ""},
    FileSystemType{TMPFS_MAGIC, "tmpfs", "is in memory and lost at a restart of the machine"},
    FileSystemType{RAMFS_MAGIC, "ramfs", "is in memory and lost at a restart of the machine"},
    FileSystemType{OVERLAYFS_SUPER_MAGIC, "overlay", "is lost with the container"},
};

FileSystemType TypeOf(const std::string& place) {
  struct statfs system {};
  if (statfs(place.c_str(), &system) != 0) return {0, "unknown", ""};
  for (const FileSystemType& known : kFileSystems) {
    if (known.type == static_cast<uint32_t>(system.f_type)) return known;
  }
  return {0, "another kind", ""};
}

// The median time that it takes to write a block and sync it. Leaves no file behind.
absl::StatusOr<Milliseconds> MeasureSync(const std::string& directory) {
  std::string path = directory + "/recurve-doctor-XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return PosixError(errno, "create a file in", directory);
  const absl::Cleanup closing = [fd] { close(fd); };
  unlink(path.c_str());
  const std::array<char, 4096> block{};
  std::array<Milliseconds, kSyncs> times{};
  for (Milliseconds& time : times) {
    const auto start = std::chrono::steady_clock::now();
    if (write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size()) || fsync(fd) != 0) {
      return PosixError(errno, "write a file in", directory);
    }
    time = std::chrono::steady_clock::now() - start;
  }
  std::nth_element(times.begin(), times.begin() + kSyncs / 2, times.end());
  return times[kSyncs / 2];
}

Finding OfFileSystem(const std::string& place) {
  const FileSystemType type = TypeOf(place);
  struct statvfs space {};
  const int64_t free = statvfs(place.c_str(), &space) == 0 ? static_cast<int64_t>(space.f_bavail * space.f_frsize) : 0;
  std::string found = absl::StrCat(std::string(type.name), ", ", FormatBytesRounded(free), " free");
  if (!type.loss.empty()) {
    return {Severity::kWarning, absl::StrCat(found, "; it ", std::string(type.loss)),
            "give a --state-dir on a disk, in a container on a volume, if jobs are to survive that"};
  }
  if (free >= kLittleSpace) return {.found = found};
  return {Severity::kWarning, found, "free space, or give a --state-dir on a larger disk: checkpoints are kept there"};
}

Finding OfSync(Milliseconds median) {
  const std::string found =
      absl::StrFormat("writes of 4KiB reach the disk in %.3gms (median of %d)", median.count(), kSyncs);
  if (median <= kSlowSync) return {.found = found};
  return {Severity::kWarning, absl::StrCat(found, ", more than ", kSlowSync.count(), "ms"),
          "give a --state-dir on a faster disk, or relieve this one: a daemon waits for such writes at each change of "
          "a job"};
}

}  // namespace

std::vector<Finding> CheckStateDirectory(const std::string& path) {
  if (path.empty()) {
    return {{Severity::kWarning, "there is no default, because HOME is not set", "set HOME, or give --state-dir"}};
  }
  if (const absl::Status unusable = StateDirectory::Check(path); !unusable.ok()) {
    return {FindingOf(Severity::kFailure, unusable, kOtherDirectory)};
  }
  const std::string place = ExistingPartOf(path);
  const absl::StatusOr<Milliseconds> median = MeasureSync(place);
  if (!median.ok()) return {FindingOf(Severity::kFailure, median.status(), kOtherDirectory)};
  const absl::StatusOr<std::string> daemon = DaemonUsing(path);
  if (!daemon.ok())
    return {FindingOf(Severity::kFailure, daemon.status(), "run recurve doctor as the user of the daemon")};
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  return {{.found = absl::StrCat(path, !exists           ? " can be made"
                                       : daemon->empty() ? " can be used"
                                                         : absl::StrCat(" is used by ", *daemon))},
          OfFileSystem(place),
          OfSync(*median)};
}

}  // namespace recurve
