// SPDX-License-Identifier: Apache-2.0
//
// Pieces of SVG and HTML.
#ifndef RECURVE_CLIENT_PICTURES_MARKUP_H_
#define RECURVE_CLIENT_PICTURES_MARKUP_H_

#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// `text` with what means something in XML and HTML escaped, for content and for quoted attributes. Control characters,
// which XML has no way to write, become spaces.
std::string Escaped(std::string_view text);

// A coordinate with one digit after the point at most: "12.5", "3".
std::string Coordinate(double value);

enum class Anchor { kStart, kMiddle, kEnd };

// Elements whose colours come from the classes of pictures.css.
std::string SvgText(double x, double y, std::string_view text, std::string_view style_class,
                    Anchor anchor = Anchor::kStart);
std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view style_class);
std::string SvgRect(double x, double y, double width, double height, std::string_view style_class);
std::string SvgMark(double x, double y);  // a dot
std::string SvgPath(std::string_view data, std::string_view style_class, std::string_view title = {});

// Of all text but headlines, as pictures.css says.
inline constexpr double kTextSize = 17;

// About how wide `text` is in the font of the pictures.
double TextWidth(std::string_view text);

struct Box {
  double left, top, right, bottom;

  bool Meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};
// What `text` takes that begins at `x` on the base line `y`.
Box TextBox(double x, double y, std::string_view text);

// `text` in lines of at most `width` characters, where words allow.
std::vector<std::string> Wrapped(std::string_view text, size_t width);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_MARKUP_H_
