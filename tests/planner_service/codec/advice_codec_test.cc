// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/advice_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include "tests/planner_service/codec/random_advice.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
namespace v1 = planner::v1;

constexpr int kRounds = 300;

v1::AdviseRequest ChainAdvice() {
  v1::AdviseRequest message;
  message.mutable_workload()->mutable_chain()->set_length(10);
  message.mutable_workload()->mutable_chain()->set_state_bytes(8);
  return message;
}

v1::AdviseRequest ModelRequest() {
  v1::AdviseRequest message;
  v1::ModelWorkload& model = *message.mutable_workload()->mutable_model();
  model.mutable_model()->set_hidden(256);
  model.set_batch(16);
  model.set_length(1000);
  return message;
}

template <typename Message>
Message About(const v1::AdviseRequest& request) {
  Message message;
  *message.mutable_workload() = request.workload();
  return message;
}

template <typename Message>
void ExpectRefused(const Message& message, const std::string& part) {
  const absl::Status status = DecodeQuestion(message).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << part;
  EXPECT_THAT(std::string(status.message()), HasSubstr(part));
}

// A question that went through bytes and back encodes to the same bytes.
template <typename Question>
void ExpectBothWays(const Question& question) {
  const auto message = EncodeQuestion(question);
  auto read = message;
  ASSERT_TRUE(read.ParseFromString(message.SerializeAsString()));
  const auto back = DecodeQuestion(read);
  ASSERT_TRUE(back.ok()) << back.status() << message.DebugString();
  EXPECT_EQ(EncodeQuestion(*back).SerializeAsString(), message.SerializeAsString());
}

template <typename Message, typename Answer>
void ExpectAnswerBothWays(const Answer& answer) {
  Message message;
  EncodeAnswer(answer, message);
  const auto back = DecodeAnswer(message);
  ASSERT_TRUE(back.ok()) << back.status() << message.DebugString();
  Message again;
  EncodeAnswer(*back, again);
  EXPECT_EQ(again.SerializeAsString(), message.SerializeAsString());
}

TEST(QuestionCodec, GoesBothWays) {
  RandomAdvice random(1);
  for (int i = 0; i < kRounds; ++i) {
    ExpectBothWays(random.Advise());
    ExpectBothWays(random.Budget());
    ExpectBothWays(random.Curves());
    ExpectBothWays(random.Largest());
    ExpectBothWays(random.Lengths());
    ExpectBothWays(random.Split());
  }
}

TEST(QuestionCodec, KeepsEveryFieldOfAWorkload) {
  RandomAdvice random(2);
  for (int i = 0; i < kRounds; ++i) {
    const AdviseQuestion question = random.Advise();
    const absl::StatusOr<AdviseQuestion> back = DecodeQuestion(EncodeQuestion(question));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->workload, question.workload);
    EXPECT_EQ(back->strategy, question.strategy);
    EXPECT_EQ(back->budget_bytes, question.budget_bytes);
  }
}

TEST(QuestionCodec, WhatIsUnsetIsWhatTheProtoSays) {
  const absl::StatusOr<AdviseQuestion> chain = DecodeQuestion(ChainAdvice());
  ASSERT_TRUE(chain.ok()) << chain.status();
  EXPECT_EQ(chain->workload, Workload(ChainWorkload{.length = 10, .state_bytes = 8}));
  EXPECT_EQ(chain->strategy, Strategy::kAuto);
  EXPECT_EQ(chain->budget_bytes, 0);
  const absl::StatusOr<AdviseQuestion> model = DecodeQuestion(ModelRequest());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->workload,
            Workload(ModelWorkload{.model = {.layers = 1, .hidden = 256}, .batch = 16, .length = 1000}));
  v1::SplitBudgetRequest split;
  *split.add_workloads() = ChainAdvice().workload();
  EXPECT_EQ(DecodeQuestion(split)->goal, SplitGoal::kLeastTotalTime);
}

