// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_TEXT_TABLE_H_
#define RECURVE_CLIENT_CLI_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace recurve {

// Lines of a table whose columns are as wide as they need to be: the first column flush left, the others flush right.
// The first row is the heading.
std::string TextTable(std::vector<std::vector<std::string>> rows);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_TEXT_TABLE_H_
