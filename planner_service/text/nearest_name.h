// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_TEXT_NEAREST_NAME_H_
#define RECURVE_PLANNER_SERVICE_TEXT_NEAREST_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// The index of the name that `typed` may mean, because it is the beginning of that name or differs from it in few
// letters; -1 if nothing is close.
int NearestName(std::string_view typed, const std::vector<std::string>& names);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_NEAREST_NAME_H_
