// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_AXIS_H_
#define RECURVE_CLIENT_PICTURES_AXIS_H_

#include <vector>

namespace recurve {

// Ticks from 0 to `last` in at most `most` steps of 1, 2 or 5 times a power of ten times `unit`, and of at least
// `least`.
std::vector<double> RoundTicks(double last, int most, double unit = 1, double least = 0);

// The largest power of 1024 that is not above `bytes`: the unit of ticks of bytes.
double BinaryUnit(double bytes);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_AXIS_H_
