// SPDX-License-Identifier: Apache-2.0
#include "executor/data/posix_error.h"

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace recurve {

absl::Status PosixError(int error, const std::string& action, const std::string& path) {
  const std::string message =
      absl::StrCat("cannot ", action, " ", path, ": ", std::error_code(error, std::generic_category()).message());
  switch (error) {
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EROFS:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case ELOOP:
      return absl::InvalidArgumentError(message);
    default:
      return {absl::ErrnoToStatusCode(error), message};
  }
}

}  // namespace recurve
