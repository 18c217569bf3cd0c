// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_
#define RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_

#include <string>

#include "client/pictures/plan_figures.h"
#include "client/pictures/svg_figure.h"

namespace recurve {

// Where the two charts of a schedule lie, in units of their drawing: above, position over time; below, on the same
// axis of time, what the store holds.
struct ChartFrame {
  static constexpr PlotArea kLinks = {.left = 100, .right = 588, .top = PlotArea::kAbove, .bottom = 344};
  static constexpr PlotArea kStore = {.left = 100, .right = 588, .top = 392, .bottom = 522};
  static constexpr double kHeight = kStore.bottom + PlotArea::kBelow;

  explicit ChartFrame(const PlanFigures& figures);

  double X(double time) const { return kLinks.left + time / duration * (kLinks.right - kLinks.left); }
  double LinksY(double position) const { return kLinks.bottom - position / links * (kLinks.bottom - kLinks.top); }
  double StoreY(double size) const { return kStore.bottom - size / store_top * (kStore.bottom - kStore.top); }

  double duration, links;
  double store_top;  // the size at the top of the lower chart
};

// The charts, kFigureWidth by kHeight, without an <svg> around them. Where every link is a step of its own, each line
// has a <title> that says what it is, and what has room has a label.
std::string ScheduleCharts(const PlanFigures& figures);

// What those lines and areas mean that there are.
Legend ScheduleLegend(const Timeline& timeline);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_
