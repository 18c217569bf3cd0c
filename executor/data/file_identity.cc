// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_identity.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // Linux's limit

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> IdentityOf(const FileDescriptor& file) {
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return std::nullopt;
  return Identity(info.st_dev, info.st_ino);
}

std::optional<Identity> IdentityOf(const FilePath& path) {
  const absl::StatusOr<FileDescriptor> file = path.Open(O_PATH);
  return file.ok() ? IdentityOf(*file) : std::nullopt;
}

absl::Status NamedTwice(const NamedFile& output, const NamedFile& other, const char* other_is) {
  return absl::InvalidArgumentError(absl::StrCat(output.name, " ", output.path.text, " is the same file as ",
                                                 other.name, " ", other.path.text, ", ", other_is,
                                                 "; give another name"));
}

}  // namespace

absl::StatusOr<std::string> FollowLinks(const std::string& path) {
  fs::path followed(path);
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code error;
    const fs::path next = fs::read_symlink(followed, error);
    if (error) return followed.string();  // not a link, or no such file
    followed = followed.parent_path() / next;
  }
  return PosixError(ELOOP, "follow", path);
}

bool IsSameFile(const FilePath& a, const FilePath& b) {
  const std::optional<Identity> of_a = IdentityOf(a);
  const std::optional<Identity> of_b = IdentityOf(b);
  if (of_a && of_b) return *of_a == *of_b;
  if (of_a || of_b) return false;
  const absl::StatusOr<FilePlace> at_a = FilePlace::Find(a, "find");
  const absl::StatusOr<FilePlace> at_b = FilePlace::Find(b, "find");
  return at_a.ok() && at_b.ok() && at_a->name == at_b->name &&
         IdentityOf(at_a->directory) == IdentityOf(at_b->directory);
}

absl::Status CheckDistinct(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].path.empty()) continue;
    for (const NamedFile& input : inputs) {
      if (!input.path.empty() && IsSameFile(outputs[i].path, input.path)) {
        return NamedTwice(outputs[i], input, "which is read");
      }
    }
    for (size_t j = 0; j < i; ++j) {
      if (!outputs[j].path.empty() && IsSameFile(outputs[i].path, outputs[j].path)) {
        return NamedTwice(outputs[i], outputs[j], "which is written, too");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace recurve
