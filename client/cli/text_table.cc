// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text_table.h"

#include <algorithm>

#include "planner_service/text/printable.h"

namespace recurve {

std::string TextTable(std::vector<std::vector<std::string>> rows) {
  std::vector<size_t> widths;
  for (std::vector<std::string>& row : rows) {
    for (std::string& cell : row) cell = Printable(cell);
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += i == 0 ? "  " + row[i] + padding : "   " + padding + row[i];
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string CutToWidth(const std::string& text, int width) {
  int characters = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if ((text[end] & 0xC0) != 0x80 && ++characters > width) break;
  }
  return text.substr(0, end);
}

}  // namespace recurve
