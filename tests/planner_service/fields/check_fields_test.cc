// SPDX-License-Identifier: Apache-2.0
#include "planner_service/fields/check_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/planner_service/fields/everything.h"

namespace recurve {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

std::string Says(const absl::Status& status) {
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(CheckFields, TellsRangesOfNumbers) {
  EXPECT_TRUE(CheckRange("layers", 64, 1, 64).ok());
  EXPECT_EQ(Says(CheckRange("layers", 0, 1, 64)), "layers is 0; must be 1 to 64");
  EXPECT_EQ(Says(CheckRange("steps", -1, kNotNegative)), "steps is -1; must be at least 0");
  EXPECT_TRUE(CheckRange("any", std::numeric_limits<int64_t>::min(), CountRange{}).ok());
  EXPECT_EQ(Says(CheckReal("dropout", 1, kRate)), "dropout is 1; must be at least 0 and below 1");
  EXPECT_EQ(Says(CheckReal("dropout", std::nan(""), kRate)), "dropout is nan; must be at least 0 and below 1");
  EXPECT_EQ(Says(CheckReal("rate", 0, {.least = 0, .most = 1000, .above_least = true})),
            "rate is 0; must be above 0 and at most 1000");
  EXPECT_EQ(Says(CheckReal("slowdown", kInfinite, {.least = 1})), "slowdown is inf; must be finite and at least 1");
  EXPECT_EQ(Says(CheckReal("share", 0.6, {.least = 0, .most = 0.5}, Notation::kShare)),
            "share is 60%; must be at least 0% and at most 50%");
  EXPECT_EQ(Says(CheckReal("any", -kInfinite, {})), "any is -inf; must be finite");
  EXPECT_EQ(Says(CheckCount("lengths", 0, 1, 10)), "lengths has 0 entries; must have 1 to 10");
}

TEST(CheckFields, TakesTheFirstError) {
  const absl::Status first = absl::InvalidArgumentError("first");
  EXPECT_EQ(FirstError({absl::OkStatus(), first, absl::InvalidArgumentError("second")}), first);
  EXPECT_TRUE(FirstError({absl::OkStatus(), absl::OkStatus()}).ok());
}

TEST(CheckFields, LooksAtEveryField) {
  EXPECT_TRUE(CheckFields(Everything()).ok());
  EXPECT_TRUE(CheckFields(Filled()).ok());
  const auto says = [](const auto& spoil) {
    Everything all = Filled();
    spoil(all);
    return Says(CheckFields(all, "all."));
  };
  EXPECT_EQ(says([](Everything& all) { all.count = 11; }), "all.count is 11; must be 0 to 10");
  EXPECT_EQ(says([](Everything& all) { all.share = 0; }), "all.share is 0%; must be above 0% and at most 50%");
  EXPECT_EQ(says([](Everything& all) { all.weight = -1; }), "all.weight is -1; must be finite and at least 0");
  EXPECT_EQ(says([](Everything& all) { all.shape = static_cast<Shape>(7); }),
            "all.shape is unknown; must be one of round, very-flat");
  EXPECT_EQ(says([](Everything& all) { all.wheel.spokes = 0; }), "all.wheel.spokes is 0; must be 1 to 9");
  EXPECT_EQ(says([](Everything& all) { all.spare->spokes = 0; }), "all.spare.spokes is 0; must be 1 to 9");
  EXPECT_EQ(says([](Everything& all) { all.more[1].spokes = 10; }), "all.more[1].spokes is 10; must be 1 to 9");
  EXPECT_EQ(says([](Everything& all) { all.more.resize(3); }), "all.more has 3 entries; must have 0 to 2");
}

}  // namespace
}  // namespace recurve
