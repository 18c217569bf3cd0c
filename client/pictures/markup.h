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

// Elements whose colours come from the classes of `PictureStyle`.
std::string SvgText(double x, double y, std::string_view text, std::string_view style_class,
                    Anchor anchor = Anchor::kStart);
// A heading of one line, as large as fits in `width`.
std::string SvgTitle(double x, double y, double width, std::string_view text);
std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view style_class);
std::string SvgRect(double x, double y, double width, double height, std::string_view style_class);
std::string SvgPath(std::string_view data, std::string_view style_class, std::string_view title = {});

// About how wide `text` is in the font of the pictures, at this size.
double TextWidth(std::string_view text, double size);

// `text` in lines of at most `width` characters, where words allow.
std::vector<std::string> Wrapped(std::string_view text, size_t width);

// The style sheet of all pictures, for light and dark. Every colour stands out from the background by 3:1, of text by
// 4.5:1, and those of things that differ can be told apart by people with any common colour blindness.
std::string_view PictureStyle();

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_MARKUP_H_
