// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_path.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/file_identity.h"
#include "executor/data/open_beneath.h"
#include "executor/data/posix_error.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

// The rest of an absolute path below a directory, by its text alone: what is outside must not be looked at.
std::optional<std::string> RestOf(const std::string& path, const std::string& directory) {
  const fs::path names(directory);
  const fs::path given(path);
  auto name = given.begin();
  for (const fs::path& expected : names) {
    if (expected.empty()) continue;  // after a '/' at the end
    while (name != given.end() && *name == ".") ++name;
    if (name == given.end() || *name != expected) return std::nullopt;
    ++name;
  }
  fs::path rest;
  for (; name != given.end(); ++name) rest /= *name;
  return rest.empty() ? "." : rest.string();
}

// Whether the path has more ".." than names before them somewhere.
bool Leaves(const std::string& path) {
  int depth = 0;
  for (const fs::path& name : fs::path(path)) {
    if (name.empty() || name == ".") continue;
    depth += name == ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const AllowedDirectories::Directory>> AllowedDirectories::OpenDirectory(
    const std::string& option, const std::string& directory) {
  const auto invalid = [&](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat(option, " ", directory, why));
  };
  auto opened = std::make_shared<Directory>();
  std::error_code error;
  opened->path = fs::canonical(directory, error).string();
  if (error) return invalid(": " + error.message());
  opened->given = fs::absolute(directory, error).lexically_normal().string();
  opened->fd = FileDescriptor(open(opened->path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (opened->fd.ok()) return opened;
  if (errno == ENOTDIR) return invalid(" is not a directory");
  return invalid(": " + std::generic_category().message(errno));
}

absl::StatusOr<std::shared_ptr<const AllowedDirectories>> AllowedDirectories::Open(const std::string& option,
                                                                                   const std::string& directory) {
  const std::shared_ptr<AllowedDirectories> allowed(new AllowedDirectories);
  allowed->option_ = option;
  ASSIGN_OR_RETURN(allowed->directories_.emplace_back(), OpenDirectory(option, directory));
  return allowed;
}

std::shared_ptr<const AllowedDirectories> AllowedDirectories::With(const AllowedDirectories& more) const {
  auto allowed = std::make_shared<AllowedDirectories>(*this);
  allowed->directories_.insert(allowed->directories_.end(), more.directories_.begin(), more.directories_.end());
  return allowed;
}

absl::StatusOr<std::shared_ptr<const AllowedDirectories>> AllowedDirectories::Below(const std::string& path) const {
  std::shared_ptr<const Directory> directory = directories_.front();
  for (const fs::path& name : fs::path(path)) {
    if (name.empty() || name == ".") continue;
    auto folder = std::make_shared<Directory>();
    folder->path = (fs::path(directory->path) / name).string();
    folder->given = (fs::path(directory->given) / name).string();
    if (mkdirat(directory->fd.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
      return PosixError(errno, "create", folder->path);
    }
    folder->fd =
        FileDescriptor(openat(directory->fd.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder->fd.ok() && errno == ENOTDIR) {
      return absl::PermissionDeniedError(absl::StrCat(folder->path, " is a link or a file; must be a directory"));
    }
    if (!folder->fd.ok()) return PosixError(errno, "open", folder->path);
    directory = std::move(folder);
  }
  const std::shared_ptr<AllowedDirectories> allowed(new AllowedDirectories);
  allowed->option_ = option_;
  allowed->directories_.push_back(std::move(directory));
  return allowed;
}

absl::StatusOr<AllowedDirectories::Inside> AllowedDirectories::Find(const std::string& path) const {
  if (!fs::path(path).is_absolute()) {
    if (Leaves(path)) return Outside(path);
    return Inside{directories_.front()->fd.get(), path.empty() ? "." : path};
  }
  for (const auto& directory : directories_) {
    std::optional<std::string> rest = RestOf(path, directory->path);
    if (!rest) rest = RestOf(path, directory->given);
    if (rest && !Leaves(*rest)) return Inside{directory->fd.get(), *std::move(rest)};
  }
  return Outside(path);
}

absl::Status AllowedDirectories::Outside(const std::string& path) const {
  return absl::PermissionDeniedError(
      absl::StrCat(path, " is outside ", this->path(), ", the only directory that ", option_,
                   " allows; symbolic links are followed if they are relative and stay inside"));
}

std::string FilePath::Absolute() const {
  if (text.empty() || fs::path(text).is_absolute()) return text;
  if (allowed != nullptr) return (fs::path(allowed->path()) / text).string();
  std::error_code error;
  const fs::path absolute = fs::absolute(text, error);
  return error ? text : absolute.string();
}

absl::StatusOr<FileDescriptor> FilePath::Open(int flags) const {
  FileDescriptor file;
  if (allowed == nullptr) {
    file.Reset(open(text.c_str(), flags | O_CLOEXEC));
  } else {
    ASSIGN_OR_RETURN(const AllowedDirectories::Inside inside, allowed->Find(text));
    file = OpenBeneath(inside.directory, inside.path, flags);
    if (!file.ok() && errno == EXDEV) return allowed->Outside(text);
  }
  if (!file.ok()) return PosixError(errno, "open", text);
  return file;
}

absl::StatusOr<FilePlace> FilePlace::Find(const FilePath& path, const char* action) {
  AllowedDirectories::Inside inside{.directory = AT_FDCWD};
  if (path.allowed == nullptr) {
    ASSIGN_OR_RETURN(inside.path, FollowLinks(path.text));
  } else {
    ASSIGN_OR_RETURN(inside, path.allowed->Find(path.text));
  }
  const fs::path file(inside.path);
  FilePlace place{.directory = {}, .name = file.filename().string()};
  if (place.name.empty() || place.name == "." || place.name == "..") {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot ", action, " ", path.text, ": it is a directory; give the name of a file"));
  }
  const std::string parent = file.has_parent_path() ? file.parent_path().string() : ".";
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  place.directory = path.allowed == nullptr ? FileDescriptor(openat(inside.directory, parent.c_str(), kFlags))
                                            : OpenBeneath(inside.directory, parent, kFlags);
  if (!place.directory.ok()) {
    return errno == EXDEV ? path.allowed->Outside(path.text) : PosixError(errno, action, path.text);
  }
  struct stat info {};
  if (path.allowed != nullptr && fstatat(place.directory.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(info.st_mode)) {
    return absl::PermissionDeniedError(absl::StrCat(
        "cannot ", action, " ", path.text, ": it is a symbolic link; name a regular file in ", path.allowed->path()));
  }
  return place;
}

}  // namespace recurve
