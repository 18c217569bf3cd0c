// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_SVG_FIGURE_H_
#define RECURVE_CLIENT_PICTURES_SVG_FIGURE_H_

#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// Narrow, so that text is still legible when scaled down to the width of a phone.
inline constexpr double kFigureWidth = 600;

// A self-contained SVG file, filled from top to bottom, beginning with the headline.
class SvgFigure {
 public:
  explicit SvgFigure(std::string_view headline);

  void AddText(std::string_view text, std::string_view style_class = {});  // a paragraph
  // `svg` has its own coordinates, kFigureWidth by `height`.
  void AddDrawing(double height, const std::string& svg);

  std::string Document() const;

 private:
  void AddLines(std::string_view text, size_t characters, double height, std::string_view style_class);

  const std::string headline_;
  std::string body_;
  double y_ = 8;  // top of the next element
};

struct LegendEntry {
  std::string sign;  // SVG in a box of 26 by 12
  std::string text;
};

struct Legend {
  std::string svg;
  double height;
};

// Lays the entries out in rows.
Legend MakeLegend(const std::vector<LegendEntry>& entries);

// The rectangle of a chart, with margins of `kAbove` and `kBelow` for labels and titles.
struct PlotArea {
  static constexpr double kAbove = 34, kBelow = 58;

  double left, right, top, bottom;

  // A grid line with its label.
  std::string XTick(double x, std::string_view label) const;
  std::string YTick(double y, std::string_view label) const;
  // The titles of the axes: below the x labels, above the y labels.
  std::string XTitle(std::string_view title) const;
  std::string YTitle(std::string_view title) const;
  std::string XAxis() const;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_SVG_FIGURE_H_
