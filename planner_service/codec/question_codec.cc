// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/advice_codec.h"
#include "planner_service/codec/field_codec.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr CountRange kBudget{0, kMaxBytes};
constexpr RealRange kSlowdown{.least = 1};

void VisitStrategy(Strategy& strategy, FieldVisitor& visitor) { visitor.Enum({"strategy"}, kStrategyNames, strategy); }

absl::Status CheckIsSet(const std::string& field, const planner::v1::Workload& workload) {
  if (workload.kind_case() != planner::v1::Workload::KIND_NOT_SET) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is unset; set ", field, ".chain or ", field, ".model"));
}

template <typename Question, typename Message>
absl::StatusOr<Question> DecodeOfOneWorkload(const Message& message) {
  RETURN_IF_ERROR(CheckIsSet("workload", message.workload()));
  return DecodeFields<Question>(message);
}

}  // namespace

void VisitFields(AdviseQuestion& question, FieldVisitor& visitor) {
  visitor.Fields({"workload"}, question.workload);
  VisitStrategy(question.strategy, visitor);
  visitor.Count({"budget_bytes"}, kBudget, question.budget_bytes);
}

void VisitFields(BudgetQuestion& question, FieldVisitor& visitor) {
  visitor.Fields({"workload"}, question.workload);
  VisitStrategy(question.strategy, visitor);
  visitor.Real({"max_slowdown"}, kSlowdown, question.max_slowdown);
}

void VisitFields(CurvesQuestion& question, FieldVisitor& visitor) {
  visitor.Fields({"workload"}, question.workload);
  visitor.Count({"max_points"}, {2, kMaxCurvePoints}, question.max_points);
}

void VisitFields(LargestQuestion& question, FieldVisitor& visitor) {
  visitor.Fields({"workload"}, question.workload);
  visitor.Enum({"dimension"}, kDimensionNames, question.dimension);
  VisitStrategy(question.strategy, visitor);
  visitor.Count({"budget_bytes"}, kBudget, question.budget_bytes);
  visitor.Real({"max_slowdown"}, kSlowdown, question.max_slowdown);
}

void VisitFields(LengthsQuestion& question, FieldVisitor& visitor) {
  visitor.Fields({"workload"}, question.workload);
  VisitStrategy(question.strategy, visitor);
  visitor.Count({"budget_bytes"}, kBudget, question.budget_bytes);
}

void VisitFields(SplitQuestion& question, FieldVisitor& visitor) {
  visitor.Fields({"workloads"}, {1, kMaxWorkloads}, question.workloads);
  VisitStrategy(question.strategy, visitor);
  visitor.Count({"total_bytes"}, kBudget, question.total_bytes);
  visitor.Enum({"goal"}, kSplitGoalNames, question.goal);
}

planner::v1::AdviseRequest EncodeQuestion(const AdviseQuestion& question) {
  return EncodeAs<planner::v1::AdviseRequest>(question);
}

planner::v1::FindBudgetRequest EncodeQuestion(const BudgetQuestion& question) {
  return EncodeAs<planner::v1::FindBudgetRequest>(question);
}

planner::v1::MakeCurvesRequest EncodeQuestion(const CurvesQuestion& question) {
  auto message = EncodeAs<planner::v1::MakeCurvesRequest>(question);
  for (const Strategy strategy : question.strategies) {
    const int number = EncodeEnum(*planner::v1::Strategy_descriptor(), std::string(ToString(strategy)));
    message.add_strategies(static_cast<planner::v1::Strategy>(number));
  }
  return message;
}

planner::v1::FindLargestRequest EncodeQuestion(const LargestQuestion& question) {
  return EncodeAs<planner::v1::FindLargestRequest>(question);
}

planner::v1::PlanLengthsRequest EncodeQuestion(const LengthsQuestion& question) {
  auto message = EncodeAs<planner::v1::PlanLengthsRequest>(question);
  message.mutable_lengths()->Add(question.lengths.begin(), question.lengths.end());
  return message;
}

planner::v1::SplitBudgetRequest EncodeQuestion(const SplitQuestion& question) {
  return EncodeAs<planner::v1::SplitBudgetRequest>(question);
}

absl::StatusOr<AdviseQuestion> DecodeQuestion(const planner::v1::AdviseRequest& message) {
  return DecodeOfOneWorkload<AdviseQuestion>(message);
}

absl::StatusOr<BudgetQuestion> DecodeQuestion(const planner::v1::FindBudgetRequest& message) {
  return DecodeOfOneWorkload<BudgetQuestion>(message);
}

absl::StatusOr<CurvesQuestion> DecodeQuestion(const planner::v1::MakeCurvesRequest& message) {
  RETURN_IF_ERROR(CheckCount("strategies", message.strategies_size(), 1, kMaxCurves));
  ASSIGN_OR_RETURN(CurvesQuestion question, DecodeOfOneWorkload<CurvesQuestion>(message));
  for (int i = 0; i < message.strategies_size(); ++i) {
    ASSIGN_OR_RETURN(question.strategies.emplace_back(),
                     DecodeEnum(absl::StrCat("strategies[", i, "]"), *planner::v1::Strategy_descriptor(),
                                message.strategies(i), kStrategyNames));
  }
  return question;
}

absl::StatusOr<LargestQuestion> DecodeQuestion(const planner::v1::FindLargestRequest& message) {
  if (message.dimension() == planner::v1::DIMENSION_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        "dimension is unset; must be DIMENSION_BATCH, DIMENSION_LENGTH or DIMENSION_HIDDEN");
  }
  return DecodeOfOneWorkload<LargestQuestion>(message);
}

absl::StatusOr<LengthsQuestion> DecodeQuestion(const planner::v1::PlanLengthsRequest& message) {
  RETURN_IF_ERROR(CheckCount("lengths", message.lengths_size(), 1, kMaxLengths));
  ASSIGN_OR_RETURN(LengthsQuestion question, DecodeOfOneWorkload<LengthsQuestion>(message));
  for (int i = 0; i < message.lengths_size(); ++i) {
    RETURN_IF_ERROR(CheckRange(absl::StrCat("lengths[", i, "]"), message.lengths(i), 1, kMaxChainLength));
  }
  question.lengths.assign(message.lengths().begin(), message.lengths().end());
  return question;
}

absl::StatusOr<SplitQuestion> DecodeQuestion(const planner::v1::SplitBudgetRequest& message) {
  ASSIGN_OR_RETURN(SplitQuestion question, DecodeFields<SplitQuestion>(message));
  for (int i = 0; i < message.workloads_size(); ++i) {
    RETURN_IF_ERROR(CheckIsSet(absl::StrCat("workloads[", i, "]"), message.workloads(i)));
  }
  return question;
}

}  // namespace recurve
