// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_TEXT_TABLE_H_
#define RECURVE_CLIENT_CLI_TEXT_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace recurve {

// A table with columns as wide as their contents, the first aligned left, the others right. The first row is the
// heading.
std::string TextTable(std::vector<std::vector<std::string>> rows);

// The first `width` characters of UTF-8 text, so that a line does not wrap.
std::string CutToWidth(const std::string& text, int width);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_TEXT_TABLE_H_
