// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace recurve {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  for (const std::string text : {"", "plain text 123", "/data/\xC3\xA9t\xC3\xA9/\xE6\x96\x87.txt", "\xF0\x9F\x8E\x89",
                                 "back\\slash \"quoted\"", "\xE2\x80\x93 \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"}) {
    EXPECT_EQ(Printable(text), text);
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Printable, EscapesWhatMovesTheCursorOrTheDirection) {
  EXPECT_EQ(Printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(Printable("\x1B[2K\x7F"), "\\x1b[2K\\x7f");
  EXPECT_EQ(Printable(std::string("nul\0", 4)), "nul\\x00");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "2K\xC2\x85"),
            "\\u009b2K\\u0085");  // C1
  EXPECT_EQ(Printable("\xE2\x80\xAE"
                      "gpj"),
            "\\u202egpj");  // right-to-left override
  EXPECT_EQ(Printable("\xE2\x81\xA6\xE2\x81\xA9\xE2\x80\x8F\xD8\x9C"), "\\u2066\\u2069\\u200f\\u061c");
  EXPECT_EQ(Printable("\xE2\x80\xA8\xE2\x80\xA9"), "\\u2028\\u2029");
}

// Every byte that is not part of a character is escaped.
TEST(Printable, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(Printable("caf\xE9!"), "caf\\xe9!");
  EXPECT_EQ(Printable("\x9B"
                      "2K"),
            "\\x9b2K");
  for (const std::string text : {"\xC0\xAF", "\xE0\x80\x8A", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                 "\xFF", "\xC3", "\xE2\x82", "\x80"}) {
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_EQ(Printable(text).size(), 4 * text.size()) << Printable(text);
  }
}

// The output for any input is one line of UTF-8 without control characters, and Printable does not change it again.
TEST(Printable, IsItsOwnFixedPoint) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string shown = Printable(std::string{static_cast<char>(first), static_cast<char>(second), 'x'});
      ASSERT_TRUE(IsUtf8(shown));
      ASSERT_EQ(Printable(shown), shown);
      for (const char c : shown) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    }
  }
}

}  // namespace
}  // namespace recurve
