// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_split.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Draw(const PlanRequest& request, const TextLook& look) {
  const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  const absl::StatusOr<PlanFigures> figures = FiguresOf(request, *plan);
  EXPECT_TRUE(figures.ok()) << figures.status();
  return PlanPicture(*figures, look);
}

// Characters, not bytes, and no escape sequences.
size_t WidthOf(std::string line) {
  for (size_t escape; (escape = line.find('\x1b')) != std::string::npos;)
    line.erase(escape, line.find('m', escape) - escape + 1);
  return static_cast<size_t>(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(PlanText, SmallPlanIsDrawnCharacterByCharacter) {
  // Three links, forward and back in nine units of time: the tapes of two are stored, and the state between them. That
  // state goes when the backward of the first link, which reads it, is done.
  const std::string picture =
      Draw({.length = 3, .strategy = Strategy::kStoreAll, .budget = ByteBudget{1, 2, 5}}, {.width = 48});
  EXPECT_EQ(picture,
            "    link\n"
            "       3 |        oooo#########\n"
            "         |    ooooo::::::::::::#########\n"
            "         |ooooo::::::::::::::::::::::::#########\n"
            "       0 +--------------------------------------\n"
            "      5B |    ::::::::::::::::::::::::::        \n"
            "         |    ::::::::::::::::::::::::::        \n"
            "         |    ::::::::::::::::::::::::::::::::::\n"
            "         |::::::::::::::::::::::::::::::::::::::\n"
            "         |::::==================================\n"
            "  stored +--------------------------------------\n"
            "         0                                 1.00x\n"
            "  . forward  o forward with tape  # backward  = stored state  : stored tape\n"
            "  stored: = states, : tapes; peak 5B, budget 5B\n"
            "  time to the right, relative to store-all (1x)\n");
}

TEST(PlanText, KeepsToTheWidthInAnyLook) {
  for (const int width : {40, 60, 80, 133}) {
    for (const bool unicode : {false, true}) {
      for (const bool colours : {false, true}) {
        const std::string picture = Draw({.length = 1000, .budget = ByteBudget{524288, 1048576, 78643200}},
                                         {.width = width, .unicode = unicode, .colours = colours});
        const std::vector<std::string> lines = absl::StrSplit(picture, '\n');
        for (size_t i = 0; i + 4 < lines.size(); ++i) {  // the legend below is as wide as it is
          EXPECT_LE(WidthOf(lines[i]), static_cast<size_t>(width)) << lines[i];
        }
        EXPECT_EQ(picture.find('\x1b') != std::string::npos, colours);
        EXPECT_EQ(std::ranges::any_of(picture, [](char c) { return (c & 0x80) != 0; }), unicode);
      }
    }
  }
}

TEST(PlanText, TheStripIsFullWhereThePeakIs) {
  const std::string picture = Draw({.length = 40, .budget = ByteBudget{1, 2, 11}}, {.width = 80, .unicode = true});
  EXPECT_THAT(picture, HasSubstr("peak 11B, budget 11B"));
  const size_t strip = picture.find(" 11B │");
  ASSERT_NE(strip, std::string::npos);
  EXPECT_THAT(picture.substr(strip, picture.find('\n', strip) - strip), HasSubstr("█"));
  EXPECT_THAT(picture, HasSubstr(" 1x "));
}

TEST(PlanText, NoSignStandsForTwoThings) {
  for (const bool unicode : {false, true}) {
    const std::string picture = Draw({.length = 40, .budget = ByteBudget{1, 2, 11}}, {.width = 80, .unicode = unicode});
    const size_t strip = picture.find("\n", picture.find(" 0 "));  // below the floor of the links
    // What is work above is no fill of the store below, and what is a state above is no floor.
    for (const char* work : unicode ? std::vector{"·", "○", "●"} : std::vector{".", "o", "#"}) {
      EXPECT_THAT(picture.substr(0, strip), HasSubstr(work));
      EXPECT_THAT(picture.substr(strip, picture.find("stored", strip) - strip), Not(HasSubstr(work)));
    }
    EXPECT_THAT(picture.substr(strip - 40, 40), Not(HasSubstr(unicode ? "═" : "=")));
  }
}

TEST(PlanText, AMillionLinksAreAsLargeAsAThousand) {
  const std::string picture =
      Draw({.length = 1'000'000, .strategy = Strategy::kHsm, .budget = ByteBudget{1, 2, 150}}, {.width = 100});
  EXPECT_LT(picture.size(), 5000u);
  EXPECT_THAT(picture, HasSubstr("1,000,000 |"));
  EXPECT_THAT(picture, Not(HasSubstr("ooo")));
}

}  // namespace
}  // namespace recurve
