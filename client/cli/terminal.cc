// SPDX-License-Identifier: Apache-2.0
#include "client/cli/terminal.h"

#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include "planner_service/process/environment.h"

namespace recurve {

int TerminalWidth(int descriptor) {
  constexpr int kUsual = 80;
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

int TerminalHeight() {
  constexpr int kUsual = 24;
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : kUsual;
}

bool TerminalHasColours() { return TerminalMovesCursor() && EnvironmentVariable("NO_COLOR").empty(); }

bool TerminalMovesCursor() { return isatty(STDOUT_FILENO) != 0 && EnvironmentVariable("TERM") != "dumb"; }

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = EnvironmentVariable(name);
    if (value.empty()) continue;
    const std::string encoding =
        value.substr(value.find('.') == std::string::npos ? value.size() : value.find('.') + 1);
    return strcasecmp(encoding.c_str(), "UTF-8") == 0 || strcasecmp(encoding.c_str(), "UTF8") == 0;
  }
  return false;
}

}  // namespace recurve
