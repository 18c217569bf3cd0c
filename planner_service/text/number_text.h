// SPDX-License-Identifier: Apache-2.0
//
// Formats numbers for people.
#ifndef RECURVE_PLANNER_SERVICE_TEXT_NUMBER_TEXT_H_
#define RECURVE_PLANNER_SERVICE_TEXT_NUMBER_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace recurve {

std::string CountText(int64_t count);                        // "1,234,567"
std::string Counted(int64_t count, std::string_view thing);  // "1 state", "1,234 states"
std::string SecondsText(double seconds);                     // "85 us", "412 ms", "1.23 s", "3:05 min", "2:03:05 h"
std::string PercentText(double part, double whole);          // "4.9 %"; "-" when there is no whole
std::string ShareUpText(double share);                       // what to give so that it is enough: "0.268%", rounded up

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_NUMBER_TEXT_H_
