// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_SVG_FIGURE_H_
#define RECURVE_CLIENT_PICTURES_SVG_FIGURE_H_

#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// Narrow, so that text is still legible when a phone shrinks the picture to its own width.
inline constexpr double kFigureWidth = 600;

// An SVG file that stands by itself, filled from top to bottom. It begins with the headline.
class SvgFigure {
 public:
  explicit SvgFigure(std::string_view headline);

  void AddText(std::string_view text, std::string_view style_class = {});  // a paragraph
  // `svg` is drawn in coordinates of its own, kFigureWidth by `height`.
  void AddDrawing(double height, const std::string& svg);

  std::string Document() const;

 private:
  void AddLines(std::string_view text, size_t characters, double height, std::string_view style_class);

  const std::string headline_;
  std::string body_;
  double y_ = 8;  // where the next thing begins
};

struct LegendEntry {
  std::string sign;  // SVG in a box of 26 by 12
  std::string text;
};

struct Legend {
  std::string svg;
  double height;
};

// Entries beside each other as far as there is room, in rows.
Legend MakeLegend(const std::vector<LegendEntry>& entries);

// The rectangle of a chart and what lies around it, which takes `kAbove` and `kBelow`.
struct PlotArea {
  static constexpr double kAbove = 34, kBelow = 58;

  double left, right, top, bottom;

  // A line of the grid with its label.
  std::string XTick(double x, std::string_view label) const;
  std::string YTick(double y, std::string_view label) const;
  // What the axes show: below the labels of the one, above those of the other.
  std::string XTitle(std::string_view title) const;
  std::string YTitle(std::string_view title) const;
  std::string XAxis() const;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_SVG_FIGURE_H_
