// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PLAN_TEXT_H_
#define RECURVE_CLIENT_PICTURES_PLAN_TEXT_H_

#include <string>

#include "client/pictures/plan_figures.h"

namespace recurve {

struct TextLook {
  int width = 80;        // characters per line; at least 40
  bool unicode = false;  // otherwise ASCII
  bool colours = false;  // ANSI escape sequences
};

// A plan as text: position over time and, below on the same axis, the fill of the store. O(size of the timeline +
// width).
std::string PlanPicture(const PlanFigures& figures, const TextLook& look);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_TEXT_H_
