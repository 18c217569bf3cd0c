// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/schedule_charts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/axis.h"
#include "client/pictures/chart_labels.h"
#include "client/pictures/markup.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

using Stay = Timeline::Stay;
using Stretch = Timeline::Stretch;

constexpr double kChartLeft = ChartFrame::kLeft;
constexpr double kChartRight = ChartFrame::kRight;
constexpr std::array<const char*, 3> kWorkClass = {"forward", "taped", "backward"};
constexpr std::array<const char*, 3> kWorkName = {"forward", "forward with tape", "backward"};

std::string Point(const char* command, double x, double y) {
  return absl::StrCat(command, Coordinate(x), " ", Coordinate(y));
}

std::string Rotated(double x, double y, const std::string& text) {
  return absl::StrFormat(
      "<text class=\"muted small\" text-anchor=\"middle\" transform=\"translate(%s %s) rotate(-90)\">%s</text>\n",
      Coordinate(x), Coordinate(y), Escaped(text));
}

std::string AxisOfTime(const PlanFigures& figures, const ChartFrame& frame) {
  std::string svg;
  const double least = figures.in_seconds ? 0 : 1;
  for (const double tick : RoundTicks(frame.duration, 8, 1, least)) {
    const double x = frame.X(tick);
    svg += SvgLine(x, frame.kLinksTop, x, frame.kLinksBottom, "grid");
    svg += SvgLine(x, frame.kStoreTop, x, frame.kStoreBottom, "grid");
    const std::string label = figures.TimeText(tick);
    const bool fits = x + TextWidth(label, 12) / 2 < frame.kWidth - 2;
    svg += SvgText(fits ? x : frame.kWidth - 4, frame.kStoreBottom + 18, label, "small muted",
                   fits ? Anchor::kMiddle : Anchor::kEnd);
  }
  svg += SvgText((kChartLeft + kChartRight) / 2, frame.kStoreBottom + 38, figures.TimeUnit(), "small muted",
                 Anchor::kMiddle);
  return svg;
}

std::string AxisOfLinks(const ChartFrame& frame) {
  constexpr double kRoom = 16;  // of a label
  std::vector<double> ticks = RoundTicks(frame.links, frame.links <= 12 ? 12 : 6, 1, 1);
  if (frame.LinksY(ticks.back()) - frame.LinksY(frame.links) >= kRoom) ticks.push_back(frame.links);
  std::string svg;
  for (const double tick : ticks) {
    const double y = frame.LinksY(tick);
    svg += SvgLine(kChartLeft, y, kChartRight, y, "grid");
    svg += SvgText(kChartLeft - 8, y + 4, CountText(std::llround(tick)), "small muted", Anchor::kEnd);
  }
  return svg + Rotated(16, (frame.kLinksTop + frame.kLinksBottom) / 2, "position in the sequence (links)");
}

std::string AxisOfStore(const PlanFigures& figures, const ChartFrame& frame) {
  std::string svg;
  const double unit = figures.in_slots ? 1 : BinaryUnit(frame.store_top);
  for (const double tick : RoundTicks(frame.store_top, 4, unit, 1)) {
    const double y = frame.StoreY(tick);
    svg += SvgLine(kChartLeft, y, kChartRight, y, "grid");
    svg += SvgText(kChartLeft - 8, y + 4, figures.in_slots ? CountText(std::llround(tick)) : figures.SizeText(tick),
                   "small muted", Anchor::kEnd);
  }
  return svg + Rotated(16, (frame.kStoreTop + frame.kStoreBottom) / 2, figures.in_slots ? "stored (states)" : "stored");
}

// Where keeping everything would be done, and where this plan is.
std::string TimeMarks(const PlanFigures& figures, const ChartFrame& frame) {
  const double x = frame.X(figures.timeline.store_all_duration);
  if (kChartRight - x < 12) return "";
  std::string svg = SvgLine(x, frame.kLinksTop - 4, x, frame.kStoreBottom, "budget");
  const bool left = x > (kChartLeft + kChartRight) / 2;
  svg += SvgText(left ? x - 6 : x + 6, frame.kLinksTop - 9, "1x: keeping everything would be done here", "small",
                 left ? Anchor::kEnd : Anchor::kStart);
  if (left && kChartRight - x < 100) return svg;
  return svg + SvgText(kChartRight, frame.kLinksTop - 9, absl::StrFormat("%.2fx: done", figures.Slowdown()), "small",
                       Anchor::kEnd);
}

