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

using StoredInterval = Timeline::StoredInterval;
using LinkSpan = Timeline::LinkSpan;

constexpr PlotArea kLinks = ChartFrame::kLinks;
constexpr PlotArea kStore = ChartFrame::kStore;
constexpr std::array<const char*, 3> kWorkClass = {"forward", "taped", "backward"};
constexpr std::array<const char*, 3> kWorkName = {"forward", "forward with tape", "backward"};

std::string Point(const char* command, double x, double y) {
  return absl::StrCat(command, Coordinate(x), " ", Coordinate(y));
}

std::string AxisOfTime(const PlanFigures& figures, const ChartFrame& frame) {
  std::string svg;
  const double room = TextWidth(figures.TimeText(frame.duration)) + 20;  // of a label
  const int most = std::clamp(static_cast<int>((kStore.right - kStore.left) / room), 1, 8);
  for (const double tick : RoundTicks(frame.duration, most, 1, figures.in_seconds ? 0 : 1)) {
    const double x = frame.X(tick);
    svg += SvgLine(x, kLinks.top, x, kLinks.bottom, "grid");
    svg += kStore.XTick(x, figures.TimeText(tick));
  }
  return svg + kStore.XTitle(figures.TimeUnit());
}

std::string AxisOfLinks(const ChartFrame& frame) {
  std::vector<double> ticks = RoundTicks(frame.links, frame.links <= 12 ? 12 : 6, 1, 1);
  if (frame.LinksY(ticks.back()) - frame.LinksY(frame.links) >= kTextSize + 4) ticks.push_back(frame.links);
  std::string svg;
  for (const double tick : ticks) svg += kLinks.YTick(frame.LinksY(tick), CountText(std::llround(tick)));
  return svg + kLinks.YTitle("link");
}

std::string AxisOfStore(const PlanFigures& figures, const ChartFrame& frame) {
  std::string svg;
  const double unit = figures.in_slots ? 1 : BinaryUnit(frame.store_top);
  for (const double tick : RoundTicks(frame.store_top, 4, unit, 1)) {
    svg += kStore.YTick(frame.StoreY(tick), figures.in_slots ? CountText(std::llround(tick)) : figures.SizeText(tick));
  }
  return svg + kStore.YTitle(figures.in_slots ? "memory of stored states and tapes (1 = one state)"
                                              : "memory of stored states and tapes");
}

// Marks the ends of store-all and of this plan.
std::string TimeMarks(const PlanFigures& figures, const ChartFrame& frame) {
  const double x = frame.X(figures.timeline.store_all_duration);
  if (kLinks.right - x < 12) return "";
  constexpr double kBase = kLinks.top - 10;
  const std::string done = absl::StrFormat("%.2fx: done", figures.Slowdown());
  const double done_left = kLinks.right - TextWidth(done) - 12;
  const bool left = x > (kLinks.left + kLinks.right) / 2 - 20;
  std::string svg = SvgLine(x, kLinks.top - 4, x, kLinks.bottom, "budget");
  svg += SvgLine(x, kStore.top, x, kStore.bottom, "budget");
  svg += SvgText(left ? x - 6 : x + 6, kBase, "store-all done: 1x", "", left ? Anchor::kEnd : Anchor::kStart);
  return left && x > done_left ? svg : svg + SvgText(kLinks.right, kBase, done, "", Anchor::kEnd);
}

std::string StayTitle(const StoredInterval& stay) {
  const auto from = static_cast<int64_t>(stay.from);
  return stay.tapes ? absl::StrCat("tape of link ", from, ", stored") : absl::StrCat("state ", from, ", stored");
}

std::string StretchTitle(const LinkSpan& stretch) {
  return absl::StrCat(kWorkName[static_cast<int>(stretch.work)], " of link ",
                      static_cast<int64_t>(std::min(stretch.from, stretch.to)));
}

std::string PathOf(const StoredInterval& stay, const ChartFrame& frame) {
  if (!stay.tapes) {
    const double y = frame.LinksY(stay.from);
    return absl::StrCat(Point("M", frame.X(stay.stored_at_from), y), "H", Coordinate(frame.X(stay.dropped_at_from)));
  }
  const double low = frame.LinksY(stay.from);
  const double high = frame.LinksY(stay.to);
  return absl::StrCat(Point("M", frame.X(stay.stored_at_from), low), Point("L", frame.X(stay.stored_at_to), high), "H",
                      Coordinate(frame.X(stay.dropped_at_to)), Point("L", frame.X(stay.dropped_at_from), low), "Z");
}

std::string PathOf(const LinkSpan& stretch, const ChartFrame& frame) {
  return Point("M", frame.X(stretch.begin), frame.LinksY(stretch.from)) +
         Point("L", frame.X(stretch.end), frame.LinksY(stretch.to));
}

