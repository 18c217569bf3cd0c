// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/advice_codec.h"
#include "planner_service/codec/field_checks.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/workload_codec.h"

namespace recurve {
namespace {

planner::v1::Dimension EncodeDimension(Dimension dimension) {
  switch (dimension) {
    case Dimension::kBatch:
      return planner::v1::DIMENSION_BATCH;
    case Dimension::kLength:
      return planner::v1::DIMENSION_LENGTH;
    case Dimension::kHidden:
      return planner::v1::DIMENSION_HIDDEN;
  }
  return planner::v1::DIMENSION_UNSPECIFIED;
}

absl::StatusOr<Dimension> DecodeDimension(planner::v1::Dimension dimension) {
  switch (dimension) {
    case planner::v1::DIMENSION_BATCH:
      return Dimension::kBatch;
    case planner::v1::DIMENSION_LENGTH:
      return Dimension::kLength;
    case planner::v1::DIMENSION_HIDDEN:
      return Dimension::kHidden;
    default:
      return absl::InvalidArgumentError(absl::StrCat("dimension is ", static_cast<int>(dimension),
                                                     "; must be 1 to 3, a Dimension that is not unspecified"));
  }
}

absl::StatusOr<SplitGoal> DecodeGoal(planner::v1::SplitGoal goal) {
  switch (goal) {
    case planner::v1::SPLIT_GOAL_UNSPECIFIED:
    case planner::v1::SPLIT_GOAL_LEAST_TOTAL_TIME:
      return SplitGoal::kLeastTotalTime;
    case planner::v1::SPLIT_GOAL_LEAST_SLOWDOWN:
      return SplitGoal::kLeastSlowdown;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("goal is ", static_cast<int>(goal), "; must be 0 to 2, the numbers of SplitGoal"));
  }
}

// Takes the value of a field that has been decoded, or keeps the first error there was.
template <typename T>
void Take(absl::StatusOr<T> decoded, T& value, absl::Status& status) {
  status.Update(decoded.status());
  if (decoded.ok()) value = *std::move(decoded);
}

// What the requests about one workload have in common.
template <typename Question, typename Message>
absl::Status DecodeCommon(const Message& message, Question& question) {
  absl::Status status;
  Take(DecodeWorkload("workload", message.workload()), question.workload, status);
  Take(DecodeStrategy(message.strategy()), question.strategy, status);
  return status;
}

template <typename Message, typename Question>
Message EncodeCommon(const Question& question) {
  Message message;
  *message.mutable_workload() = EncodeWorkload(question.workload);
  message.set_strategy(EncodeStrategy(question.strategy));
  return message;
}

}  // namespace

planner::v1::AdviseRequest EncodeQuestion(const AdviseQuestion& question) {
  auto message = EncodeCommon<planner::v1::AdviseRequest>(question);
  message.set_budget_bytes(question.budget_bytes);
  return message;
}

planner::v1::FindBudgetRequest EncodeQuestion(const BudgetQuestion& question) {
  auto message = EncodeCommon<planner::v1::FindBudgetRequest>(question);
  message.set_max_slowdown(question.max_slowdown);
  return message;
}

planner::v1::MakeCurvesRequest EncodeQuestion(const CurvesQuestion& question) {
  planner::v1::MakeCurvesRequest message;
  *message.mutable_workload() = EncodeWorkload(question.workload);
  for (const Strategy strategy : question.strategies) message.add_strategies(EncodeStrategy(strategy));
  message.set_max_points(question.max_points);
  return message;
}

planner::v1::FindLargestRequest EncodeQuestion(const LargestQuestion& question) {
  auto message = EncodeCommon<planner::v1::FindLargestRequest>(question);
  message.set_dimension(EncodeDimension(question.dimension));
  message.set_budget_bytes(question.budget_bytes);
  message.set_max_slowdown(question.max_slowdown);
  return message;
}

planner::v1::PlanLengthsRequest EncodeQuestion(const LengthsQuestion& question) {
  auto message = EncodeCommon<planner::v1::PlanLengthsRequest>(question);
  message.mutable_lengths()->Add(question.lengths.begin(), question.lengths.end());
  message.set_budget_bytes(question.budget_bytes);
  return message;
}