std::string StayTitle(const Stay& stay) {
  const auto from = static_cast<int64_t>(stay.from);
  return stay.tapes ? absl::StrCat("tape of link ", from, ", kept") : absl::StrCat("state ", from, ", kept");
}

std::string StretchTitle(const Stretch& stretch) {
  return absl::StrCat(kWorkName[static_cast<int>(stretch.work)], " of link ",
                      static_cast<int64_t>(std::min(stretch.from, stretch.to)));
}

std::string PathOf(const Stay& stay, const ChartFrame& frame) {
  if (!stay.tapes) {
    const double y = frame.LinksY(stay.from);
    return absl::StrCat(Point("M", frame.X(stay.stored_at_from), y), "H", Coordinate(frame.X(stay.dropped_at_from)));
  }
  const double low = frame.LinksY(stay.from);
  const double high = frame.LinksY(stay.to);
  return absl::StrCat(Point("M", frame.X(stay.stored_at_from), low), Point("L", frame.X(stay.stored_at_to), high), "H",
                      Coordinate(frame.X(stay.dropped_at_to)), Point("L", frame.X(stay.dropped_at_from), low), "Z");
}

std::string PathOf(const Stretch& stretch, const ChartFrame& frame) {
  return Point("M", frame.X(stretch.begin), frame.LinksY(stretch.from)) +
         Point("L", frame.X(stretch.end), frame.LinksY(stretch.to));
}

// The shapes of one class: one path for all, or where links are steps of their own, one each with its title.
template <typename Shape, typename Title>
std::string Shapes(const std::vector<Shape>& shapes, const ChartFrame& frame, bool each, const char* style_class,
                   const auto& wanted, const Title& title) {
  std::string svg, all;
  for (const Shape& shape : shapes) {
    if (!wanted(shape)) continue;
    if (each) {
      svg += SvgPath(PathOf(shape, frame), style_class, title(shape));
    } else {
      all += PathOf(shape, frame);
    }
  }
  if (!all.empty()) svg += SvgPath(all, style_class);
  return svg;
}

std::string Drawing(const Timeline& timeline, const ChartFrame& frame) {
  const bool each = timeline.detail == Timeline::Detail::kLinks;
  std::string svg;
  for (const bool tapes : {true, false}) {
    svg += Shapes(
        timeline.kept, frame, each, tapes ? "tape" : "state", [tapes](const Stay& stay) { return stay.tapes == tapes; },
        StayTitle);
  }
  for (const auto work : {Stretch::Work::kForward, Stretch::Work::kTapedForward, Stretch::Work::kBackward}) {
    svg += Shapes(
        timeline.work, frame, each, kWorkClass[static_cast<int>(work)],
        [work](const Stretch& stretch) { return stretch.work == work; }, StretchTitle);
  }
  return svg;
}

// What the store holds over time: states below, tapes on top of them.
std::string Filling(const PlanFigures& figures, const ChartFrame& frame) {
  std::string states = Point("M", kChartLeft, frame.kStoreBottom);
  std::string whole = states;
  for (const Timeline::Fill& fill : figures.timeline.fill) {
    const double x = frame.X(fill.time);
    states += Point("L", x, frame.StoreY(figures.Size({.states = fill.states})));
    whole += Point("L", x, frame.StoreY(figures.Size(fill)));
  }
  const std::string close = absl::StrCat(Point("L", kChartRight, frame.kStoreBottom), "Z");
  return SvgPath(whole + close, "area-tape") + SvgPath(states + close, "area-state");
}

