// SPDX-License-Identifier: Apache-2.0
#include "executor/data/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>
#include <vector>

namespace recurve {
namespace {

constexpr int kLookups = 128;      // of one lookup that renames disturb
constexpr int kMostSymlinks = 40;  // Linux's limit
constexpr size_t kMostLevels = 256;

// The target of a symbolic link; empty with errno otherwise, EINVAL for a file that is no link.
std::string ReadLink(int directory, const std::string& name) {
  std::array<char, PATH_MAX> target;
  const ssize_t bytes = readlinkat(directory, name.c_str(), target.data(), target.size());
  return bytes < 0 ? std::string() : std::string(target.data(), static_cast<size_t>(bytes));
}

// Resolves a path as the kernel does. No descriptor ever refers to anything outside the root when it is opened: each
// component is opened in the directory before it and without following links, and ".." returns to the descriptor of
// the directory that was passed on the way down, so moved directories do not matter.
class Walk {
 public:
  Walk(int root, const std::string& path, int flags) : root_(root), rest_(path), flags_(flags | O_CLOEXEC) {}

  FileDescriptor Run() {
    if (rest_.empty()) return Fail(ENOENT);
    if (rest_.size() >= PATH_MAX) return Fail(ENAMETOOLONG);
    if (rest_.front() == '/') return Fail(EXDEV);
    for (;;) {
      rest_.erase(0, rest_.find_first_not_of('/'));
      if (rest_.empty()) return FileDescriptor(openat(Here(), ".", flags_));
      const size_t end = rest_.find('/');
      const std::string name = rest_.substr(0, end);
      const bool last = end == std::string::npos;
      rest_.erase(0, end);
      FileDescriptor opened;
      if (!Step(name, last, opened)) return opened;
    }
  }

 private:
  static FileDescriptor Fail(int error) {
    errno = error;
    return {};
  }
  int Here() const { return levels_.empty() ? root_ : levels_.back().get(); }

  // Goes to `name` in the current directory. Returns whether the walk continues; otherwise `opened` is its result.
  bool Step(const std::string& name, bool last, FileDescriptor& opened) {
    if (name == ".") return true;
    if (name == "..") {
      if (levels_.empty()) return Stop(EXDEV);
      levels_.pop_back();
      return true;
    }
    const int flags = last ? flags_ : O_PATH | O_DIRECTORY | O_CLOEXEC;
    for (int attempt = 0; attempt < kLookups; ++attempt) {
      FileDescriptor file(openat(Here(), name.c_str(), flags | O_NOFOLLOW));
      if (file.ok() && last && !IsFollowedLink(file)) {
        opened = std::move(file);
        return false;
      }
      if (file.ok() && !last) return Enter(std::move(file));
      // A link is ELOOP, or ENOTDIR with O_DIRECTORY.
      const int error = file.ok() ? ELOOP : errno;
      if ((error != ELOOP && error != ENOTDIR) || (last && (flags_ & O_NOFOLLOW) != 0)) return Stop(error);
      const std::string target = ReadLink(Here(), name);
      if (!target.empty()) return Follow(target, last);
      if (errno == EINVAL && error == ENOTDIR) return Stop(ENOTDIR);
      if (errno != EINVAL) return Stop(errno);  // else it was a link just now: look again
    }
    return Stop(EAGAIN);
  }

  // O_PATH with O_NOFOLLOW opens a link itself.
  bool IsFollowedLink(const FileDescriptor& file) const {
    return (flags_ & O_PATH) != 0 && (flags_ & O_NOFOLLOW) == 0 && !ReadLink(file.get(), "").empty();
  }

  bool Enter(FileDescriptor directory) {
    if (levels_.size() == kMostLevels) return Stop(ENAMETOOLONG);
    levels_.push_back(std::move(directory));
    return true;
  }

  bool Follow(const std::string& target, bool last) {
    if (++links_ > kMostSymlinks) return Stop(ELOOP);
    if (target.front() == '/') return Stop(EXDEV);
    rest_ = last ? target : target + rest_;
    return true;
  }

  static bool Stop(int error) {
    errno = error;
    return false;
  }

  const int root_;
  std::string rest_;  // of the path; begins with '/' after the first component
  const int flags_;
  int links_ = 0;
  std::vector<FileDescriptor> levels_;  // the directories below the root down to the current one
};

}  // namespace

FileDescriptor OpenBeneathByKernel(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0; attempt < kLookups; ++attempt) {
    const auto fd = static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how)));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return FileDescriptor(fd);
  }
  return {};
}

FileDescriptor OpenBeneathByWalking(int root, const std::string& path, int flags) {
  return Walk(root, path, flags).Run();
}

FileDescriptor OpenBeneath(int root, const std::string& path, int flags) {
  FileDescriptor file = OpenBeneathByKernel(root, path, flags);
  // Seccomp filters of old container runtimes answer EPERM to calls that they do not know. If the kernel itself said
  // it, so does the walk.
  if (file.ok() || (errno != ENOSYS && errno != EPERM && errno != EAGAIN)) return file;
  return OpenBeneathByWalking(root, path, flags);
}

}  // namespace recurve
