// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_
#define RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_

#include <string>

#include "client/pictures/plan_figures.h"
#include "client/pictures/svg_figure.h"

namespace recurve {

// The areas of the two charts of a schedule, in drawing units: above, position over time; below, on the same time axis,
// the fill of the store.
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

// The charts, kFigureWidth by kHeight, without an enclosing <svg>. If drawn link by link, each line has a descriptive
// <title>, and a label if there is room.
std::string ScheduleCharts(const PlanFigures& figures);

// The legend of the kinds of lines and areas that occur.
Legend ScheduleLegend(const Timeline& timeline);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_SCHEDULE_CHARTS_H_
