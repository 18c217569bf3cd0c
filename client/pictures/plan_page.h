// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PLAN_PAGE_H_
#define RECURVE_CLIENT_PICTURES_PLAN_PAGE_H_

#include <string>

#include "client/pictures/plan_figures.h"

namespace recurve {

// A plan as a web page in one file that fetches nothing: the picture of plan_svg.h, with a cursor that steps through
// the schedule, or where its steps are too many, through time, and says what is done and what is in memory. Without
// JavaScript it is that picture. At most 2 MB, for a schedule of any length. O(size of the timeline).
std::string PlanPage(const PlanFigures& figures);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_PAGE_H_
