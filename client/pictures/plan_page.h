// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PLAN_PAGE_H_
#define RECURVE_CLIENT_PICTURES_PLAN_PAGE_H_

#include <string>

#include "client/pictures/plan_figures.h"

namespace recurve {

// A plan as a self-contained web page: the picture of plan_svg.h, with a cursor that steps through the schedule (if it
// has too many steps, through time) and shows the current work and what is in memory. Without JavaScript, only the
// picture. At most 2 MB, for a schedule of any length. O(size of the timeline).
std::string PlanPage(const PlanFigures& figures);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_PAGE_H_