TEST(QuestionCodec, NamesWhatIsWrongWithAChain) {
  const struct {
    std::function<void(v1::ChainWorkload&)> change;
    const char* message;
  } cases[] = {
      {[](auto& m) { m.set_length(0); }, "workload.chain.length is 0; must be 1 to 10000000"},
      {[](auto& m) { m.set_length(10'000'001); }, "workload.chain.length is 10000001; must be 1 to 10000000"},
      {[](auto& m) { m.set_state_bytes(0); }, "workload.chain.state_bytes is 0; must be 1 to 1125899906842624"},
      {[](auto& m) { m.set_tape_bytes(-1); }, "workload.chain.tape_bytes is -1; must be 0 to 1125899906842624"},
      {[](auto& m) { m.set_fixed_bytes(kMaxBytes + 1); }, "workload.chain.fixed_bytes is 1125899906842625; must be"},
      {[](auto& m) { m.mutable_costs()->set_forward_seconds(-1); }, "workload.chain.costs.forward_seconds is -1"},
      {[](auto& m) { m.mutable_costs()->set_taped_forward_seconds(NAN); }, "costs.taped_forward_seconds is nan"},
      {[](auto& m) { m.mutable_costs()->set_backward_seconds(INFINITY); }, "costs.backward_seconds is inf"},
  };
  for (const auto& c : cases) {
    v1::AdviseRequest message = ChainAdvice();
    c.change(*message.mutable_workload()->mutable_chain());
    ExpectRefused(message, c.message);
  }
}

TEST(QuestionCodec, NamesWhatIsWrongWithAModel) {
  const struct {
    std::function<void(v1::ModelWorkload&)> change;
    const char* message;
  } cases[] = {
      {[](auto& m) { m.mutable_model()->set_cell(static_cast<model::v1::Cell>(9)); },
       "workload.model.model.cell is 9; must be CELL_LSTM"},
      {[](auto& m) { m.set_optimizer(static_cast<model::v1::Optimizer>(3)); },
       "model.optimizer is 3; must be OPTIMIZER_ADAMW or OPTIMIZER_SGD"},
      {[](auto& m) { m.mutable_model()->set_layers(0); }, "workload.model.model.layers is 0; must be 1 to 64"},
      {[](auto& m) { m.mutable_model()->set_layers(65); }, "workload.model.model.layers is 65; must be 1 to 64"},
      {[](auto& m) { m.mutable_model()->set_hidden(0); }, "workload.model.model.hidden is 0; must be 1 to 16384"},
      {[](auto& m) { m.mutable_model()->set_embedding(16385); },
       "workload.model.model.embedding is 16385; must be 0 to 16384"},
      {[](auto& m) { m.mutable_model()->set_dropout(1); },
       "workload.model.model.dropout is 100%; must be at least 0% and below 100%"},
      {[](auto& m) { m.mutable_model()->set_dropout(NAN); }, "workload.model.model.dropout is nan"},
      {[](auto& m) { m.mutable_model()->set_recurrent_dropout(1); },
       "workload.model.model.recurrent_dropout is 100%; must be at least 0%"},
      {[](auto& m) { m.set_batch(0); }, "workload.model.batch is 0; must be 1 to 65536"},
      {[](auto& m) { m.set_length(0); }, "workload.model.length is 0; must be 1 to 10000000"},
      {[](auto& m) { m.set_link(-1); }, "workload.model.link is -1; must be 0 to 10000000"},
      {[](auto& m) { m.add_link_costs()->mutable_costs(); },
       "workload.model.link_costs[0].link is 0; must be 1 to 10000000"},
      {[](auto& m) { m.add_link_costs()->set_link(8); }, "workload.model.link_costs[0].costs is unset"},
      {[](auto& m) {
         m.add_link_costs()->set_link(8);
         m.mutable_link_costs(0)->mutable_costs()->set_backward_seconds(-2);
       },
       "workload.model.link_costs[0].costs.backward_seconds is -2"},
      {[](auto& m) {
         for (int i = 1; i <= 65; ++i) m.add_link_costs()->set_link(i);
       },
       "workload.model.link_costs has 65 entries; must have 0 to 64"},
  };
  for (const auto& c : cases) {
    v1::AdviseRequest message = ModelRequest();
    c.change(*message.mutable_workload()->mutable_model());
    ExpectRefused(message, c.message);
  }
}

TEST(QuestionCodec, NamesWhatIsWrongWithAQuestion) {
  v1::AdviseRequest advise;
  ExpectRefused(advise, "workload is unset; set workload.chain or workload.model");
  advise = ChainAdvice();
  advise.set_budget_bytes(-1);
  ExpectRefused(advise, "budget_bytes is -1; must be 0 to 1125899906842624");
  advise = ChainAdvice();
  advise.set_strategy(static_cast<v1::Strategy>(7));
  ExpectRefused(advise, "strategy is 7");

  auto budget = About<v1::FindBudgetRequest>(ChainAdvice());
  ExpectRefused(budget, "max_slowdown is 0; must be finite and at least 1");
  budget.set_max_slowdown(NAN);
  ExpectRefused(budget, "max_slowdown is nan");

  auto curves = About<v1::MakeCurvesRequest>(ChainAdvice());
  curves.set_max_points(10);
  ExpectRefused(curves, "strategies has 0 entries; must have 1 to 16");
  curves.add_strategies(static_cast<v1::Strategy>(17));
  ExpectRefused(curves, "strategies[0] is 17; must be STRATEGY_AUTO");
  curves.set_max_points(1);
  ExpectRefused(curves, "max_points is 1; must be 2 to 10000");
  for (int i = 0; i < 16; ++i) curves.add_strategies(v1::STRATEGY_AUTO);
  ExpectRefused(curves, "strategies has 17 entries");

  auto largest = About<v1::FindLargestRequest>(ModelRequest());
  largest.set_max_slowdown(2);
  ExpectRefused(largest, "dimension is unset; must be DIMENSION_BATCH");
  largest.set_dimension(v1::DIMENSION_HIDDEN);
  largest.set_max_slowdown(0.5);
  ExpectRefused(largest, "max_slowdown is 0.5");
}

