// SPDX-License-Identifier: Apache-2.0
//
// Text from outside: paths, names, messages of other programs. It may hold anything.
#ifndef RECURVE_PLANNER_SERVICE_TEXT_PRINTABLE_H_
#define RECURVE_PLANNER_SERVICE_TEXT_PRINTABLE_H_

#include <string>
#include <string_view>

namespace recurve {

// `text` as it may be shown on a terminal, in a table, a log or a label: one line that moves no cursor and reads from
// left to right. Control characters (C0, DEL and C1), characters that break lines or change the direction of writing,
// and bytes that are not UTF-8 are written as \n, \t, \x1b or \u202e; everything else stays.
std::string Printable(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_PRINTABLE_H_
