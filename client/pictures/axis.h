// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_AXIS_H_
#define RECURVE_CLIENT_PICTURES_AXIS_H_

#include <vector>

namespace recurve {

// Round values from 0 to `last`, at most `most` steps apart by 1, 2 or 5 times a power of ten times `unit`, and never
// less than `least` apart.
std::vector<double> RoundTicks(double last, int most, double unit = 1, double least = 0);

// The largest of 1, 1024, 1024^2, ... that is not above `bytes`: what ticks of bytes are round in.
double BinaryUnit(double bytes);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_AXIS_H_
