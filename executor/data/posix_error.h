// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_POSIX_ERROR_H_
#define RECURVE_EXECUTOR_DATA_POSIX_ERROR_H_

#include <string>

#include "absl/status/status.h"

namespace recurve {

// "cannot <action> <path>: <reason>" for the errno of a file operation: NOT_FOUND if a part of the path is missing,
// PERMISSION_DENIED if access is denied, INVALID_ARGUMENT for a cycle of links, otherwise Abseil's code for the errno.
absl::Status PosixError(int error, const std::string& action, const std::string& path);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_POSIX_ERROR_H_
