// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/markup.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recurve {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::string_view kStyle = R"(
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px;fill:#1f2328}
.title{font-weight:600}
.small{font-size:12px}
.muted{fill:#57606a}
.paper{fill:#ffffff}
.grid{stroke:#e3e7eb;fill:none}
.axis{stroke:#838c96;fill:none}
.forward{stroke:#838c96;stroke-width:1.6;fill:none}
.taped{stroke:#d55e00;stroke-width:1.8;fill:none}
.backward{stroke:#00553f;stroke-width:2.2;fill:none}
.state{stroke:#0072b2;stroke-width:2.6;fill:none}
.tape{fill:#b27d00;fill-opacity:.32;stroke:#b27d00;stroke-width:.6}
.area-state{fill:#0072b2}
.area-tape{fill:#b27d00;fill-opacity:.55}
.whole{fill:#838c96}
.ours{fill:#0072b2}
.budget{stroke:#1f2328;stroke-width:1.4;stroke-dasharray:6 4;fill:none}
.mark{fill:#1f2328;stroke:#ffffff}
.curve{fill:none;stroke-width:2;stroke-linejoin:round}
.curve-auto{stroke:#0072b2;stroke-width:3.4}
.curve-hsm{stroke:#d55e00;stroke-dasharray:9 3}
.curve-msm{stroke:#b27d00}
.curve-ism{stroke:#8e4a9e;stroke-dasharray:3 3}
.curve-chen{stroke:#00553f;stroke-dasharray:9 3 2 3}
.curve-all{stroke:#1f2328}
.halo{paint-order:stroke;stroke:#ffffff;stroke-width:3px;stroke-linejoin:round}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.muted{fill:#a3adb8}
.paper{fill:#11161d}
.grid{stroke:#29313a}
.axis,.forward{stroke:#8d97a3}
.taped{stroke:#ff7b2e}
.backward{stroke:#7fe3c0}
.state{stroke:#4aa8ec}
.tape{fill:#d9a521;stroke:#d9a521}
.area-state,.ours{fill:#4aa8ec}
.area-tape{fill:#d9a521}
.whole{fill:#8d97a3}
.budget{stroke:#e6edf3}
.mark{fill:#e6edf3;stroke:#11161d}
.curve-auto{stroke:#4aa8ec}
.curve-hsm{stroke:#ff7b2e}
.curve-msm{stroke:#d9a521}
.curve-ism{stroke:#cf8fe0}
.curve-chen{stroke:#7fe3c0}
.curve-all{stroke:#e6edf3}
.halo{stroke:#11161d}
}
)";

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

std::string SvgTitle(double x, double y, double width, std::string_view text) {
  constexpr double kLargest = 22, kWidthOfLetter = 0.62;  // in bold
  const double size = std::min(kLargest, width / (kWidthOfLetter * static_cast<double>(text.size())));
  return absl::StrCat("<text class=\"title\" style=\"font-size:", Coordinate(size), "px\" x=\"", Coordinate(x),
                      "\" y=\"", Coordinate(y), "\">", Escaped(text), "</text>\n");
}

std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view style_class) {
  return absl::StrCat("<line x1=\"", Coordinate(x1), "\" y1=\"", Coordinate(y1), "\" x2=\"", Coordinate(x2), "\" y2=\"",
                      Coordinate(y2), "\"", ClassOf(style_class), "/>\n");
}

std::string SvgRect(double x, double y, double width, double height, std::string_view style_class) {
  return absl::StrCat("<rect x=\"", Coordinate(x), "\" y=\"", Coordinate(y), "\" width=\"", Coordinate(width),
                      "\" height=\"", Coordinate(height), "\"", ClassOf(style_class), "/>\n");
}

std::string SvgPath(std::string_view data, std::string_view style_class, std::string_view title) {
  const std::string start = absl::StrCat("<path", ClassOf(style_class), " d=\"", View(data), "\"");
  if (title.empty()) return absl::StrCat(start, "/>\n");
  return absl::StrCat(start, "><title>", Escaped(title), "</title></path>\n");
}

double TextWidth(std::string_view text, double size) { return 0.56 * size * static_cast<double>(text.size()); }

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

std::string_view PictureStyle() { return kStyle; }

}  // namespace recurve
