// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/plan_memo.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace recurve {
namespace {

PlanKey Key(int64_t length) { return {.length = length, .budget = ByteBudget{1, 1, 1}}; }

std::shared_ptr<const Plan> PlanOf(int runs) {
  auto plan = std::make_shared<Plan>();
  plan->schedule.runs.resize(runs);
  plan->schedule.runs.shrink_to_fit();
  return plan;
}

TEST(PlanMemo, FindsWhatItKeeps) {
  PlanMemo memo(1 << 20);
  EXPECT_EQ(memo.Find(Key(1)), nullptr);
  const auto plan = PlanOf(10);
  EXPECT_EQ(memo.Insert(Key(1), plan), 0);
  EXPECT_EQ(memo.Find(Key(1)), plan);
  EXPECT_EQ(memo.Find(Key(2)), nullptr);
  EXPECT_EQ(memo.entries(), 1);
  EXPECT_EQ(memo.bytes(), PlanMemo::BytesOf(*plan));
}

TEST(PlanMemo, CountsTheScheduleAndMore) {
  EXPECT_GT(PlanMemo::BytesOf(*PlanOf(0)), static_cast<int64_t>(sizeof(Plan)));
  EXPECT_EQ(PlanMemo::BytesOf(*PlanOf(1000)) - PlanMemo::BytesOf(*PlanOf(0)),
            static_cast<int64_t>(1000 * sizeof(recurve::Run)));
}

TEST(PlanMemo, DropsWhatWasUsedLongestAgo) {
  PlanMemo memo(3 * PlanMemo::BytesOf(*PlanOf(10)));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(memo.Insert(Key(i), PlanOf(10)), 0);
  EXPECT_NE(memo.Find(Key(1)), nullptr);
  EXPECT_EQ(memo.Insert(Key(4), PlanOf(10)), 1);
  EXPECT_EQ(memo.Find(Key(2)), nullptr);
  EXPECT_NE(memo.Find(Key(1)), nullptr);
  EXPECT_NE(memo.Find(Key(3)), nullptr);
  EXPECT_NE(memo.Find(Key(4)), nullptr);
}

TEST(PlanMemo, MakesRoomForALargePlanOrRefusesIt) {
  PlanMemo memo(PlanMemo::BytesOf(*PlanOf(1000)));
  for (int i = 1; i <= 20; ++i) memo.Insert(Key(i), PlanOf(1));
  const int64_t before = memo.entries();
  EXPECT_EQ(memo.Insert(Key(100), PlanOf(1001)), 0);  // larger than the limit
  EXPECT_EQ(memo.entries(), before);
  EXPECT_EQ(memo.Insert(Key(101), PlanOf(1000)), before);
  EXPECT_EQ(memo.entries(), 1);
}

TEST(PlanMemo, KeepsNothingInNoBytes) {
  PlanMemo memo(0);
  EXPECT_EQ(memo.Insert(Key(1), PlanOf(1)), 0);
  EXPECT_EQ(memo.Find(Key(1)), nullptr);
  EXPECT_EQ(memo.bytes(), 0);
}

TEST(PlanMemo, AgreesWithAPlainListUnderRandomUse) {
  constexpr int64_t kMax = 200'000;
  PlanMemo memo(kMax);
  std::deque<std::pair<int64_t, std::shared_ptr<const Plan>>> model;  // the most recently used first
  const auto find = [&](int64_t length) {
    return std::find_if(model.begin(), model.end(), [&](const auto& entry) { return entry.first == length; });
  };
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto length = static_cast<int64_t>(1 + random() % 100);
    const auto at = find(length);
    const auto found = memo.Find(Key(length));
    ASSERT_EQ(found, at == model.end() ? nullptr : at->second);
    if (at != model.end()) {
      const auto entry = *at;
      model.erase(at);
      model.push_front(entry);
    } else {
      const auto plan = PlanOf(static_cast<int>(random() % 1000));
      memo.Insert(Key(length), plan);
      model.emplace_front(length, plan);
    }
    int64_t bytes = 0;
    size_t kept = 0;
    while (kept < model.size() && bytes + PlanMemo::BytesOf(*model[kept].second) <= kMax) {
      bytes += PlanMemo::BytesOf(*model[kept++].second);
    }
    model.resize(kept);
    ASSERT_EQ(memo.bytes(), bytes);
    ASSERT_EQ(memo.entries(), static_cast<int64_t>(kept));
  }
}

}  // namespace
}  // namespace recurve
