// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_CURVE_SVG_H_
#define RECURVE_CLIENT_PICTURES_CURVE_SVG_H_

#include <string>
#include <string_view>
#include <vector>

#include "planner_service/capacity/advisor.h"

namespace recurve {

// Time relative to store-all as a function of the share of its memory (log scale), for each strategy, as a
// self-contained SVG file. The most bytes of any curve are taken as those of store-all, which is exact for auto and
// store-all. `subject` describes the workload, such as "1,000 links of 512KiB state and 1MiB tape". Omits points beyond
// three times the time. Marks the 5 % of memory and the 1/3 more time of "Memory-Efficient Backpropagation Through
// Time".
std::string CurveSvg(std::string_view subject, const std::vector<Curve>& curves);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_CURVE_SVG_H_
