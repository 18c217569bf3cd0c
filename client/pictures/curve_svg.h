// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_CURVE_SVG_H_
#define RECURVE_CLIENT_PICTURES_CURVE_SVG_H_

#include <string>
#include <string_view>
#include <vector>

#include "planner_service/capacity/advisor.h"

namespace recurve {

// What memory buys in time, for each strategy, as an SVG file that stands by itself: time relative to store-all over
// the logarithm of the share of its memory. The most bytes of any curve are taken as those of store-all, which they are
// of auto and store-all. `subject` says of what, such as "1,000 links of 512KiB state and 1MiB tape". Points that take
// more than three times the time are left out. Marked are the 5 % of memory and the third more time of
// "Memory-Efficient Backpropagation Through Time".
std::string CurveSvg(std::string_view subject, const std::vector<Curve>& curves);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_CURVE_SVG_H_
