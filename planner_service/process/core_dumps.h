// SPDX-License-Identifier: Apache-2.0
//
// Whether the memory of a process, in which there are private keys and models, can be read from outside.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_CORE_DUMPS_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_CORE_DUMPS_H_

namespace recurve {

// Sets whether the kernel writes the memory of this process to a core dump after a crash, whatever the limits and the
// handler of core dumps are, and whether other processes of its user, which are not root, can read its memory, as
// debuggers do. Initially true. Affects the whole process.
void AllowCoreDumps(bool allowed);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_CORE_DUMPS_H_
