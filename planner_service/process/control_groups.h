// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_CONTROL_GROUPS_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_CONTROL_GROUPS_H_

#include <string>
#include <vector>

namespace recurve {

// A control group of this process: the directory with its files, and its name as reported by the kernel.
struct ControlGroup {
  std::string directory;
  std::string name;
  bool unified = false;  // version 2
};

// The control groups of this process that have `controller` ("cpu", "memory"), in version 1 and version 2, with all of
// their visible ancestors, since the limits of all apply. `root`: see granted.h.
std::vector<ControlGroup> ControlGroupsOf(const std::string& controller, const std::string& root);

// The first line of a file; empty when it cannot be read.
std::string ReadLine(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_CONTROL_GROUPS_H_
