// SPDX-License-Identifier: Apache-2.0
//
// The capabilities of standard output.
#ifndef RECURVE_CLIENT_CLI_TERMINAL_H_
#define RECURVE_CLIENT_CLI_TERMINAL_H_

namespace recurve {

int TerminalWidth(int descriptor = 1);  // columns; 80 without a terminal
int TerminalHeight();                   // lines; 24 without a terminal
bool TerminalHasColours();              // a terminal, not a dumb one, and NO_COLOR is not set (no-color.org)
bool TerminalMovesCursor();             // a terminal, not a dumb one
bool LocaleIsUtf8();                    // by LC_ALL, else LC_CTYPE, else LANG

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_TERMINAL_H_
