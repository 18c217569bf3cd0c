// SPDX-License-Identifier: Apache-2.0
//
// Elements of SVG and HTML.
#ifndef RECURVE_CLIENT_PICTURES_MARKUP_H_
#define RECURVE_CLIENT_PICTURES_MARKUP_H_

#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// `text` escaped for XML and HTML content and quoted attributes. Control characters, which XML cannot represent, become
// spaces.
std::string Escaped(std::string_view text);

// A coordinate with at most one decimal: "12.5", "3".
std::string Coordinate(double value);

enum class Anchor { kStart, kMiddle, kEnd };

// Elements with colors from the classes of pictures.css.
std::string SvgText(double x, double y, std::string_view text, std::string_view style_class,
                    Anchor anchor = Anchor::kStart);
std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view style_class);
std::string SvgRect(double x, double y, double width, double height, std::string_view style_class);
std::string SvgMark(double x, double y);  // a dot
std::string SvgPath(std::string_view data, std::string_view style_class, std::string_view title = {});

// The size of all text except headlines; equal to that in pictures.css.
inline constexpr double kTextSize = 17;

// The approximate width of `text` in the font of the pictures.
double TextWidth(std::string_view text);

struct Box {
  double left, top, right, bottom;

  bool Meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};
// The extent of `text` that begins at `x` on the base line `y`.
Box TextBox(double x, double y, std::string_view text);

// `text` in lines of at most `width` characters, except for longer words.
std::vector<std::string> Wrapped(std::string_view text, size_t width);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_MARKUP_H_
