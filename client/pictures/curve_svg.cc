// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/curve_svg.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/markup.h"
#include "client/pictures/plan_svg.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr double kWidth = 960, kHeight = 560;
constexpr double kLeft = 70, kRight = 930, kTop = 92, kBottom = 452;
constexpr double kMostSlowdown = 3;
constexpr double kPaperShare = 0.05, kPaperSlowdown = 4.0 / 3;

struct Look {
  Strategy strategy;
  const char* style_class;
  const char* text;
};
constexpr Look kLooks[] = {{Strategy::kAuto, "curve-auto", "auto: the cheapest, counted in real bytes"},
                           {Strategy::kMsm, "curve-msm", "msm: states and internal states, the paper's"},
                           {Strategy::kIsm, "curve-ism", "ism: internal states, the paper's"},
                           {Strategy::kHsm, "curve-hsm", "hsm: states, the paper's; the same as revolve"},
                           {Strategy::kChen, "curve-chen", "chen: about sqrt(N) segments"},
                           {Strategy::kStoreAll, "curve-all", "store-all: keep everything"}};

// Shares of `whole`, the bytes of keeping everything, over time.
struct CurveFrame {
  double whole, least;  // bytes; share at the left end

  double Share(const CurvePoint& point) const { return static_cast<double>(point.budget_bytes) / whole; }
  double X(double share) const {
    return kRight + std::log(std::max(share, least)) / -std::log(least) * (kRight - kLeft);
  }
  static double Y(double slowdown) { return kBottom - (slowdown - 1) / (kMostSlowdown - 1) * (kBottom - kTop); }
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

std::string ShareText(double share) { return absl::StrFormat("%.6g %%", 100 * share); }

// What ticks are multiples of in each decade: fewer, the more decades there are.
std::vector<double> TicksOfDecade(double decades) {
  if (decades > 3) return {1};
  if (decades > 1.2) return {1, 2, 5};
  return {1, 1.5, 2, 3, 4, 5, 6, 8};
}

std::string Axes(const CurveFrame& frame) {
  std::string svg;
  const std::vector<double> factors = TicksOfDecade(-std::log10(frame.least));
  for (double power = 1e-6; power < 1; power *= 10) {
    for (const double factor : factors) {
      const double share = factor * power;
      const double x = frame.X(share);
      if (share < frame.least) continue;
      svg += SvgLine(x, kTop, x, kBottom, "grid");
      svg += SvgText(x, kBottom + 19, ShareText(share), "small muted", Anchor::kMiddle);
      if (factor != 1 && factor != 5) continue;
      svg += SvgText(x, kBottom + 36, FormatBytesRounded(std::llround(share * frame.whole)), "small muted",
                     Anchor::kMiddle);
    }
  }
  svg += SvgLine(kRight, kTop, kRight, kBottom, "grid");
  svg += SvgText(kRight, kBottom + 19, "100 %", "small muted", Anchor::kMiddle);
  svg += SvgText(kWidth - 4, kBottom + 36, FormatBytesRounded(std::llround(frame.whole)), "small muted", Anchor::kEnd);
  for (double slowdown = 1; slowdown <= kMostSlowdown; slowdown += 0.5) {
    const double y = CurveFrame::Y(slowdown);
    svg += SvgLine(kLeft, y, kRight, y, "grid");
    svg += SvgText(kLeft - 8, y + 4, absl::StrFormat("%.1fx", slowdown), "small muted", Anchor::kEnd);
  }
  svg += SvgText((kLeft + kRight) / 2, kBottom + 60, "memory, of what keeping everything needs (logarithmic)",
                 "small muted", Anchor::kMiddle);
  return svg + absl::StrFormat(
                   "<text class=\"muted small\" text-anchor=\"middle\" transform=\"translate(18 %s) "
                   "rotate(-90)\">time, against keeping everything</text>\n",
                   Coordinate((kTop + kBottom) / 2));
}

// Stairs: a corner is the least memory for its time, and with a little less the time is that of the corner before.
std::string Stairs(const Curve& curve, const CurveFrame& frame, const char* style_class) {
  std::string data;
  for (const CurvePoint& point : curve.corners) {
    if (point.slowdown > kMostSlowdown) continue;
    const std::string x = Coordinate(frame.X(frame.Share(point)));
    const std::string y = Coordinate(CurveFrame::Y(point.slowdown));
    // The first comes from above: less memory takes more time, or cannot be done.
    absl::StrAppend(&data, data.empty() ? absl::StrCat("M", x, " ", Coordinate(kTop)) : absl::StrCat("H", x), "V", y);
  }
  if (data.empty()) return "";
  return SvgPath(absl::StrCat(data, "H", Coordinate(kRight)), style_class);
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
  std::string svg = SvgLine(kLeft, y, kRight, y, "budget");
  svg += SvgText(kRight - 4, y - 6, "a third more time", "small halo", Anchor::kEnd);
  if (frame.least >= kPaperShare) return svg;
  const double x = frame.X(kPaperShare);
  svg += SvgLine(x, kTop, x, kBottom, "budget");
  return svg + SvgText(x, kTop - 7, "5 % of the memory", "small", Anchor::kMiddle);
}

// The curves, the first of kLooks on top, and what they are called.
std::string Curves(const std::vector<Curve>& curves, const CurveFrame& frame) {
  constexpr double kColumn = kRight - 370, kRowHeight = 22;
  std::string lines, legend;
  double row = kTop + 26;
  for (const Look& look : kLooks) {
    const auto curve = std::ranges::find(curves, look.strategy, &Curve::strategy);
    if (curve == curves.end()) continue;
    const std::string line_class = absl::StrCat("curve ", look.style_class);
    lines.insert(0, Stairs(*curve, frame, line_class.c_str()));
    legend += SvgLine(kColumn, row - 4, kColumn + 30, row - 4, line_class);
    legend += SvgText(kColumn + 40, row, look.text, "halo");
    row += kRowHeight;
  }
  return lines + legend;
}

// The best that can be done in the paper's share of the memory.
const CurvePoint* BestAtPaperShare(const std::vector<Curve>& curves, const CurveFrame& frame) {
  const auto best = std::ranges::find(curves, Strategy::kAuto, &Curve::strategy);
  return best == curves.end() ? nullptr : Within(*best, frame, kPaperShare);
}

std::string BestMark(const CurvePoint* best, const CurveFrame& frame) {
  if (best == nullptr || best->slowdown > kMostSlowdown) return "";
  const double x = frame.X(kPaperShare);
  const double y = CurveFrame::Y(best->slowdown);
  return absl::StrFormat("<circle class=\"mark\" cx=\"%s\" cy=\"%s\" r=\"5\"/>\n", Coordinate(x), Coordinate(y)) +
         SvgText(x - 10, y + 18, absl::StrFormat("auto: %.2fx the time", best->slowdown), "small halo", Anchor::kEnd);
}

}  // namespace

std::string CurveSvg(std::string_view subject, const std::vector<Curve>& curves) {
  const CurveFrame frame = FrameOf(curves);
  const CurvePoint* best = BestAtPaperShare(curves, frame);
  const std::string headline =
      best == nullptr
          ? "What memory buys in time"
          : absl::StrFormat("5 %% of the memory of keeping everything costs %.2fx the time", best->slowdown);
  std::string body = SvgTitle(20, 36, kWidth - 40, headline);
  body += SvgText(20, 60, subject, "muted");
  absl::StrAppend(&body, Axes(frame), PaperMarks(frame), Curves(curves, frame), BestMark(best, frame),
                  SvgLine(kLeft, kBottom, kRight, kBottom, "axis"));
  body += SvgText(20, kHeight - 14,
                  "A line says how long a plan takes that keeps no more than this. Left: few states kept, much is run "
                  "again. Right: all kept, each link run once.",
                  "");
  return SvgDocument(kWidth, kHeight, headline, body);
}

}  // namespace recurve
