// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JSON_H_
#define RECURVE_CLIENT_CLI_JSON_H_

#include <cstdio>
#include <string>

#include "planner_service/fields/json_fields.h"

namespace recurve {

// Prints and flushes one object on one line of stdout, in ASCII: other characters are escaped, so that none of them can
// control a terminal. Bytes that are not UTF-8 become replacement characters; a number that is not finite becomes null.
inline void PrintJson(const Json& json) {
  std::printf("%s\n", json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JSON_H_