planner::v1::SplitBudgetRequest EncodeQuestion(const SplitQuestion& question) {
  planner::v1::SplitBudgetRequest message;
  for (const Workload& workload : question.workloads) *message.add_workloads() = EncodeWorkload(workload);
  message.set_strategy(EncodeStrategy(question.strategy));
  message.set_total_bytes(question.total_bytes);
  message.set_goal(question.goal == SplitGoal::kLeastSlowdown ? planner::v1::SPLIT_GOAL_LEAST_SLOWDOWN
                                                              : planner::v1::SPLIT_GOAL_LEAST_TOTAL_TIME);
  return message;
}

absl::StatusOr<AdviseQuestion> DecodeQuestion(const planner::v1::AdviseRequest& message) {
  AdviseQuestion question{.budget_bytes = message.budget_bytes()};
  absl::Status status = DecodeCommon(message, question);
  status.Update(CheckRange("budget_bytes", question.budget_bytes, 0, kMaxBytes));
  if (!status.ok()) return status;
  return question;
}

absl::StatusOr<BudgetQuestion> DecodeQuestion(const planner::v1::FindBudgetRequest& message) {
  BudgetQuestion question{.max_slowdown = message.max_slowdown()};
  absl::Status status = DecodeCommon(message, question);
  status.Update(CheckAtLeast("max_slowdown", question.max_slowdown, 1));
  if (!status.ok()) return status;
  return question;
}

absl::StatusOr<CurvesQuestion> DecodeQuestion(const planner::v1::MakeCurvesRequest& message) {
  absl::Status status = CheckCount("strategies", message.strategies_size(), 1, kMaxCurves);
  status.Update(CheckRange("max_points", message.max_points(), 2, kMaxCurvePoints));
  if (!status.ok()) return status;
  CurvesQuestion question{.max_points = message.max_points()};
  Take(DecodeWorkload("workload", message.workload()), question.workload, status);
  for (const int strategy : message.strategies()) {
    Take(DecodeStrategy(static_cast<planner::v1::Strategy>(strategy)), question.strategies.emplace_back(), status);
  }
  if (!status.ok()) return status;
  return question;
}

absl::StatusOr<LargestQuestion> DecodeQuestion(const planner::v1::FindLargestRequest& message) {
  LargestQuestion question{.budget_bytes = message.budget_bytes(), .max_slowdown = message.max_slowdown()};
  absl::Status status = DecodeCommon(message, question);
  Take(DecodeDimension(message.dimension()), question.dimension, status);
  status.Update(CheckRange("budget_bytes", question.budget_bytes, 0, kMaxBytes));
  status.Update(CheckAtLeast("max_slowdown", question.max_slowdown, 1));
  if (!status.ok()) return status;
  return question;
}

absl::StatusOr<LengthsQuestion> DecodeQuestion(const planner::v1::PlanLengthsRequest& message) {
  absl::Status status = CheckCount("lengths", message.lengths_size(), 1, kMaxLengths);
  if (!status.ok()) return status;
  LengthsQuestion question{.lengths = {message.lengths().begin(), message.lengths().end()},
                           .budget_bytes = message.budget_bytes()};
  status.Update(DecodeCommon(message, question));
  for (size_t i = 0; i < question.lengths.size() && status.ok(); ++i) {
    status = CheckRange(absl::StrCat("lengths[", i, "]"), question.lengths[i], 1, kMaxChainLength);
  }
  status.Update(CheckRange("budget_bytes", question.budget_bytes, 0, kMaxBytes));
  if (!status.ok()) return status;
  return question;
}

absl::StatusOr<SplitQuestion> DecodeQuestion(const planner::v1::SplitBudgetRequest& message) {
  absl::Status status = CheckCount("workloads", message.workloads_size(), 1, kMaxWorkloads);
  if (!status.ok()) return status;
  SplitQuestion question{.total_bytes = message.total_bytes()};
  for (int i = 0; i < message.workloads_size() && status.ok(); ++i) {
    Take(DecodeWorkload(absl::StrCat("workloads[", i, "]"), message.workloads(i)), question.workloads.emplace_back(),
         status);
  }
  Take(DecodeStrategy(message.strategy()), question.strategy, status);
  Take(DecodeGoal(message.goal()), question.goal, status);
  status.Update(CheckRange("total_bytes", question.total_bytes, 0, kMaxBytes));
  if (!status.ok()) return status;
  return question;
}

}  // namespace recurve
