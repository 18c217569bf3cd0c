// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_TEXT_WRAPPED_H_
#define RECURVE_PLANNER_SERVICE_TEXT_WRAPPED_H_

#include <cstddef>
#include <string>

namespace recurve {

// `text` with line ends in place of some spaces, so that lines have at most `width` bytes where words allow.
std::string Wrapped(const std::string& text, size_t width);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_WRAPPED_H_
