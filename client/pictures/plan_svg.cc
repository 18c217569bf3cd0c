// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_svg.h"

#include "client/pictures/schedule_charts.h"
#include "client/pictures/svg_figure.h"

namespace recurve {

std::string PlanSvg(const PlanFigures& figures) {
  SvgFigure figure(figures.Headline());
  figure.AddText(figures.Subtitle(), "muted");
  const Legend legend = ScheduleLegend(figures.timeline);
  figure.AddDrawing(legend.height, legend.svg);
  figure.AddDrawing(ChartFrame::kHeight, ScheduleCharts(figures));
  for (const std::string& paragraph : figures.Explanation()) figure.AddText(paragraph);
  return figure.Document();
}

}  // namespace recurve
