// SPDX-License-Identifier: Apache-2.0
#include "executor/store/state_directory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/atomic_file.h"
#include "executor/data/posix_error.h"
#include "planner_service/process/environment.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr int kLockAttempts = 20;
constexpr std::chrono::milliseconds kLockDelay{50};

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && !std::filesystem::is_directory(path, error)) error = std::make_error_code(std::errc::not_a_directory);
  if (!error) return absl::OkStatus();
  absl::Status status = PosixError(error.value(), "use the state directory", path);
  if (error != std::errc::not_a_directory) return status;
  return absl::InvalidArgumentError(status.message());
}

absl::Status CheckIsLocal(const std::string& path) {
  struct statfs system {};
  if (statfs(path.c_str(), &system) != 0) return PosixError(errno, "use the state directory", path);
  const std::string_view name = NetworkFileSystem(static_cast<uint32_t>(system.f_type));
  if (name.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the state directory ", path, " is on a network file system, ", std::string(name),
                   ", on which databases cannot be shared or locked safely; give a --state-dir on a local disk"));
}

absl::StatusOr<std::string> MakeTemporary() {
  std::string path = StateDirectory::TemporaryParent() + "/recurve-executor-XXXXXX";
  if (mkdtemp(path.data()) != nullptr) return path;
  return PosixError(errno, "create the temporary state directory", path);
}

// What the daemon that holds the lock has written into it.
std::string HolderOf(int lock) {
  std::array<char, 512> text{};
  const ssize_t size = pread(lock, text.data(), text.size(), 0);
  return size > 0 ? Printable(std::string(text.data(), static_cast<size_t>(size))) : "another daemon";
}

std::string LockOf(const std::string& path) { return path + "/lock"; }

}  // namespace

std::string StateDirectory::TemporaryParent() {
  std::string parent = EnvironmentVariable("TMPDIR");
  return parent.empty() ? "/tmp" : parent;
}

absl::StatusOr<std::unique_ptr<StateDirectory>> StateDirectory::Open(const std::string& path) {
  std::string absolute = path;
  if (path.empty()) {
    ASSIGN_OR_RETURN(absolute, MakeTemporary());
  } else {
    std::error_code ignored;
    absolute = std::filesystem::absolute(path, ignored).lexically_normal().string();
  }
  std::unique_ptr<StateDirectory> directory(new StateDirectory(std::move(absolute), path.empty()));
  std::error_code ignored;
  const bool is_new = !std::filesystem::exists(directory->path(), ignored);
  RETURN_IF_ERROR(MakeDirectories(directory->path()));
  // Specifications name files and owners, which are not for everybody.
  if (is_new && chmod(directory->path().c_str(), 0700) != 0) {
    return PosixError(errno, "restrict access to the state directory", directory->path());
  }
  RETURN_IF_ERROR(CheckIsLocal(directory->path()));
  RETURN_IF_ERROR(directory->Lock());
  RETURN_IF_ERROR(MakeDirectories(directory->jobs()));
  RETURN_IF_ERROR(MakeDirectories(directory->uploads()));
  RETURN_IF_ERROR(directory->CheckDatabase());
  return directory;
}

absl::Status StateDirectory::Check(const std::string& path) {
  const std::string place = ExistingPartOf(path);
  std::error_code error;
  if (!std::filesystem::is_directory(place, error) && !error) {
    return absl::InvalidArgumentError(PosixError(ENOTDIR, "use the state directory", place).message());
  }
  if (access(place.c_str(), W_OK | X_OK) != 0) return PosixError(errno, "use the state directory", place);
  return CheckIsLocal(place);
}

// With an empty database, a daemon would start without the jobs to which these folders belong, and nobody would notice.
absl::Status StateDirectory::CheckDatabase() const {
  std::error_code error;
  if (std::filesystem::file_size(database(), error) > 0 && !error) return absl::OkStatus();
  if (std::filesystem::is_empty(jobs(), error) || error) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(database(), " is missing or empty, but ", jobs(),
                                          " holds folders of jobs: restore the database, or move the folders away"));
}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) close(lock_);
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(path_, ignored);
}

absl::Status StateDirectory::Lock() {
  const std::string path = LockOf(path_);
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return PosixError(errno, "use the state directory", path);
  // A killed daemon may take a moment to release it.
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    if (flock(lock_, LOCK_EX | LOCK_NB) == 0) {
      SayAddress("");
      return absl::OkStatus();
    }
    if (errno != EWOULDBLOCK) return PosixError(errno, "lock", path);
    std::this_thread::sleep_for(kLockDelay);
  }
  return absl::FailedPreconditionError(absl::StrCat("the state directory ", path_, " is in use by ", HolderOf(lock_),
                                                    "; stop that one, or give another --state-dir"));
}

void StateDirectory::SayAddress(const std::string& address) {
  const std::string text = absl::StrCat("process ", getpid(), address.empty() ? "" : " at ", address);
  if (ftruncate(lock_, 0) != 0) return;  // only a message to people
  (void)pwrite(lock_, text.data(), text.size(), 0);
}

std::string ExistingPartOf(const std::string& path) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(path, error).lexically_normal();
  while (!std::filesystem::exists(place, error) && !error && place.has_relative_path()) place = place.parent_path();
  return place.string();
}

absl::StatusOr<std::string> DaemonUsing(const std::string& path) {
  const int lock = open(LockOf(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0 && errno == ENOENT) return "";
  if (lock < 0) return PosixError(errno, "read", LockOf(path));
  // A daemon that starts meanwhile tries again for longer than this shared lock is held.
  const bool held = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const std::string holder = held ? HolderOf(lock) : "";
  close(lock);
  return holder;
}

std::string_view NetworkFileSystem(uint32_t type) {
  // Those that <linux/magic.h> lacks.
  constexpr uint32_t kLustre = 0x0BD00BD0;
  constexpr uint32_t kGpfs = 0x47504653;
  switch (type) {
    case AFS_SUPER_MAGIC:
      return "AFS";
    case CEPH_SUPER_MAGIC:
      return "CephFS";
    case kGpfs:
      return "GPFS";
    case kLustre:
      return "Lustre";
    case NFS_SUPER_MAGIC:
      return "NFS";
    case SMB_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
      return "SMB";
    default:
      return "";
  }
}

std::string DefaultStateDirectory() {
  if (std::string systemd = EnvironmentVariable("STATE_DIRECTORY"); !systemd.empty())
    return systemd.substr(0, systemd.find(':'));
  if (const std::string state = EnvironmentVariable("XDG_STATE_HOME"); !state.empty())
    return state + "/recurve/executor";
  if (const std::string home = EnvironmentVariable("HOME"); !home.empty())
    return home + "/.local/state/recurve/executor";
  return "";
}

}  // namespace recurve
