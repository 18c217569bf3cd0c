// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_BUILD_INFO_H_
#define RECURVE_CLIENT_CLI_BUILD_INFO_H_

#include <string>

namespace recurve {

// "recurve 0.1.0, Release build by GCC 12.2.0, runs avx2 here; with services, without CUDA"
std::string VersionText();

std::string Version();  // "0.1.0"

// Whether this build has the clients of planner services and executor daemons.
bool HasServices();

bool HasCuda();

inline constexpr char kNoServices[] =
    "this recurve was built with -DRECURVE_SERVICES=OFF; one built without that option has them";

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_BUILD_INFO_H_
