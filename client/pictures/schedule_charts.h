// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_
#define RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_

#include <string>

#include "client/pictures/plan_figures.h"

namespace recurve {

// Where the two charts of a schedule lie, in units of their drawing: above, position over time; below, on the same
// axis of time, what the store holds.
struct ChartFrame {
  static constexpr double kWidth = 960;
  static constexpr double kLeft = 86;
  static constexpr double kRight = 946;
  static constexpr double kLinksTop = 24;
  static constexpr double kLinksBottom = 354;
  static constexpr double kStoreTop = 378;
  static constexpr double kStoreBottom = 518;
  static constexpr double kHeight = 566;

  explicit ChartFrame(const PlanFigures& figures);

  double X(double time) const { return kLeft + time / duration * (kRight - kLeft); }
  double LinksY(double position) const { return kLinksBottom - position / links * (kLinksBottom - kLinksTop); }
  double StoreY(double size) const { return kStoreBottom - size / store_top * (kStoreBottom - kStoreTop); }

  double duration, links;
  double store_top;  // the size at the top of the lower chart
};

// The charts, kWidth by kHeight, without an <svg> around them. Where every link is a step of its own, each line has a
// <title> that says what it is, and what has room has a label.
std::string ScheduleCharts(const PlanFigures& figures);

// What those lines and areas mean that there are, in one line kWidth wide.
std::string ScheduleLegend(const Timeline& timeline, double y);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_
