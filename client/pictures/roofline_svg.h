// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_ROOFLINE_SVG_H_
#define RECURVE_CLIENT_PICTURES_ROOFLINE_SVG_H_

#include <string>
#include <vector>

namespace recurve {

// Some kind of work.
struct RooflinePoint {
  std::string group, name;      // "backwards", "cell backward"
  double flops_per_byte = 0;    // > 0
  double flops_per_second = 0;  // > 0
  double share = 0;             // of the time
};

struct RooflineFigures {
  std::string headline, subject;
  double peak_flops_per_second = 0;  // > 0
  double peak_bytes_per_second = 0;  // > 0
  std::vector<RooflinePoint> points;
};

// Roofline ceilings and points as an SVG file that stands by itself: flops per second over flops per byte, both
// logarithmic. The points with the largest shares, of at least a hundredth, are drawn, numbered and listed.
std::string RooflineSvg(const RooflineFigures& figures);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_ROOFLINE_SVG_H_