std::string BudgetAndPeak(const PlanFigures& figures, const ChartFrame& frame) {
  std::string svg;
  const std::string budget = "budget " + figures.SizeText(figures.budget);
  double taken = kChartLeft + 6 + TextWidth(budget, 12);
  if (figures.budget <= frame.store_top) {
    const double y = frame.StoreY(figures.budget);
    svg += SvgLine(kChartLeft, y, kChartRight, y, "budget");
    svg += SvgText(kChartLeft + 6, y - 6, budget, "small halo");
  } else {
    svg += SvgText(kChartLeft + 6, frame.kStoreTop + 12, budget + ", above this axis", "small halo");
    taken += TextWidth(", above this axis", 12);
  }
  if (figures.peak <= 0) return svg;
  const double x = frame.X(figures.timeline.peak.time);
  const double y = frame.StoreY(figures.peak);
  const std::string peak = "peak " + figures.SizeText(figures.peak);
  const double width = TextWidth(peak, 12);
  // Beside the budget's label, which has the left end of the line above it, and off the line.
  const double left = std::clamp(x - width / 2, taken + 14, kChartRight - width);
  const double line = frame.StoreY(figures.budget);
  const double base = line <= y && y - line < 20 ? line : y;
  svg += absl::StrFormat("<circle class=\"mark\" cx=\"%s\" cy=\"%s\" r=\"4\"/>\n", Coordinate(x), Coordinate(y));
  return svg + SvgText(left, base - 7, peak, "small halo");
}

}  // namespace

ChartFrame::ChartFrame(const PlanFigures& figures)
    : duration(figures.timeline.duration), links(static_cast<double>(figures.timeline.links)) {
  // Room above for labels. A budget far above what is used would flatten the chart.
  const double shown = figures.budget > 2 * figures.peak ? figures.peak : std::max(figures.budget, figures.peak);
  store_top = std::max(1.0, shown) * 1.25;
}

std::string ScheduleCharts(const PlanFigures& figures) {
  const ChartFrame frame(figures);
  return absl::StrCat(AxisOfTime(figures, frame), AxisOfLinks(frame), AxisOfStore(figures, frame),
                      Drawing(figures.timeline, frame), ChartLabels(figures.timeline, frame), Filling(figures, frame),
                      BudgetAndPeak(figures, frame), TimeMarks(figures, frame),
                      SvgLine(kChartLeft, frame.kLinksBottom, kChartRight, frame.kLinksBottom, "axis"),
                      SvgLine(kChartLeft, frame.kStoreBottom, kChartRight, frame.kStoreBottom, "axis"));
}

std::string ScheduleLegend(const Timeline& timeline, double y) {
  struct Entry {
    const char* sign;  // a path in a box of 26 by 12, y down
    const char* style_class;
    const char* text;
    bool there;
  };
  const auto works = [&](Stretch::Work work) {
    return std::ranges::any_of(timeline.work, [work](const Stretch& stretch) { return stretch.work == work; });
  };
  const auto keeps = [&](bool tapes) {
    return std::ranges::any_of(timeline.kept, [tapes](const Stay& stay) { return stay.tapes == tapes; });
  };
  const Entry entries[] = {{"M0 12L26 0", "forward", "forward, nothing kept", works(Stretch::Work::kForward)},
                           {"M0 12L26 0", "taped", "forward that makes tapes", works(Stretch::Work::kTapedForward)},
                           {"M0 0L26 12", "backward", "backward", true},
                           {"M0 6H26", "state", "state in memory", keeps(false)},
                           {"M0 12L8 0H20L26 12Z", "tape", "tapes in memory", keeps(true)}};
  std::string svg;
  double x = ChartFrame::kLeft;
  for (const Entry& entry : entries) {
    if (!entry.there) continue;
    absl::StrAppend(&svg, "<g transform=\"translate(", Coordinate(x), " ", Coordinate(y), ")\">",
                    SvgPath(entry.sign, entry.style_class), SvgText(34, 11, entry.text, ""), "</g>\n");
    x += 34 + TextWidth(entry.text, 13) + 20;
  }
  return svg;
}

}  // namespace recurve
