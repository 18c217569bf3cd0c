// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_CODEC_RANDOM_ADVICE_H_
#define RECURVE_TESTS_PLANNER_SERVICE_CODEC_RANDOM_ADVICE_H_

#include <random>

#include "planner_service/codec/advice_codec.h"

namespace recurve {

// Workloads, questions and answers whose every field is in its range, at its ends too.
class RandomAdvice {
 public:
  explicit RandomAdvice(uint64_t seed) : random_(seed) {}

  // From least to most, the two of them more often than the rest.
  int64_t Between(int64_t least, int64_t most) {
    const uint64_t draw = random_() % 4;
    if (draw == 0) return least;
    if (draw == 1) return most;
    return least + static_cast<int64_t>(random_() % static_cast<uint64_t>(most - least + 1));
  }
  double Seconds() { return static_cast<double>(random_() % 1000) / 8; }
  Strategy AnyStrategy() { return static_cast<Strategy>(random_() % 6); }
  LinkCosts Costs() { return {Seconds(), Seconds(), Seconds()}; }

  Workload AnyWorkload() {
    if (random_() % 2 == 0) return Chain();
    return Model();
  }

  AdviseQuestion Advise() { return {AnyWorkload(), AnyStrategy(), Between(0, kMaxBytes)}; }
  BudgetQuestion Budget() { return {AnyWorkload(), AnyStrategy(), 1 + Seconds()}; }
  CurvesQuestion Curves() {
    CurvesQuestion question{.workload = AnyWorkload(), .max_points = Between(2, kMaxCurvePoints)};
    for (int64_t i = Between(1, 16); i > 0; --i) question.strategies.push_back(AnyStrategy());
    return question;
  }
  LargestQuestion Largest() {
    return {AnyWorkload(), static_cast<Dimension>(random_() % 3), AnyStrategy(), Between(0, kMaxBytes), 1 + Seconds()};
  }
  LengthsQuestion Lengths() {
    LengthsQuestion question{.workload = AnyWorkload(), .strategy = AnyStrategy(), .budget_bytes = Between(0, 1000)};
    for (int64_t i = Between(1, 5); i > 0; --i) question.lengths.push_back(Between(1, kMaxChainLength));
    return question;
  }
  SplitQuestion Split() {
    SplitQuestion question{.strategy = AnyStrategy(), .total_bytes = Between(0, kMaxBytes)};
    question.goal = static_cast<SplitGoal>(random_() % 2);
    for (int64_t i = Between(1, 5); i > 0; --i) question.workloads.push_back(AnyWorkload());
    return question;
  }

  Advice AnyAdvice() {
    Advice advice{.feasible = random_() % 4 != 0, .strategy = AnyStrategy(), .least_bytes = Between(0, INT64_MAX - 1)};
    advice.sizing = {.link = Between(1, kMaxChainLength),
                     .links = Between(1, kMaxChainLength),
                     .state_bytes = Between(0, kMaxBytes),
                     .tape_bytes = Between(0, kMaxBytes),
                     .fixed_bytes = Between(0, kMaxBytes),
                     .store_all_bytes = kMaxBytes + Between(0, kMaxBytes)};
    if (random_() % 2 == 0) advice.sizing.fixed_by_kind = {{"weights", 17}, {"batch", Between(0, kMaxBytes)}};
    if (!advice.feasible) return advice;
    advice.budget_bytes = Between(1000, kMaxBytes);
    advice.peak_bytes = Between(0, 1000);
    advice.forward_count = advice.sizing.links + Between(0, 1000);
    advice.forward_count_lower_bound = Between(0, advice.forward_count);
    advice.slowdown = 1 + Seconds();
    if (random_() % 2 == 0) advice.predicted_seconds = Seconds();
    return advice;
  }

  Curve AnyCurve() {
    Curve curve{.strategy = AnyStrategy(), .complete = random_() % 2 == 0};
    const int64_t corners = Between(0, 9);
    for (int64_t i = 0; i < corners; ++i) {
      curve.corners.push_back({.budget_bytes = 7 * i * i + Between(0, 6),
                               .link = Between(1, 9),
                               .forward_count = 100 - 3 * i,
                               .slowdown = 1 + Seconds()});
    }
    return curve;
  }

  Advisor::Split AnySplit() {
    Advisor::Split split{.feasible = random_() % 2 == 0, .total_time = Seconds(), .total_time_lower_bound = Seconds()};
    for (int64_t i = Between(1, 4); i > 0; --i) split.shares.push_back(AnyAdvice());
    return split;
  }

 private:
  ChainWorkload Chain() {
    ChainWorkload chain{.length = Between(1, kMaxChainLength),
                        .state_bytes = Between(1, kMaxBytes),
                        .tape_bytes = Between(0, kMaxBytes),
                        .fixed_bytes = Between(0, kMaxBytes)};
    if (random_() % 2 == 0) chain.costs = Costs();
    return chain;
  }

  ModelWorkload Model() {
    ModelWorkload model{.model = {.cell = kCells[random_() % std::size(kCells)],
                                  .layers = Between(1, 64),
                                  .hidden = Between(1, 16384),
                                  .embedding = Between(0, 16384),
                                  .residual = random_() % 2 == 0,
                                  .layer_norm = random_() % 2 == 0,
                                  .dropout = static_cast<double>(random_() % 8) / 8,
                                  .recurrent_dropout = static_cast<double>(random_() % 8) / 8},
                        .optimizer = static_cast<OptimizerKind>(random_() % 2),
                        .batch = Between(1, 65536),
                        .length = Between(1, kMaxChainLength)};
    model.link = Between(0, kMaxChainLength);
    model.carry_state = random_() % 2 == 0;
    for (int64_t i = Between(0, kMaxLinkChoices); i > 0; --i) model.link_costs.push_back({.link = i, .costs = Costs()});
    return model;
  }

  std::mt19937_64 random_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_CODEC_RANDOM_ADVICE_H_
