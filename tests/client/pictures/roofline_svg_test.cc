// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/roofline_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RooflineFigures Figures() {
  return {.headline = "A batch <&>",
          .subject = "lstm",
          .peak_flops_per_second = 1e11,
          .peak_bytes_per_second = 1e10,
          .points = {{"head", "softmax", 0.75, 1e9, 0.1}, {"backwards", "cell backward", 90, 8e10, 0.6}}};
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(RooflineSvg, ListsThePointsByTheirShare) {
  const std::string svg = RooflineSvg(Figures());
  EXPECT_THAT(svg, HasSubstr("A batch &lt;&amp;&gt;"));
  EXPECT_THAT(svg, HasSubstr("100 Gflop/s for"));
  EXPECT_THAT(svg, HasSubstr(" 10 GB/s for"));
  EXPECT_LT(svg.find("backwards: cell backward"), svg.find("head: softmax"));
  EXPECT_THAT(svg, HasSubstr("60 %"));
  EXPECT_EQ(Count(svg, "<circle"), 2u);
}

TEST(RooflineSvg, TheCeilingsMeetAtTheRidge) {
  // 1e11 flop/s over 1e10 B/s: at 10 flops a byte. A point there, at the peak, lies on the corner.
  RooflineFigures figures = Figures();
  figures.points = {{"group", "corner", 10, 1e11, 0.5}};
  const std::string svg = RooflineSvg(figures);
  std::smatch corner, circle;
  ASSERT_TRUE(std::regex_search(svg, corner, std::regex("L([0-9.]+) ([0-9.]+)H")));
  ASSERT_TRUE(std::regex_search(svg, circle, std::regex("cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"")));
  EXPECT_EQ(corner[1], circle[1]);
  EXPECT_EQ(corner[2], circle[2]);
}

TEST(RooflineSvg, PointsThatWouldOverlapShareADot) {
  RooflineFigures figures = Figures();
  figures.points = {
      {"group", "first", 10, 5e10, 0.5}, {"group", "second", 10.1, 5.1e10, 0.3}, {"group", "far", 1, 1e9, 0.2}};
  const std::string svg = RooflineSvg(figures);
  EXPECT_EQ(Count(svg, "<circle"), 2u);
  EXPECT_THAT(svg, HasSubstr(">1, 2</text>"));
}

TEST(RooflineSvg, DrawsWhatThereIs) {
  RooflineFigures figures = Figures();
  figures.points.clear();
  EXPECT_EQ(Count(RooflineSvg(figures), "<circle"), 0u);
  for (int i = 0; i < 100; ++i) {
    figures.points.push_back(
        {absl::StrCat("group ", i), "name", std::pow(10, i % 20 - 10), std::pow(10, i % 13), 0.01});
  }
  const std::string svg = RooflineSvg(figures);
  EXPECT_EQ(Count(svg, "<circle"), 16u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace recurve
