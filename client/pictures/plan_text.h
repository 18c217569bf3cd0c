// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PLAN_TEXT_H_
#define RECURVE_CLIENT_PICTURES_PLAN_TEXT_H_

#include <string>

#include "client/pictures/plan_figures.h"

namespace recurve {

struct TextLook {
  int width = 80;        // characters of a line; narrower than 40 is taken as 40
  bool unicode = false;  // else ASCII
  bool colours = false;  // ANSI escape sequences
};

// A plan in characters: position over time, and below on the same axis what the store holds of its budget. O(size of
// the timeline + width).
std::string PlanPicture(const PlanFigures& figures, const TextLook& look);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PLAN_TEXT_H_
