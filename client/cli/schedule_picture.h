// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SCHEDULE_PICTURE_H_
#define RECURVE_CLIENT_CLI_SCHEDULE_PICTURE_H_

#include <string>

#include "planner_service/schedule/schedule.h"

namespace recurve {

// Links over time as lines of characters, the first link at the bottom; every forward and backward of a link takes the
// same time. `schedule` must be well formed. O(actions + width * height).
std::string SchedulePicture(const Schedule& schedule, int width, int height);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SCHEDULE_PICTURE_H_
