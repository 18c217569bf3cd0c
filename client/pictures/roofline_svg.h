// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_ROOFLINE_SVG_H_
#define RECURVE_CLIENT_PICTURES_ROOFLINE_SVG_H_

#include <string>
#include <vector>

namespace recurve {

// One kind of work.
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

// Roofline ceilings and points as a self-contained SVG file: flops per second over flops per byte, both logarithmic.
// Draws, numbers and lists the points with the largest shares, of at least 1 %.
std::string RooflineSvg(const RooflineFigures& figures);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_ROOFLINE_SVG_H_
