// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/curve_svg.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/markup.h"
#include "client/pictures/svg_figure.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr PlotArea kCurvePlot = {.left = 62, .right = 580, .top = PlotArea::kAbove, .bottom = 374};
constexpr double kMostSlowdown = 3;
constexpr double kPaperShare = 0.05, kPaperSlowdown = 4.0 / 3;

struct Look {
  Strategy strategy;
  const char* style_class;
  const char* text;
};
constexpr Look kLooks[] = {{Strategy::kAuto, "curve-auto", "auto (optimal, Recurve)"},
                           {Strategy::kMsm, "curve-msm", "msm (Gruslys et al. 2016)"},
                           {Strategy::kIsm, "curve-ism", "ism (Gruslys et al. 2016)"},
                           {Strategy::kHsm, "curve-hsm", "hsm (revolve)"},
                           {Strategy::kChen, "curve-chen", "chen (sqrt(N) checkpoints)"},
                           {Strategy::kStoreAll, "curve-all", "store-all (standard BPTT)"}};

// Coordinates of time over the share of `whole`, the bytes of store-all.
struct CurveFrame {
  double whole, least;  // bytes; share at the left end

  double Share(const CurvePoint& point) const { return static_cast<double>(point.budget_bytes) / whole; }
  double X(double share) const {
    return kCurvePlot.right +
           std::log(std::max(share, least)) / -std::log(least) * (kCurvePlot.right - kCurvePlot.left);
  }
  static double Y(double slowdown) {
    return kCurvePlot.bottom - (slowdown - 1) / (kMostSlowdown - 1) * (kCurvePlot.bottom - kCurvePlot.top);
  }
};

CurveFrame FrameOf(const std::vector<Curve>& curves) {
  CurveFrame frame = {.whole = 1, .least = 1};
  for (const Curve& curve : curves) {
    for (const CurvePoint& point : curve.corners) {
      frame.whole = std::max(frame.whole, static_cast<double>(point.budget_bytes));
    }
  }
  for (const Curve& curve : curves) {
    for (const CurvePoint& point : curve.corners) {
      if (point.slowdown <= kMostSlowdown) frame.least = std::min(frame.least, frame.Share(point));
    }
  }
  constexpr double kNothing = 1e-6, kMost = 0.5;
  frame.least = std::clamp(frame.least, kNothing, kMost);
  return frame;
}

// The ticks of each decade: fewer, the more decades there are.
std::vector<double> TicksOfDecade(double decades) {
  if (decades > 2.8) return {1};
  if (decades > 1) return {1, 2, 5};
  return {1, 1.5, 2, 3, 5};
}

std::string Axes(const CurveFrame& frame) {
  std::string svg;
  const std::vector<double> factors = TicksOfDecade(-std::log10(frame.least));
  for (double power = 1e-6; power < 1; power *= 10) {
    for (const double factor : factors) {
      const double share = factor * power;
      if (share < frame.least || frame.X(share) > kCurvePlot.right - 62) continue;  // room for 100 %
      svg += kCurvePlot.XTick(frame.X(share), absl::StrFormat("%.6g %%", 100 * share));
    }
  }
  svg += kCurvePlot.XTick(kCurvePlot.right, "100 %");
  for (double slowdown = 1; slowdown <= kMostSlowdown; slowdown += 0.5) {
    svg += kCurvePlot.YTick(CurveFrame::Y(slowdown), absl::StrFormat("%.1fx", slowdown));
  }
  svg += kCurvePlot.YTitle("time (1x = store-all)");
  return svg + kCurvePlot.XTitle(absl::StrCat("memory (100 % = store-all, ",
                                              FormatBytesRounded(std::llround(frame.whole)), "), log scale"));
}

