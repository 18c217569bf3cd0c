// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PLAN_SVG_H_
#define RECURVE_CLIENT_PICTURES_PLAN_SVG_H_

#include <string>

#include "client/pictures/plan_figures.h"

namespace recurve {

// A plan as a self-contained SVG file: headline, legend, charts and explanation. At most 2 MB, for a schedule of any
// length. O(size of the timeline).
std::string PlanSvg(const PlanFigures& figures);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_SVG_H_
