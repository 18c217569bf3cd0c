// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/markup.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recurve {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string ClassOf(std::string_view style_class) {
  return style_class.empty() ? "" : absl::StrCat(" class=\"", View(style_class), "\"");
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return escaped;
}

std::string Coordinate(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string SvgText(double x, double y, std::string_view text, std::string_view style_class, Anchor anchor) {
  const char* anchored = anchor == Anchor::kStart    ? ""
                         : anchor == Anchor::kMiddle ? " text-anchor=\"middle\""
                                                     : " text-anchor=\"end\"";
  return absl::StrCat("<text x=\"", Coordinate(x), "\" y=\"", Coordinate(y), "\"", ClassOf(style_class), anchored, ">",
                      Escaped(text), "</text>\n");
}

std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view style_class) {
  return absl::StrCat("<line x1=\"", Coordinate(x1), "\" y1=\"", Coordinate(y1), "\" x2=\"", Coordinate(x2), "\" y2=\"",
                      Coordinate(y2), "\"", ClassOf(style_class), "/>\n");
}

std::string SvgRect(double x, double y, double width, double height, std::string_view style_class) {
  return absl::StrCat("<rect x=\"", Coordinate(x), "\" y=\"", Coordinate(y), "\" width=\"", Coordinate(width),
                      "\" height=\"", Coordinate(height), "\"", ClassOf(style_class), "/>\n");
}

std::string SvgMark(double x, double y) {
  return absl::StrCat("<circle class=\"mark\" cx=\"", Coordinate(x), "\" cy=\"", Coordinate(y), "\" r=\"5\"/>\n");
}

std::string SvgPath(std::string_view data, std::string_view style_class, std::string_view title) {
  const std::string start = absl::StrCat("<path", ClassOf(style_class), " d=\"", View(data), "\"");
  if (title.empty()) return absl::StrCat(start, "/>\n");
  return absl::StrCat(start, "><title>", Escaped(title), "</title></path>\n");
}

double TextWidth(std::string_view text) { return 0.56 * kTextSize * static_cast<double>(text.size()); }

Box TextBox(double x, double y, std::string_view text) {
  return {x - 2, y - kTextSize + 3, x + TextWidth(text) + 2, y + 3};
}

std::vector<std::string> Wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (text.size() > width) {
    size_t end = text.rfind(' ', width);
    if (end == std::string_view::npos) end = text.find(' ');
    if (end == std::string_view::npos) break;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace recurve
