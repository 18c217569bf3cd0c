// SPDX-License-Identifier: Apache-2.0
//
// Random bytes and damaged questions and answers: decoding says INVALID_ARGUMENT, or gives something that encodes to a
// message which decodes again.
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "planner_service/codec/advice_codec.h"
#include "tests/fuzz/damage.h"
#include "tests/planner_service/codec/random_advice.h"

namespace recurve {
namespace {

namespace v1 = planner::v1;
constexpr int kMutationRounds = 3'000;

std::string Damaged(const std::string& bytes, Random& random) { return Damage(bytes, bytes, random); }

// Returns whether it was accepted.
template <typename Message>
bool CheckQuestion(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes)) return false;
  const auto question = DecodeQuestion(message);
  if (!question.ok()) {
    EXPECT_EQ(question.status().code(), absl::StatusCode::kInvalidArgument) << question.status();
    return false;
  }
  EXPECT_TRUE(DecodeQuestion(EncodeQuestion(*question)).ok()) << message.DebugString();
  return true;
}

template <typename Message>
bool CheckAnswer(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes)) return false;
  const auto answer = DecodeAnswer(message);
  if (!answer.ok()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument) << answer.status();
    return false;
  }
  Message again;
  EncodeAnswer(*answer, again);
  EXPECT_TRUE(DecodeAnswer(again).ok()) << message.DebugString();
  return true;
}

template <typename Answer, typename Message>
std::string Encoded(const Answer& answer, Message message) {
  EncodeAnswer(answer, message);
  return message.SerializeAsString();
}

TEST(AdviceMutation, RandomBytes) {
  const google::protobuf::LogSilencer silence_about_damage;
  Random random(1);
  for (int i = 0; i < kMutationRounds; ++i) {
    const std::string bytes = RandomBytes(random);
    CheckQuestion<v1::AdviseRequest>(bytes);
    CheckQuestion<v1::FindBudgetRequest>(bytes);
    CheckQuestion<v1::MakeCurvesRequest>(bytes);
    CheckQuestion<v1::FindLargestRequest>(bytes);
    CheckQuestion<v1::PlanLengthsRequest>(bytes);
    CheckQuestion<v1::SplitBudgetRequest>(bytes);
    CheckAnswer<v1::AdviseResponse>(bytes);
    CheckAnswer<v1::MakeCurvesResponse>(bytes);
    CheckAnswer<v1::FindLargestResponse>(bytes);
    CheckAnswer<v1::SplitBudgetResponse>(bytes);
  }
}

TEST(AdviceMutation, DamagedQuestions) {
  Random random(2);
  RandomAdvice advice(2);
  int accepted = 0;
  const auto damaged = [&](const auto& question) {
    return Damaged(EncodeQuestion(question).SerializeAsString(), random);
  };
  for (int i = 0; i < kMutationRounds; ++i) {
    accepted += CheckQuestion<v1::AdviseRequest>(damaged(advice.Advise()));
    accepted += CheckQuestion<v1::FindBudgetRequest>(damaged(advice.Budget()));
    accepted += CheckQuestion<v1::MakeCurvesRequest>(damaged(advice.Curves()));
    accepted += CheckQuestion<v1::FindLargestRequest>(damaged(advice.Largest()));
    accepted += CheckQuestion<v1::PlanLengthsRequest>(damaged(advice.Lengths()));
    accepted += CheckQuestion<v1::SplitBudgetRequest>(damaged(advice.Split()));
  }
  EXPECT_GT(accepted, kMutationRounds / 10);
}

TEST(AdviceMutation, DamagedAnswers) {
  const google::protobuf::LogSilencer silence_about_damage;
  Random random(3);
  RandomAdvice advice(3);
  int accepted = 0;
  for (int i = 0; i < kMutationRounds; ++i) {
    const std::vector<Advice> advices = {advice.AnyAdvice(), advice.AnyAdvice()};
    accepted += CheckAnswer<v1::AdviseResponse>(Damaged(Encoded(advices[0], v1::AdviseResponse()), random));
    accepted += CheckAnswer<v1::PlanLengthsResponse>(Damaged(Encoded(advices, v1::PlanLengthsResponse()), random));
    const std::vector<Curve> curves = {advice.AnyCurve(), advice.AnyCurve()};
    accepted += CheckAnswer<v1::MakeCurvesResponse>(Damaged(Encoded(curves, v1::MakeCurvesResponse()), random));
  }
  EXPECT_GT(accepted, kMutationRounds / 10);
}

}  // namespace
}  // namespace recurve
