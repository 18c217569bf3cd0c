// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_svg.h"

#include "absl/strings/str_cat.h"
#include "client/pictures/markup.h"
#include "client/pictures/schedule_charts.h"
#include "client/pictures/trade_bars.h"

namespace recurve {

std::string SvgDocument(double width, double height, const std::string& title, const std::string& body) {
  const std::string size = absl::StrCat(Coordinate(width), " ", Coordinate(height));
  return absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", size, "\" role=\"img\" aria-label=\"",
                      Escaped(title), "\">\n<style>", std::string(PictureStyle()), "</style>\n<title>", Escaped(title),
                      "</title>\n", SvgRect(0, 0, width, height, "paper"), body, "</svg>\n");
}

std::string PlanSvg(const PlanFigures& figures) {
  constexpr double kLineHeight = 19;
  constexpr size_t kCharactersOfLine = 140;
  constexpr double kMargin = 20;
  double y = 36;
  std::string body = SvgTitle(kMargin, y, ChartFrame::kWidth - 2 * kMargin, figures.Headline());
  y += 24;
  body += SvgText(kMargin, y, figures.Subtitle(), "muted");
  y += 20;
  double x = kMargin;
  for (const Trade& trade : TradesOf(figures)) {
    body += TradeBars(trade, x, y);
    x += ChartFrame::kWidth / 2;
  }
  y += kTradeHeight + 26;
  body += ScheduleLegend(figures.timeline, y);
  y += 24;
  absl::StrAppend(&body, "<g transform=\"translate(0 ", Coordinate(y), ")\">\n", ScheduleCharts(figures), "</g>\n");
  y += ChartFrame::kHeight + 18;
  for (const std::string& paragraph : figures.Explanation()) {
    for (const std::string& line : Wrapped(paragraph, kCharactersOfLine)) {
      body += SvgText(kMargin, y, line, "");
      y += kLineHeight;
    }
    y += 5;
  }
  return SvgDocument(ChartFrame::kWidth, y + 6, figures.Headline(), body);
}

}  // namespace recurve
