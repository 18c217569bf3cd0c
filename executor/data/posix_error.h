// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_POSIX_ERROR_H_
#define RECURVE_EXECUTOR_DATA_POSIX_ERROR_H_

#include <string>

#include "absl/status/status.h"

namespace recurve {

// "cannot <action> <path>: <reason>" for an errno of a call on a file: NOT_FOUND where a part of the path is missing,
// PERMISSION_DENIED where it may not be used, what Abseil makes of the errno otherwise.
absl::Status PosixError(int error, const std::string& action, const std::string& path);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_POSIX_ERROR_H_
