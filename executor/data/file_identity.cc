// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_identity.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // Linux's limit

absl::Status NamedTwice(const NamedFile& output, const NamedFile& other, const char* other_is) {
  return absl::InvalidArgumentError(absl::StrCat(output.name, " ", output.path, " is the same file as ", other.name,
                                                 " ", other.path, ", ", other_is, "; give another name"));
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

bool IsSameFile(const std::string& a, const std::string& b) {
  struct stat of_a {};
  struct stat of_b {};
  const bool a_is_there = stat(a.c_str(), &of_a) == 0;
  const bool b_is_there = stat(b.c_str(), &of_b) == 0;
  if (a_is_there && b_is_there) return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
  if (a_is_there || b_is_there) return false;
  const auto place = [](const std::string& path) -> fs::path {
    const absl::StatusOr<std::string> followed = FollowLinks(path);
    if (!followed.ok()) return {};
    std::error_code error;
    const fs::path parent = fs::path(*followed).parent_path();
    const fs::path folder = fs::canonical(parent.empty() ? fs::path(".") : parent, error);
    return error ? fs::path() : folder / fs::path(*followed).filename();
  };
  const fs::path at_a = place(a);
  return !at_a.empty() && at_a == place(b);
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
