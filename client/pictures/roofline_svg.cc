// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/roofline_svg.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/markup.h"
#include "client/pictures/plan_svg.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr double kRooflineWidth = 960, kRooflineHeight = 560;
constexpr double kRooflineLeft = 70, kRooflineRight = 590, kRooflineTop = 92, kRooflineBottom = 472;
constexpr double kListLeft = 622, kListTop = 104, kListRow = 24;
constexpr size_t kMostPoints = 16;
constexpr double kLeastShare = 0.01;  // of a point that is drawn
constexpr int kColours = 6;

constexpr char kRooflineStyle[] = R"(<style>
.point{stroke-width:1.6;fill-opacity:.3}
.colour-0{fill:#0072b2;stroke:#0072b2}
.colour-1{fill:#d55e00;stroke:#d55e00}
.colour-2{fill:#00553f;stroke:#00553f}
.colour-3{fill:#8e4a9e;stroke:#8e4a9e}
.colour-4{fill:#b27d00;stroke:#b27d00}
.colour-5{fill:#57606a;stroke:#57606a}
@media (prefers-color-scheme:dark){
.colour-0{fill:#4aa8ec;stroke:#4aa8ec}
.colour-1{fill:#ff7b2e;stroke:#ff7b2e}
.colour-2{fill:#7fe3c0;stroke:#7fe3c0}
.colour-3{fill:#cf8fe0;stroke:#cf8fe0}
.colour-4{fill:#d9a521;stroke:#d9a521}
.colour-5{fill:#a3adb8;stroke:#a3adb8}
}
</style>
)";

// Whole decades of both axes.
struct RooflineFrame {
  double least_x, most_x, least_y, most_y;  // decimal logarithms

  double X(double flops_per_byte) const { return At(flops_per_byte, least_x, most_x, kRooflineLeft, kRooflineRight); }
  double Y(double flops_per_second) const {
    return At(flops_per_second, least_y, most_y, kRooflineBottom, kRooflineTop);
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

std::string Axes(const RooflineFrame& frame) {
  std::string svg;
  for (double decade = frame.least_x; decade <= frame.most_x; ++decade) {
    const double value = std::pow(10, decade);
    svg += SvgLine(frame.X(value), kRooflineTop, frame.X(value), kRooflineBottom, "grid");
    svg +=
        SvgText(frame.X(value), kRooflineBottom + 19, absl::StrFormat("%.6g", value), "small muted", Anchor::kMiddle);
  }
  for (double decade = frame.least_y; decade <= frame.most_y; ++decade) {
    const double value = std::pow(10, decade);
    svg += SvgLine(kRooflineLeft, frame.Y(value), kRooflineRight, frame.Y(value), "grid");
    svg += SvgText(kRooflineLeft - 8, frame.Y(value) + 4, SiText(value), "small muted", Anchor::kEnd);
  }
  svg += SvgText((kRooflineLeft + kRooflineRight) / 2, kRooflineBottom + 42, "flops for each byte moved (logarithmic)",
                 "small muted", Anchor::kMiddle);
  return svg + absl::StrFormat(
                   "<text class=\"muted small\" text-anchor=\"middle\" transform=\"translate(18 %s) "
                   "rotate(-90)\">flops a second (logarithmic)</text>\n",
                   Coordinate((kRooflineTop + kRooflineBottom) / 2));
}

std::string Roofs(const RooflineFigures& figures, const RooflineFrame& frame) {
  const double peak = figures.peak_flops_per_second;
  const double bandwidth = figures.peak_bytes_per_second;
  // Where the roof of memory comes in: at the left, or from below.
  const double begin = std::max(std::pow(10, frame.least_x), std::pow(10, frame.least_y) / bandwidth);
  const auto point = [&](double x, double y) {
    return absl::StrCat(Coordinate(frame.X(x)), " ", Coordinate(frame.Y(y)));
  };
  std::string svg = SvgPath(absl::StrCat("M", point(begin, begin * bandwidth), "L", point(peak / bandwidth, peak), "H",
                                         Coordinate(kRooflineRight)),
                            "curve curve-all");
  svg += SvgText(kRooflineRight - 4, frame.Y(peak) - 8, absl::StrCat("products: ", SiText(peak), "flop/s"),
                 "small halo", Anchor::kEnd);
  const double middle = std::sqrt(begin * peak / bandwidth);
  return svg + SvgText(frame.X(middle) - 8, frame.Y(middle * bandwidth) - 8,
                       absl::StrCat("memory: ", SiText(bandwidth), "B/s"), "small halo", Anchor::kEnd);
}

// Those to draw, the largest first.
std::vector<RooflinePoint> Largest(std::vector<RooflinePoint> points) {
  std::ranges::stable_sort(points, std::ranges::greater(), &RooflinePoint::share);
  std::erase_if(points, [](const RooflinePoint& point) { return point.share < kLeastShare; });
  points.resize(std::min(points.size(), kMostPoints));
  return points;
}

class Colours {
 public:
  std::string Of(const std::string& group) {
    const auto found = std::ranges::find(groups_, group);
    const auto index = std::min<int64_t>(found - groups_.begin(), kColours - 1);
    if (found == groups_.end()) groups_.push_back(group);
    return absl::StrCat("colour-", index);
  }

 private:
  std::vector<std::string> groups_;  // in the order in which they were asked for
};

// Numbers beside the points that lie together; the first is the largest.
struct Label {
  double x, y;
  std::string numbers;
};

void AddNumber(double x, double y, const std::string& number, std::vector<Label>& labels) {
  constexpr double kAcross = 60, kDown = 14;
  const auto near = std::ranges::find_if(
      labels, [&](const Label& label) { return std::abs(label.x - x) < kAcross && std::abs(label.y - y) < kDown; });
  if (near == labels.end()) {
    labels.push_back({x, y, number});
  } else {
    absl::StrAppend(&near->numbers, ", ", number);
  }
}

std::string Points(const std::vector<RooflinePoint>& points, const RooflineFrame& frame) {
  constexpr double kLeastRadius = 3, kWholeRadius = 40;
  std::string circles, list;
  Colours colours;
  std::vector<Label> labels;
  for (size_t i = 0; i < points.size(); ++i) {
    const RooflinePoint& point = points[i];
    const double x = frame.X(point.flops_per_byte);
    const double y = frame.Y(point.flops_per_second);
    const std::string colour = colours.Of(point.group);
    const std::string number = absl::StrCat(i + 1);
    absl::StrAppendFormat(&circles, "<circle class=\"point %s\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>\n", colour,
                          Coordinate(x), Coordinate(y),
                          Coordinate(kLeastRadius + kWholeRadius * std::sqrt(point.share)));
    AddNumber(x, y, number, labels);
    const double row = kListTop + kListRow * static_cast<double>(i);
    absl::StrAppendFormat(&list, "<circle class=\"point %s\" cx=\"%s\" cy=\"%s\" r=\"5\"/>\n", colour,
                          Coordinate(kListLeft), Coordinate(row - 4));
    list += SvgText(kListLeft + 32, row, number, "small", Anchor::kEnd);
    list += SvgText(kListLeft + 42, row, absl::StrCat(point.group, ": ", point.name), "small");
    list += SvgText(kRooflineWidth - 16, row, PercentText(point.share, 1), "small muted", Anchor::kEnd);
  }
  for (const Label& label : labels) {
    circles += SvgText(label.x, label.y + 4, label.numbers, "small halo", Anchor::kMiddle);
  }
  return circles + list;
}

}  // namespace

std::string RooflineSvg(const RooflineFigures& figures) {
  const RooflineFrame frame = FrameOf(figures);
  std::string body = kRooflineStyle;
  body += SvgTitle(20, 36, kRooflineWidth - 40, figures.headline);
  body += SvgText(20, 60, figures.subject, "muted");
  absl::StrAppend(&body, Axes(frame), Roofs(figures, frame), Points(Largest(figures.points), frame),
                  SvgLine(kRooflineLeft, kRooflineBottom, kRooflineRight, kRooflineBottom, "axis"));
  body += SvgText(20, kRooflineHeight - 14,
                  "Circles are as large as their share of the time. The roofs are what the machine can do at the most; "
                  "only caches go beyond that of memory.",
                  "small");
  return SvgDocument(kRooflineWidth, kRooflineHeight, figures.headline, body);
}

}  // namespace recurve
