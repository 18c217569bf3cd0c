// SPDX-License-Identifier: Apache-2.0
#include "executor/job/chain_plan.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/engine/encoder_decoder.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr LinkCosts kEncoderCosts = {
    .forward_seconds = 0.004, .taped_forward_seconds = 0.005, .backward_seconds = 0.016};
constexpr LinkCosts kDecoderCosts = {
    .forward_seconds = 0.001, .taped_forward_seconds = 0.001, .backward_seconds = 0.002};

// Nine links that encode, the bridge among them, and six that decode.
const EncoderDecoder& FifteenLinks() {
  static const EncoderDecoder model({3, 3, 3, 3, 3, 3, 3, 3}, {4, 4, 4, 4, 4, 4});
  return model;
}

std::vector<LinkCosts> CostsOfFifteenLinks() {
  std::vector<LinkCosts> costs(9, kEncoderCosts);
  costs.insert(costs.end(), 6, kDecoderCosts);
  return costs;
}

ChainQuestion AskForFifteenLinks(int64_t store_bytes) {
  return AskForChain(FifteenLinks(), CostsOfFifteenLinks(), store_bytes);
}

// Makes right plans and spoils them.
class SpoilingChainPlanner final : public ChainPlanner {
 public:
  explicit SpoilingChainPlanner(std::function<void(ChainPlan&)> spoil) : spoil_(std::move(spoil)) {}
  absl::StatusOr<ChainPlan> PlanChain(const ChainRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<ChainPlan> plan = right_.PlanChain(request, cancelled);
    if (plan.ok()) spoil_(*plan);
    return plan;
  }
  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override {
    return right_.PlanTwoLevel(request, cancelled);
  }

 private:
  EmbeddedChainPlanner right_;
  std::function<void(ChainPlan&)> spoil_;
};

TEST(ChainPlan, LinksThatAreAlikeMakeOneSegment) {
  const ChainQuestion question = AskForFifteenLinks(1 << 20);
  ASSERT_EQ(question.request.segments.size(), 3U);
  EXPECT_EQ(question.request.segments[0].links, 8);
  EXPECT_EQ(question.request.segments[1].links, 1);  // the bridge has no tape
  EXPECT_EQ(question.request.segments[2].links, 6);
  EXPECT_EQ(question.request.segments[0].state_bytes, FifteenLinks().state_bytes(0));
  EXPECT_EQ(question.request.segments[0].tape_bytes, FifteenLinks().tape_bytes(0));
  EXPECT_EQ(question.request.segments[2].state_bytes, FifteenLinks().state_bytes(9));
  EXPECT_EQ(question.request.final_state_bytes, FifteenLinks().state_bytes(15));
  EXPECT_EQ(question.request.budget_bytes, 1 << 20);
  EXPECT_NEAR(static_cast<double>(question.request.segments[2].forward_cost) * question.unit_seconds, 0.001, 1e-9);
  EXPECT_EQ(AskForFifteenLinks(-1).request.budget_bytes, 0);
}

TEST(ChainPlan, KeepsTheBudgetAndPredictsTheSecondsOfItsForwards) {
  EmbeddedChainPlanner planner;
  constexpr double kStoreAllSeconds = 9 * 0.021 + 6 * 0.003;
  double last = 1e9;
  for (int64_t budget = 0; budget <= 8192; budget += 512) {
    const absl::StatusOr<CheckedChainPlan> planned = PlanChainOf(AskForFifteenLinks(budget), planner, {});
    ASSERT_TRUE(planned.ok()) << planned.status();
    EXPECT_TRUE(planned->plan.feasible);
    EXPECT_LE(planned->plan.peak_bytes, budget);
    EXPECT_EQ(planned->plan.peak_bytes, planned->replay.peak_bytes);
    EXPECT_EQ(planned->plan.forward_count, planned->plan.forward_count_lower_bound);
    EXPECT_EQ(planned->store_all_store_bytes,
              8 * FifteenLinks().tape_bytes(0) + 5 * FifteenLinks().tape_bytes(9) + 8 * 256 + 5 * 64);
    EXPECT_LE(*planned->plan.predicted_seconds, last);
    last = *planned->plan.predicted_seconds;
  }
  EXPECT_NEAR(last, kStoreAllSeconds, 1e-6);
  EXPECT_GT(*PlanChainOf(AskForFifteenLinks(0), planner, {})->plan.predicted_seconds, 2 * kStoreAllSeconds);
}

TEST(ChainPlan, APlanThatDoesNotKeepItsPromiseIsRefused) {
  const std::pair<std::function<void(ChainPlan&)>, const char*> spoils[] = {
      {[](ChainPlan& plan) { ++plan.peak_bytes; }, "peak_bytes"},
      {[](ChainPlan& plan) { --plan.cost; }, "cost"},
      {[](ChainPlan& plan) { plan.schedule = {.runs = {{.length = 15}}}; }, "the budget is 1024"},
      {[](ChainPlan& plan) { plan.schedule = {.runs = {{.length = 14}}}; }, "has 14 links"},
      {[](ChainPlan& plan) { plan.schedule.runs.clear(); }, "run"}};
  for (const auto& [spoil, why] : spoils) {
    SpoilingChainPlanner planner(spoil);
    const absl::Status status = PlanChainOf(AskForFifteenLinks(1024), planner, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("chain of 15 links does not match its replay"), HasSubstr(why)));
  }
}

TEST(ChainPlan, PassesOnWhatThePlannerReturns) {
  EmbeddedChainPlanner planner;
  EXPECT_TRUE(absl::IsCancelled(PlanChainOf(AskForFifteenLinks(1024), planner, [] { return true; }).status()));
  const EncoderDecoder long_chain(std::vector<int64_t>(kMaxMixedLinks, 1), {1});
  const std::vector<LinkCosts> costs(long_chain.links(), kEncoderCosts);
  const absl::Status status = PlanChainOf(AskForChain(long_chain, costs, 1024), planner, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("must be 1 to 2000"));
}

}  // namespace
}  // namespace recurve