// The shapes of one class: one path for all or, if drawn link by link, one per shape with its title.
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
        timeline.kept, frame, each, tapes ? "tape" : "state",
        [tapes](const StoredInterval& stay) { return stay.tapes == tapes; }, StayTitle);
  }
  for (const auto work : {LinkSpan::Work::kForward, LinkSpan::Work::kTapedForward, LinkSpan::Work::kBackward}) {
    svg += Shapes(
        timeline.work, frame, each, kWorkClass[static_cast<int>(work)],
        [work](const LinkSpan& stretch) { return stretch.work == work; }, StretchTitle);
  }
  return svg;
}

// The fill of the store over time: states below, tapes on top.
std::string Filling(const PlanFigures& figures, const ChartFrame& frame) {
  std::string states = Point("M", kStore.left, kStore.bottom);
  std::string whole = states;
  for (const Timeline::Fill& fill : figures.timeline.fill) {
    const double x = frame.X(fill.time);
    states += Point("L", x, frame.StoreY(figures.Size({.states = fill.states})));
    whole += Point("L", x, frame.StoreY(figures.Size(fill)));
  }
  const std::string close = absl::StrCat(Point("L", kStore.right, kStore.bottom), "Z");
  return SvgPath(whole + close, "area-tape") + SvgPath(states + close, "area-state");
}

std::string BudgetAndPeak(const PlanFigures& figures, const ChartFrame& frame) {
  std::string svg, budget = "budget " + figures.SizeText(figures.budget);
  if (figures.budget <= frame.store_top) {
    const double y = frame.StoreY(figures.budget);
    svg += SvgLine(kStore.left, y, kStore.right, y, "budget");
    svg += SvgText(kStore.left + 6, y - 7, budget, "halo");
  } else {
    budget += ", above this axis";
    svg += SvgText(kStore.left + 6, kStore.top + 17, budget, "halo");
  }
  if (figures.peak <= 0) return svg;
  const double x = frame.X(figures.timeline.peak.time);
  const double y = frame.StoreY(figures.peak);
  const std::string peak = "peak " + figures.SizeText(figures.peak);
  const double width = TextWidth(peak);
  // To the right of the budget's label, which is at the left end of the line, and off the line.
  const double left = std::clamp(x - width / 2, kStore.left + TextWidth(budget) + 20, kStore.right - width);
  const double line = frame.StoreY(figures.budget);
  const double base = line <= y && y - line < 26 ? line : y;
  return svg + SvgMark(x, y) + SvgText(left, base - 7, peak, "halo");
}

}  // namespace

ChartFrame::ChartFrame(const PlanFigures& figures)
    : duration(figures.timeline.duration), links(static_cast<double>(figures.timeline.links)) {
  // Leaves room for labels at the top. A budget far above the peak would flatten the chart.
  const double shown = figures.budget > 2 * figures.peak ? figures.peak : std::max(figures.budget, figures.peak);
  store_top = std::max(1.0, shown) * 1.25;
}

std::string ScheduleCharts(const PlanFigures& figures) {
  const ChartFrame frame(figures);
  return absl::StrCat(AxisOfTime(figures, frame), AxisOfLinks(frame), AxisOfStore(figures, frame),
                      Drawing(figures.timeline, frame), ChartLabels(figures.timeline, frame), Filling(figures, frame),
                      BudgetAndPeak(figures, frame), TimeMarks(figures, frame), kLinks.XAxis(), kStore.XAxis());
}

Legend ScheduleLegend(const Timeline& timeline) {
  const auto works = [&](LinkSpan::Work work) {
    return std::ranges::any_of(timeline.work, [work](const LinkSpan& stretch) { return stretch.work == work; });
  };
  const auto keeps = [&](bool tapes) {
    return std::ranges::any_of(timeline.kept, [tapes](const StoredInterval& stay) { return stay.tapes == tapes; });
  };
  std::vector<LegendEntry> entries;
  const auto add = [&](bool there, const char* sign, const char* style_class, const char* text) {
    if (there) entries.push_back({SvgPath(sign, style_class), text});
  };
  add(works(LinkSpan::Work::kForward), "M0 12L26 0", "forward", "forward");
  add(works(LinkSpan::Work::kTapedForward), "M0 12L26 0", "taped", "forward with tape");
  add(true, "M0 0L26 12", "backward", "backward");
  add(keeps(false), "M0 6H26", "state", "stored state (checkpoint)");
  add(keeps(true), "M0 12L8 0H20L26 12Z", "tape", "stored tape");
  return MakeLegend(entries);
}

}  // namespace recurve
