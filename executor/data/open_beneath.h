// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_OPEN_BENEATH_H_
#define RECURVE_EXECUTOR_DATA_OPEN_BENEATH_H_

#include <string>

#include "executor/data/file_descriptor.h"

namespace recurve {

// Opens `path`, which starts at the directory `root`, and never a file outside that directory, whatever other processes
// rename and link meanwhile. Symbolic links are followed if they stay inside at every step; an absolute link does not.
// `flags` are those of open without O_CREAT; O_NOFOLLOW refuses a link as the last component. O_CLOEXEC is added.
//
// Without a descriptor, errno says why: EXDEV if the path leaves the directory, whether or not anything exists there;
// otherwise as for openat. The kernel resolves the path (openat2, Linux 5.6) or, where it lacks the call or a seccomp
// filter forbids it, this function does so component by component, with the same result except for links of /proc that
// are not text, which are refused either way. Thread-safe.
FileDescriptor OpenBeneath(int root, const std::string& path, int flags);

// The two ways, for tests. The first fails with ENOSYS or EPERM where there is no openat2, and with EAGAIN if renames
// on the machine disturb it again and again. The second fails with ENAMETOOLONG beyond 256 directories in each other.
FileDescriptor OpenBeneathByKernel(int root, const std::string& path, int flags);
FileDescriptor OpenBeneathByWalking(int root, const std::string& path, int flags);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_OPEN_BENEATH_H_
