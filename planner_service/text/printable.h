// SPDX-License-Identifier: Apache-2.0
//
// Handles untrusted text, such as paths, names and messages of other programs, which may contain any bytes.
#ifndef RECURVE_PLANNER_SERVICE_TEXT_PRINTABLE_H_
#define RECURVE_PLANNER_SERVICE_TEXT_PRINTABLE_H_

#include <string>
#include <string_view>

namespace recurve {

// `text` made safe for a terminal, a table, a log or a label: a single line that moves no cursor and reads from left to
// right. Control characters (C0, DEL and C1), characters that break lines or change the writing direction, and bytes
// that are not UTF-8 are escaped as \n, \t, \x1b or \u202e; everything else is unchanged.
std::string Printable(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_PRINTABLE_H_
