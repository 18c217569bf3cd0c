// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_FILE_PATH_H_
#define RECURVE_EXECUTOR_DATA_FILE_PATH_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_descriptor.h"

namespace recurve {

// The directories that a kind of paths may lead into, such as those of --data-root, held open: they stay the same
// directories when something is renamed. Immutable, hence thread-safe.
class AllowedDirectories {
 public:
  // `option` is the one that gave the directory; relative paths start there. INVALID_ARGUMENT, naming both, if it is
  // not a directory.
  static absl::StatusOr<std::shared_ptr<const AllowedDirectories>> Open(const std::string& option,
                                                                        const std::string& directory);
  // These directories and more, which only absolute paths lead into.
  std::shared_ptr<const AllowedDirectories> With(const AllowedDirectories& more) const;
  // Only the directory at this relative path in the first of these directories. Missing directories are created for the
  // daemon's user alone; none on the way may be a link (PERMISSION_DENIED). Errors: as PosixError.
  absl::StatusOr<std::shared_ptr<const AllowedDirectories>> Below(const std::string& path) const;

  // One of the directories, and the path from there. PERMISSION_DENIED if the text of the path leads elsewhere: an
  // absolute one must begin with one of the directories, and none may have more ".." than names before them.
  struct Inside {
    int directory = -1;  // a descriptor
    std::string path;    // relative, not empty
  };
  absl::StatusOr<Inside> Find(const std::string& path) const;

  // The error for a path that leaves the directories. It says nothing about what is there.
  absl::Status Outside(const std::string& path) const;

  const std::string& path() const { return directories_.front()->path; }  // absolute, without links

 private:
  struct Directory {
    std::string path;   // absolute, without links
    std::string given;  // absolute
    FileDescriptor fd;
  };
  AllowedDirectories() = default;
  static absl::StatusOr<std::shared_ptr<const Directory>> OpenDirectory(const std::string& option,
                                                                        const std::string& directory);

  std::string option_;
  std::vector<std::shared_ptr<const Directory>> directories_;
};

// A path and the directories that it must not leave. Every access resolves it again, and none leaves them, whatever is
// renamed and linked meanwhile. Without directories it may lead anywhere.
struct FilePath {
  FilePath() = default;
  FilePath(std::string path) : text(std::move(path)) {}  // NOLINT(google-explicit-constructor)
  FilePath(const char* path) : text(path) {}             // NOLINT(google-explicit-constructor)
  FilePath(std::string path, std::shared_ptr<const AllowedDirectories> directories)
      : text(std::move(path)), allowed(std::move(directories)) {}

  bool empty() const { return text.empty(); }
  // The path with another ending of its name.
  FilePath operator+(const char* ending) const { return {text + ending, allowed}; }
  // A path that does not depend on the working directory, if that still exists.
  std::string Absolute() const;

  // Opens an existing file; `flags` as of OpenBeneath. Errors: as PosixError; PERMISSION_DENIED for
  // a path that leaves its directories.
  absl::StatusOr<FileDescriptor> Open(int flags) const;

  std::string text;  // as given
  std::shared_ptr<const AllowedDirectories> allowed;
};

// Where a file is or would be: its directory, held open, and its name in it.
struct FilePlace {
  // Follows links as the last component, even to a file that does not exist yet. Below allowed directories such a link
  // is PERMISSION_DENIED: a model is saved only as a regular file. INVALID_ARGUMENT if the path names no file. Other
  // errors: as PosixError for "cannot <action> <path>".
  static absl::StatusOr<FilePlace> Find(const FilePath& path, const char* action);

  FileDescriptor directory;  // of O_PATH
  std::string name;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_FILE_PATH_H_
