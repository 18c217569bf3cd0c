// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/environment.h"

#include <cstdlib>

namespace recurve {

std::string EnvironmentVariable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here changes the environment
  return value == nullptr ? "" : value;
}

}  // namespace recurve
