// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/axis.h"

#include <algorithm>
#include <cmath>

namespace recurve {

std::vector<double> RoundTicks(double last, int most, double unit, double least) {
  std::vector<double> ticks = {0};
  if (last <= 0) return ticks;
  const double coarse = std::max(last / most, least) / unit;
  const double power = std::pow(10, std::floor(std::log10(coarse)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= coarse * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  for (int i = 1; i * step * unit <= last * (1 + 1e-9); ++i) ticks.push_back(i * step * unit);
  return ticks;
}

double BinaryUnit(double bytes) {
  double unit = 1;
  while (bytes >= 1024 * unit) unit *= 1024;
  return unit;
}

}  // namespace recurve