// A step function: a corner is the least memory for its time; with less, the time is that of the corner before.
std::string Stairs(const Curve& curve, const CurveFrame& frame, std::string_view style_class) {
  std::string data;
  for (const CurvePoint& point : curve.corners) {
    if (point.slowdown > kMostSlowdown) continue;
    const std::string x = Coordinate(frame.X(frame.Share(point)));
    const std::string y = Coordinate(CurveFrame::Y(point.slowdown));
    // The first starts at the top: less memory takes more time or is infeasible.
    absl::StrAppend(&data, data.empty() ? absl::StrCat("M", x, " ", Coordinate(kCurvePlot.top)) : absl::StrCat("H", x),
                    "V", y);
  }
  if (data.empty()) return "";
  return SvgPath(absl::StrCat(data, "H", Coordinate(kCurvePlot.right)), style_class);
}

const CurvePoint* Within(const Curve& curve, const CurveFrame& frame, double share) {
  const CurvePoint* found = nullptr;
  for (const CurvePoint& point : curve.corners) {
    if (frame.Share(point) <= share) found = &point;
  }
  return found;
}

std::string PaperMarks(const CurveFrame& frame) {
  const double y = CurveFrame::Y(kPaperSlowdown);
  std::string svg = SvgLine(kCurvePlot.left, y, kCurvePlot.right, y, "budget");
  svg += SvgText(kCurvePlot.left + 6, y - 7, "1/3 more time", "halo");
  if (frame.least >= kPaperShare) return svg;
  const double x = frame.X(kPaperShare);
  return svg + SvgLine(x, kCurvePlot.top, x, kCurvePlot.bottom, "budget");
}

// The first of kLooks on top.
std::string Curves(const std::vector<Curve>& curves, const CurveFrame& frame, std::vector<LegendEntry>& legend) {
  std::string lines;
  for (const Look& look : kLooks) {
    const auto curve = std::ranges::find(curves, look.strategy, &Curve::strategy);
    if (curve == curves.end()) continue;
    const std::string line_class = absl::StrCat("curve ", look.style_class);
    lines.insert(0, Stairs(*curve, frame, line_class));
    legend.push_back({SvgPath("M0 6H26", line_class), look.text});
  }
  return lines;
}

// The best plan in the paper's share of the memory.
const CurvePoint* BestAtPaperShare(const std::vector<Curve>& curves, const CurveFrame& frame) {
  const auto best = std::ranges::find(curves, Strategy::kAuto, &Curve::strategy);
  return best == curves.end() ? nullptr : Within(*best, frame, kPaperShare);
}

std::string BestMark(const CurvePoint* best, const CurveFrame& frame) {
  if (best == nullptr || best->slowdown > kMostSlowdown) return "";
  const double x = frame.X(kPaperShare);
  const double y = CurveFrame::Y(best->slowdown);
  return SvgMark(x, y) + SvgText(x - 10, y + 22, absl::StrFormat("auto: %.2fx", best->slowdown), "halo", Anchor::kEnd);
}

}  // namespace

std::string CurveSvg(std::string_view subject, const std::vector<Curve>& curves) {
  const CurveFrame frame = FrameOf(curves);
  const CurvePoint* best = BestAtPaperShare(curves, frame);
  SvgFigure figure(best == nullptr ? "Time as a function of memory"
                                   : absl::StrFormat("5 %% of store-all's memory: %.2fx its time", best->slowdown));
  figure.AddText(subject, "muted");
  std::vector<LegendEntry> entries;
  const std::string lines = Curves(curves, frame, entries);
  figure.AddDrawing(kCurvePlot.bottom + PlotArea::kBelow,
                    absl::StrCat(Axes(frame), PaperMarks(frame), lines, BestMark(best, frame), kCurvePlot.XAxis()));
  const Legend legend = MakeLegend(entries);
  figure.AddDrawing(legend.height, legend.svg);
  figure.AddText(
      "Lower is better: least time of a plan that stores no more than this. Dashed: 5 % of the memory and 1/3 more "
      "time, as in Gruslys et al. 2016.");
  return figure.Document();
}

}  // namespace recurve
