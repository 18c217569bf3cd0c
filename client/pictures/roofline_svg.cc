// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/roofline_svg.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/markup.h"
#include "client/pictures/svg_figure.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr PlotArea kRooflinePlot = {.left = 84, .right = 584, .top = PlotArea::kAbove, .bottom = 414};
constexpr size_t kMostPoints = 16;
constexpr double kLeastShare = 0.01;  // of a drawn point

// The range of both axes in whole decades.
struct RooflineFrame {
  double least_x, most_x, least_y, most_y;  // decimal logarithms

  double X(double flops_per_byte) const {
    return At(flops_per_byte, least_x, most_x, kRooflinePlot.left, kRooflinePlot.right);
  }
  double Y(double flops_per_second) const {
    return At(flops_per_second, least_y, most_y, kRooflinePlot.bottom, kRooflinePlot.top);
  }

 private:
  static double At(double value, double least, double most, double begin, double end) {
    return begin + (std::log10(value) - least) / (most - least) * (end - begin);
  }
};

RooflineFrame FrameOf(const RooflineFigures& figures) {
  const double ridge = figures.peak_flops_per_second / figures.peak_bytes_per_second;
  double least_x = ridge / 10, most_x = ridge * 10;
  double least_y = figures.peak_flops_per_second / 100, most_y = figures.peak_flops_per_second * 1.2;
  for (const RooflinePoint& point : figures.points) {
    least_x = std::min(least_x, point.flops_per_byte / 1.5);
    most_x = std::max(most_x, point.flops_per_byte * 1.5);
    least_y = std::min(least_y, point.flops_per_second / 1.5);
    most_y = std::max(most_y, point.flops_per_second * 1.5);
  }
  return {std::floor(std::log10(least_x)), std::ceil(std::log10(most_x)), std::floor(std::log10(least_y)),
          std::ceil(std::log10(most_y))};
}

// "174 G"
std::string SiText(double value) {
  constexpr const char* kPrefixes[] = {"", " k", " M", " G", " T", " P"};
  size_t i = 0;
  for (; value >= 1000 && i + 1 < std::size(kPrefixes); ++i) value /= 1000;
  return absl::StrFormat("%.3g%s", value, kPrefixes[i]);
}

std::string RooflineAxes(const RooflineFrame& frame) {
  std::string svg;
  for (double decade = frame.least_x; decade <= frame.most_x; ++decade) {
    const double value = std::pow(10, decade);
    svg += kRooflinePlot.XTick(frame.X(value), absl::StrFormat("%.6g", value));
  }
  for (double decade = frame.least_y; decade <= frame.most_y; ++decade) {
    const double value = std::pow(10, decade);
    svg += kRooflinePlot.YTick(frame.Y(value), SiText(value));
  }
  return svg + kRooflinePlot.XTitle("arithmetic intensity (flop per byte, log scale)") +
         kRooflinePlot.YTitle("flop/s (log scale)");
}

// The points to draw, the largest first.
std::vector<RooflinePoint> Largest(std::vector<RooflinePoint> points) {
  std::ranges::stable_sort(points, std::ranges::greater(), &RooflinePoint::share);
  std::erase_if(points, [](const RooflinePoint& point) { return point.share < kLeastShare; });
  points.resize(std::min(points.size(), kMostPoints));
  return points;
}

// A dot for one or more points, with their numbers in the list.
struct Dot {
  double x, y;
  std::string numbers;
};

// Points whose dots would overlap share the dot of the first.
std::vector<Dot> DotsOf(const std::vector<RooflinePoint>& points, const RooflineFrame& frame) {
  constexpr double kApart = 13;
  std::vector<Dot> dots;
  for (size_t i = 0; i < points.size(); ++i) {
    const double x = frame.X(points[i].flops_per_byte), y = frame.Y(points[i].flops_per_second);
    const auto near =
        std::ranges::find_if(dots, [&](const Dot& dot) { return std::hypot(dot.x - x, dot.y - y) < kApart; });
    if (near == dots.end()) {
      dots.push_back({x, y, absl::StrCat(i + 1)});
    } else {
      absl::StrAppend(&near->numbers, ", ", i + 1);
    }
  }
  return dots;
}

// Places labels where there is room for them.
class RooflineLabels {
 public:
  void Take(const Box& box) { taken_.push_back(box); }

