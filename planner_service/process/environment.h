// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_ENVIRONMENT_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_ENVIRONMENT_H_

#include <string>

namespace recurve {

// The value of a variable of the environment; empty if it is not set. Nothing in Recurve changes the environment once
// threads run.
std::string EnvironmentVariable(const char* name);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_ENVIRONMENT_H_
