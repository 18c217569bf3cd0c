// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/svg_figure.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/pictures/embedded_files.h"
#include "client/pictures/markup.h"

namespace recurve {
namespace {

constexpr double kMargin = 14;

}  // namespace

SvgFigure::SvgFigure(std::string_view headline) : headline_(headline) { AddLines(headline, 43, 28, "title"); }

void SvgFigure::AddText(std::string_view text, std::string_view style_class) {
  AddLines(text, 62, 23, style_class);
  y_ += 5;
}

void SvgFigure::AddLines(std::string_view text, size_t characters, double height, std::string_view style_class) {
  for (const std::string& line : Wrapped(text, characters)) {
    y_ += height;
    body_ += SvgText(kMargin, y_ - 5, line, style_class);
  }
}

void SvgFigure::AddDrawing(double height, const std::string& svg) {
  absl::StrAppend(&body_, "<g transform=\"translate(0 ", Coordinate(y_), ")\">\n", svg, "</g>\n");
  y_ += height;
}

std::string SvgFigure::Document() const {
  const std::string width = Coordinate(kFigureWidth), height = Coordinate(y_ + 10);
  return absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width, " ", height, "\" width=\"",
                      width, "\" height=\"", height,
                      "\" style=\"max-width:100%;height:auto\" role=\"img\" aria-label=\"", Escaped(headline_),
                      "\">\n<style>\n", kPicturesCss, "</style>\n<title>", Escaped(headline_), "</title>\n",
                      SvgRect(0, 0, kFigureWidth, y_ + 10, "paper"), body_, "</svg>\n");
}

Legend MakeLegend(const std::vector<LegendEntry>& entries) {
  constexpr double kSign = 36, kGap = 20, kRow = 25;
  Legend legend{.svg = "", .height = 8};
  double x = kMargin, y = 4;
  for (const LegendEntry& entry : entries) {
    const double width = kSign + TextWidth(entry.text);
    if (x > kMargin && x + width > kFigureWidth - kMargin / 2) {
      x = kMargin;
      y += kRow;
    }
    absl::StrAppend(&legend.svg, "<g transform=\"translate(", Coordinate(x), " ", Coordinate(y), ")\">", entry.sign,
                    SvgText(kSign, 12, entry.text, ""), "</g>\n");
    legend.height = y + kRow;
    x += width + kGap;
  }
  return legend;
}

std::string PlotArea::XTick(double x, std::string_view label) const {
  const double half = TextWidth(label) / 2;
  const double middle = std::clamp(x, half, std::max(half, kFigureWidth - 2 - half));
  return SvgLine(x, top, x, bottom, "grid") + SvgText(middle, bottom + 21, label, "muted", Anchor::kMiddle);
}

std::string PlotArea::YTick(double y, std::string_view label) const {
  return SvgLine(left, y, right, y, "grid") + SvgText(left - 7, y + 6, label, "muted", Anchor::kEnd);
}

std::string PlotArea::XTitle(std::string_view title) const {
  return SvgText((left + right) / 2, bottom + 46, title, "", Anchor::kMiddle);
}

std::string PlotArea::YTitle(std::string_view title) const { return SvgText(kMargin, top - 13, title, ""); }

std::string PlotArea::XAxis() const { return SvgLine(left, bottom, right, bottom, "axis"); }

}  // namespace recurve