TEST(QuestionCodec, NamesWhatIsWrongWithALongQuestion) {
  auto lengths = About<v1::PlanLengthsRequest>(ChainAdvice());
  ExpectRefused(lengths, "lengths has 0 entries; must have 1 to 10000");
  lengths.add_lengths(5);
  lengths.add_lengths(0);
  ExpectRefused(lengths, "lengths[1] is 0; must be 1 to 10000000");
  lengths.mutable_lengths()->Resize(10'001, 5);
  ExpectRefused(lengths, "lengths has 10001 entries; must have 1 to 10000");

  v1::SplitBudgetRequest split;
  ExpectRefused(split, "workloads has 0 entries; must have 1 to 1000");
  *split.add_workloads() = ChainAdvice().workload();
  split.set_total_bytes(-5);
  ExpectRefused(split, "total_bytes is -5");
  split.set_goal(static_cast<v1::SplitGoal>(3));
  ExpectRefused(split, "goal is 3; must be SPLIT_GOAL_LEAST_TOTAL_TIME or SPLIT_GOAL_LEAST_SLOWDOWN");
  split.clear_goal();
  split.clear_total_bytes();
  split.add_workloads();
  ExpectRefused(split, "workloads[1] is unset");
  split.mutable_workloads(1)->mutable_model()->mutable_model()->set_hidden(-1);
  ExpectRefused(split, "workloads[1].model.model.hidden is -1");
  while (split.workloads_size() <= kMaxWorkloads) split.add_workloads();
  ExpectRefused(split, "workloads has 1001 entries");
}

TEST(AnswerCodec, GoesBothWays) {
  RandomAdvice random(3);
  for (int i = 0; i < kRounds; ++i) {
    ExpectAnswerBothWays<v1::AdviseResponse>(random.AnyAdvice());
    ExpectAnswerBothWays<v1::FindBudgetResponse>(random.AnyAdvice());
    ExpectAnswerBothWays<v1::MakeCurvesResponse>(std::vector<Curve>{random.AnyCurve(), random.AnyCurve()});
    ExpectAnswerBothWays<v1::FindLargestResponse>(
        Advisor::Largest{.value = random.Between(0, 65536), .advice = random.AnyAdvice()});
    ExpectAnswerBothWays<v1::PlanLengthsResponse>(std::vector<Advice>{random.AnyAdvice(), random.AnyAdvice()});
    ExpectAnswerBothWays<v1::SplitBudgetResponse>(random.AnySplit());
  }
}

TEST(AnswerCodec, NamesWhatIsWrongWithAnAdvice) {
  const Advice good{.feasible = true,
                    .sizing = {.links = 10, .state_bytes = 1, .store_all_bytes = 30},
                    .budget_bytes = 20,
                    .peak_bytes = 15,
                    .forward_count = 12,
                    .forward_count_lower_bound = 12,
                    .slowdown = 1.5,
                    .predicted_seconds = 2};
  const struct {
    std::function<void(v1::Advice&)> change;
    const char* message;
  } cases[] = {
      {[](auto& m) { m.set_strategy(static_cast<v1::Strategy>(8)); }, "strategy is 8"},
      {[](auto& m) { m.set_least_bytes(-1); }, "advice.least_bytes is -1"},
      {[](auto& m) { m.set_peak_bytes(21); }, "advice.peak_bytes is 21; must be 0 to 20"},
      {[](auto& m) { m.set_budget_bytes(-1); }, "advice.budget_bytes is -1"},
      {[](auto& m) { m.set_forward_count(9); }, "advice.forward_count is 9; must be at least 10"},
      {[](auto& m) { m.set_forward_count_lower_bound(13); }, "advice.forward_count_lower_bound is 13"},
      {[](auto& m) { m.set_slowdown(NAN); }, "advice.slowdown is nan"},
      {[](auto& m) { m.set_predicted_seconds(-1); }, "advice.predicted_seconds is -1"},
      {[](auto& m) { m.clear_sizing(); }, "advice.sizing is unset; must be set"},
      {[](auto& m) { m.mutable_sizing()->set_links(0); }, "advice.sizing.links is 0"},
      {[](auto& m) { m.mutable_sizing()->set_state_bytes(-1); }, "advice.sizing.state_bytes is -1"},
      {[](auto& m) { m.mutable_sizing()->set_tape_bytes(-1); }, "advice.sizing.tape_bytes is -1"},
      {[](auto& m) { m.mutable_sizing()->set_fixed_bytes(31); },
       "advice.sizing.store_all_bytes is 30; must be at least 31"},
      {[](auto& m) { m.mutable_sizing()->add_fixed_by_kind()->set_bytes(-1); }, "fixed_by_kind[0].bytes is -1"},
      {[](auto& m) {
         for (int i = 0; i < 65; ++i) m.mutable_sizing()->add_fixed_by_kind();
       },
       "advice.sizing.fixed_by_kind has 65 entries"},
  };
  for (const auto& c : cases) {
    v1::AdviseResponse message;
    EncodeAnswer(good, message);
    ASSERT_TRUE(DecodeAnswer(message).ok()) << DecodeAnswer(message).status();
    c.change(*message.mutable_advice());
    const absl::Status status = DecodeAnswer(message).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

TEST(AnswerCodec, ACurveGrows) {
  const std::vector<Curve> good = {{.corners = {{10, 1, 30, 2}, {11, 1, 29, 1.5}}}};
  const auto refused = [&](const std::function<void(v1::CurvePoint&)>& change) {
    v1::MakeCurvesResponse message;
    EncodeAnswer(good, message);
    EXPECT_TRUE(DecodeAnswer(message).ok());
    change(*message.mutable_curves(0)->mutable_corners(1));
    return std::string(DecodeAnswer(message).status().message());
  };
  EXPECT_THAT(refused([](auto& m) { m.set_budget_bytes(10); }),
              HasSubstr("curves[0].corners[1].budget_bytes is 10; must be 11 to"));
  EXPECT_THAT(refused([](auto& m) { m.set_budget_bytes(INT64_MAX); }), HasSubstr("budget_bytes is 922"));
  EXPECT_THAT(refused([](auto& m) { m.set_link(0); }), HasSubstr("corners[1].link is 0"));
  EXPECT_THAT(refused([](auto& m) { m.set_forward_count(0); }), HasSubstr("forward_count is 0"));
  EXPECT_THAT(refused([](auto& m) { m.set_slowdown(0.5); }), HasSubstr("slowdown is 0.5"));
}

TEST(AnswerCodec, NamesWhatIsWrongWithASplit) {
  v1::SplitBudgetResponse message;
  EXPECT_THAT(std::string(DecodeAnswer(message).status().message()), HasSubstr("shares has 0 entries"));
  message.add_shares();
  EXPECT_THAT(std::string(DecodeAnswer(message).status().message()), HasSubstr("shares[0].sizing is unset"));
  message.set_total_time(-1);
  EXPECT_THAT(std::string(DecodeAnswer(message).status().message()), HasSubstr("total_time is -1"));
  message.set_total_time(1);
  message.set_total_time_lower_bound(NAN);
  EXPECT_THAT(std::string(DecodeAnswer(message).status().message()), HasSubstr("total_time_lower_bound is nan"));
}

TEST(AnswerCodec, TheLongestAnswersFitInAMessage) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  RandomAdvice random(4);
  Advice advice = random.AnyAdvice();
  advice.feasible = true;
  advice.sizing.fixed_by_kind = {};
  for (const char* kind : {"weights", "gradients", "optimizer", "batch", "states", "tapes", "workspace"}) {
    advice.sizing.fixed_by_kind.push_back({kind, INT64_MAX});
  }
  v1::PlanLengthsResponse lengths;
  EncodeAnswer(std::vector<Advice>(kMaxLengths, advice), lengths);
  EXPECT_LT(lengths.ByteSizeLong(), kMostBytes);

  Curve curve;
  for (int64_t i = 0; i < kMaxCurvePoints; ++i)
    curve.corners.push_back({INT64_MAX - kMaxCurvePoints + i, kMaxChainLength, INT64_MAX - i, 2});
  v1::MakeCurvesResponse curves;
  EncodeAnswer(std::vector<Curve>(16, curve), curves);
  EXPECT_LT(curves.ByteSizeLong(), kMostBytes);
}

}  // namespace
}  // namespace recurve
