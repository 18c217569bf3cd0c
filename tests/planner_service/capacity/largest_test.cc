// SPDX-License-Identifier: Apache-2.0
//
// Compares the largest value with a scan over every value.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {
namespace {

constexpr Strategy kLargestStrategies[] = {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm};

Workload With(Workload workload, Dimension dimension, int64_t value) {
  if (auto* chain = std::get_if<ChainWorkload>(&workload)) {
    chain->length = value;
    return workload;
  }
  auto& model = std::get<ModelWorkload>(workload);
  (dimension == Dimension::kBatch    ? model.batch
   : dimension == Dimension::kHidden ? model.model.hidden
                                     : model.length) = value;
  return workload;
}

struct Question {
  Strategy strategy = Strategy::kAuto;
  int64_t budget_bytes = 0;
  double max_slowdown = 1;
};

class FindLargest : public testing::Test {
 protected:
  // Scans the values up to `most`.
  int64_t Scan(const Workload& workload, Dimension dimension, const Question& question, int64_t most) {
    int64_t largest = 0;
    for (int64_t value = 1; value <= most; ++value) {
      const auto advice =
          advisor_.Advise(With(workload, dimension, value), question.strategy, question.budget_bytes, {});
      EXPECT_TRUE(advice.ok()) << advice.status();
      if (advice->feasible && advice->slowdown <= question.max_slowdown) largest = value;
    }
    return largest;
  }

  void ExpectLargest(const Workload& workload, Dimension dimension, const Question& question, int64_t most) {
    const auto largest =
        advisor_.FindLargest(workload, dimension, question.strategy, question.budget_bytes, question.max_slowdown, {});
    ASSERT_TRUE(largest.ok()) << largest.status();
    const int64_t expected = Scan(workload, dimension, question, most);
    if (expected == most) {
      EXPECT_GE(largest->value, most);
      return;
    }
    ++scanned_;
    EXPECT_EQ(largest->value, expected) << ToString(question.strategy) << " in " << question.budget_bytes << " at "
                                        << question.max_slowdown;
    const auto advice = advisor_.Advise(With(workload, dimension, std::max<int64_t>(1, expected)), question.strategy,
                                        question.budget_bytes, {});
    ASSERT_TRUE(advice.ok()) << advice.status();
    EXPECT_EQ(largest->advice.feasible, advice->feasible);
    EXPECT_EQ(largest->advice.forward_count, advice->forward_count);
    EXPECT_EQ(largest->advice.peak_bytes, advice->peak_bytes);
  }

  EmbeddedAdvisor advisor_;
  int scanned_ = 0;  // questions answered by scanning
};

TEST_F(FindLargest, IsTheLongestChain) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    const ChainWorkload chain = {.state_bytes = 1 + static_cast<int64_t>(random() % 9),
                                 .tape_bytes = 1 + static_cast<int64_t>(random() % 20),
                                 .fixed_bytes = static_cast<int64_t>(random() % 50)};
    const auto budget = static_cast<int64_t>(random() % 300);
    const double slowdown = 1 + static_cast<double>(random() % 100) / 150;
    for (const Strategy strategy : kLargestStrategies) {
      ExpectLargest(chain, Dimension::kLength, {strategy, budget, slowdown}, 400);
    }
  }
  EXPECT_GT(scanned_, 200);
}

// Chen's slowdown falls when the segments grow by one link.
TEST_F(FindLargest, SeesPastAChainThatIsTooSlow) {
  const ChainWorkload chain = {.state_bytes = 1, .tape_bytes = 1};
  for (const int64_t length : {10, 17, 26, 37}) {
    const auto longer = advisor_.Advise(With(chain, Dimension::kLength, length), Strategy::kChen, 1000, {});
    const auto shorter = advisor_.Advise(With(chain, Dimension::kLength, length - 1), Strategy::kChen, 1000, {});
    ASSERT_TRUE(longer.ok() && shorter.ok());
    ASSERT_LT(longer->slowdown, shorter->slowdown);
    ExpectLargest(chain, Dimension::kLength, {Strategy::kChen, 1000, longer->slowdown}, 200);
  }
}

TEST_F(FindLargest, IsTheLargestModel) {
  std::mt19937 random(5);
  const std::vector<ModelWorkload> models = {
      {.model = {.hidden = 4}, .batch = 2, .length = 40},
      {.model = {.layers = 2, .hidden = 3, .embedding = 5}, .batch = 3, .length = 25, .link = 3},
      {.model = {.hidden = 5},
       .batch = 4,
       .length = 30,
       .link_costs = {{8, {0.7, 0.8, 1.4}}, {3, {0.3, 0.4, 0.6}}, {1, {0.2, 0.2, 0.3}}}}};
  for (const ModelWorkload& model : models) {
    for (const Dimension dimension : {Dimension::kBatch, Dimension::kLength, Dimension::kHidden}) {
      const int64_t most = dimension == Dimension::kLength ? 1200 : dimension == Dimension::kHidden ? 250 : 300;
      const auto least = advisor_.Advise(With(model, dimension, 1), Strategy::kAuto, kMaxBytes, {});
      ASSERT_TRUE(least.ok()) << least.status();
      for (int round = 0; round < 8; ++round) {
        const int64_t budget = least->least_bytes - 1000 + static_cast<int64_t>(random() % 200'000);
        const double slowdown = 1.001 + static_cast<double>(random() % 100) / 200;
        const Strategy strategy = kLargestStrategies[random() % 4];
        ExpectLargest(model, dimension, {strategy, budget, slowdown}, most);
      }
    }
  }
  EXPECT_GT(scanned_, 50);
}

TEST_F(FindLargest, GoesToTheEndOfTheRange) {
  const auto chain = advisor_.FindLargest(ChainWorkload{.state_bytes = 1, .tape_bytes = 0}, Dimension::kLength,
                                          Strategy::kAuto, kMaxBytes, 1, {});
  ASSERT_TRUE(chain.ok()) << chain.status();
  EXPECT_EQ(chain->value, kMaxChainLength);
  const auto model = advisor_.FindLargest(ModelWorkload{.model = {.hidden = 16384}, .batch = 65536, .link = 1},
                                          Dimension::kLength, Strategy::kAuto, kMaxBytes, 1e9, {});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_GT(model->value, 1000);
  EXPECT_LT(model->value, kMaxChainLength);  // longer ones overflow
}

TEST_F(FindLargest, IsNoneWhereNothingFits) {
  const ChainWorkload chain = {.state_bytes = 4, .tape_bytes = 4, .fixed_bytes = 100};
  const auto largest = advisor_.FindLargest(chain, Dimension::kLength, Strategy::kAuto, 99, 2, {});
  ASSERT_TRUE(largest.ok()) << largest.status();
  EXPECT_EQ(largest->value, 0);
  EXPECT_FALSE(largest->advice.feasible);
  EXPECT_EQ(largest->advice.least_bytes, 100);
}

TEST_F(FindLargest, SaysThatAChainHasOnlyALength) {
  for (const Dimension dimension : {Dimension::kBatch, Dimension::kHidden, static_cast<Dimension>(9)}) {
    const auto largest = advisor_.FindLargest(ChainWorkload{}, dimension, Strategy::kAuto, 99, 2, {});
    EXPECT_EQ(largest.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(largest.status().message()), testing::HasSubstr("dimension is "));
  }
}

}  // namespace
}  // namespace recurve