  // Places `text` as near to (x, y) as possible, with a connecting line unless it is adjacent.
  void Place(double x, double y, const std::string& text) {
    constexpr double kStep = 17, kRings = 9;
    const double half = TextWidth(text) / 2;
    for (double ring = 1; ring <= kRings; ++ring) {
      for (const auto& [across, down] :
           {std::pair{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {-1, 1}, {1, 1}, {-1, -1}}) {
        const double at_x = x + across * (kStep * (ring - 1) + half + 9), at_y = y + down * kStep * ring;
        const Box box = TextBox(at_x - half, at_y + 6, text);
        if (!Free(box)) continue;
        Take(box);
        if (ring > 1) lines_ += SvgLine(x, y, at_x - across * half, at_y, "axis");
        texts_ += SvgText(at_x, at_y + 6, text, "halo", Anchor::kMiddle);
        return;
      }
    }
  }

  std::string Svg() const { return lines_ + texts_; }

 private:
  bool Free(const Box& box) const {
    return box.left >= kRooflinePlot.left && box.right <= kFigureWidth && box.top >= kRooflinePlot.top &&
           box.bottom <= kRooflinePlot.bottom &&
           std::ranges::none_of(taken_, [&box](const Box& other) { return box.Meets(other); });
  }

  std::vector<Box> taken_;
  std::string lines_, texts_;
};

// Draws both ceilings and adds their names to `labels`.
std::string Ceilings(const RooflineFigures& figures, const RooflineFrame& frame, RooflineLabels& labels) {
  const double peak = figures.peak_flops_per_second, bandwidth = figures.peak_bytes_per_second;
  // Where the memory ceiling enters the plot: at the left or from below.
  const double begin = std::max(std::pow(10, frame.least_x), std::pow(10, frame.least_y) / bandwidth);
  const double ridge = peak / bandwidth;
  const double left = frame.X(begin), corner = frame.X(ridge), bottom = frame.Y(begin * bandwidth), top = frame.Y(peak);
  const auto y_at = [&](double x) { return std::max(top, bottom + (x - left) / (corner - left) * (top - bottom)); };
  for (double x = left; x < kRooflinePlot.right; x += 3) labels.Take({x - 2, y_at(x) - 2, x + 2, y_at(x) + 2});
  labels.Place(kRooflinePlot.right - TextWidth("compute ceiling") / 2, top, "compute ceiling");
  labels.Place((left + corner) / 2, y_at((left + corner) / 2), "memory ceiling");
  return SvgPath(absl::StrCat("M", Coordinate(left), " ", Coordinate(bottom), "L", Coordinate(corner), " ",
                              Coordinate(top), "H", Coordinate(kRooflinePlot.right)),
                 "curve curve-all");
}

std::string RooflineDrawing(const RooflineFigures& figures, const std::vector<RooflinePoint>& points) {
  const RooflineFrame frame = FrameOf(figures);
  const std::vector<Dot> dots = DotsOf(points, frame);
  RooflineLabels labels;
  for (const Dot& dot : dots) labels.Take({dot.x - 7, dot.y - 7, dot.x + 7, dot.y + 7});
  std::string svg = RooflineAxes(frame) + Ceilings(figures, frame, labels);
  for (const Dot& dot : dots) labels.Place(dot.x, dot.y, dot.numbers);
  svg += labels.Svg();
  for (const Dot& dot : dots) svg += SvgMark(dot.x, dot.y);
  return svg + kRooflinePlot.XAxis();
}

void AddList(const std::vector<RooflinePoint>& points, SvgFigure& figure) {
  constexpr double kRow = 24;
  std::string list;
  double y = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    y += kRow;
    list += SvgText(44, y, absl::StrCat(i + 1), "", Anchor::kEnd);
    list += SvgText(58, y, absl::StrCat(points[i].group, ": ", points[i].name), "");
    list += SvgText(kRooflinePlot.right, y, PercentText(points[i].share, 1), "muted", Anchor::kEnd);
  }
  figure.AddDrawing(y + 12, list);
}

}  // namespace

std::string RooflineSvg(const RooflineFigures& figures) {
  const std::vector<RooflinePoint> points = Largest(figures.points);
  SvgFigure figure(figures.headline);
  figure.AddText(figures.subject, "muted");
  figure.AddDrawing(kRooflinePlot.bottom + PlotArea::kBelow, RooflineDrawing(figures, points));
  AddList(points, figure);
  figure.AddText(absl::StrCat(
      "Numbers: operations, by their share of the time. Lines: roofline ceilings, measured on "
      "this machine, ",
      SiText(figures.peak_flops_per_second), "flop/s for compute and ", SiText(figures.peak_bytes_per_second),
      "B/s for memory. Operations above the memory ceiling read from caches."));
  return figure.Document();
}

}  // namespace recurve
