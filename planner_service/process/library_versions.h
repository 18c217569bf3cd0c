// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_LIBRARY_VERSIONS_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_LIBRARY_VERSIONS_H_

#include <string>

namespace recurve {

// The versions of the libraries that this process uses, for --version: of those that were compiled into the program,
// and of the shared ones that are loaded, one a line:
//
//   gRPC 1.51.1
//   OpenSSL 3.0.15, built with 3.0.14
//   CLI11 2.3.2, compiled in
//
// Where a library tells the version that runs, it is that one; otherwise the one that the program was built with.
std::string LibraryVersions();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_LIBRARY_VERSIONS_H_
