// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/trade_bars.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/markup.h"
#include "planner_service/text/number_text.h"

namespace recurve {

std::vector<Trade> TradesOf(const PlanFigures& figures) {
  const std::string share =
      figures.store_all > 0 ? absl::StrCat(" (", PercentText(figures.peak, figures.store_all), ")") : "";
  return {{"memory for states and tapes", figures.store_all, figures.peak, figures.SizeText(figures.store_all),
           figures.SizeText(figures.peak) + share},
          {"time", figures.timeline.store_all_duration, figures.timeline.duration, "1x",
           absl::StrFormat("%.2fx", figures.Slowdown())}};
}

std::string TradeBars(const Trade& trade, double x, double y) {
  constexpr double kName = 112, kBar = 165, kThin = 1.5;
  const double most = std::max({trade.whole, trade.ours, 1e-300});
  std::string svg = SvgText(x, y + 13, trade.title, "muted");
  const auto bar = [&](double top, const char* name, double value, const std::string& text, const char* style_class) {
    const double width = std::max(kThin, value / most * kBar);
    absl::StrAppend(&svg, SvgText(x, top + 13, name, ""), SvgRect(x + kName, top, width, 18, style_class),
                    SvgText(x + kName + width + 7, top + 13, text, ""));
  };
  bar(y + 24, "keep everything", trade.whole, trade.whole_text, "whole");
  bar(y + 48, "this plan", trade.ours, trade.ours_text, "ours");
  return svg;
}

}  // namespace recurve
