// SPDX-License-Identifier: Apache-2.0
//
// Conversion of a scheduler's questions and their answers to and from messages. Decoding validates every field:
// INVALID_ARGUMENT names the proto field, its value and its range.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_ADVICE_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_ADVICE_CODEC_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/capacity/advisor.h"
#include "recurve/planner/v1/advisor.pb.h"

namespace recurve {

// The arguments of Advisor's methods.
struct AdviseQuestion {
  Workload workload;
  Strategy strategy = Strategy::kAuto;
  int64_t budget_bytes = 0;
};
struct BudgetQuestion {
  Workload workload;
  Strategy strategy = Strategy::kAuto;
  double max_slowdown = 1;
};
struct CurvesQuestion {
  Workload workload;
  std::vector<Strategy> strategies;
  int64_t max_points = 1;
};
struct LargestQuestion {
  Workload workload;
  Dimension dimension = Dimension::kBatch;
  Strategy strategy = Strategy::kAuto;
  int64_t budget_bytes = 0;
  double max_slowdown = 1;
};
struct LengthsQuestion {
  Workload workload;
  std::vector<int64_t> lengths;
  Strategy strategy = Strategy::kAuto;
  int64_t budget_bytes = 0;
};
struct SplitQuestion {
  std::vector<Workload> workloads;
  Strategy strategy = Strategy::kAuto;
  int64_t total_bytes = 0;
  SplitGoal goal = SplitGoal::kLeastTotalTime;
};

void VisitFields(AdviseQuestion& question, FieldVisitor& visitor);
void VisitFields(BudgetQuestion& question, FieldVisitor& visitor);
void VisitFields(CurvesQuestion& question, FieldVisitor& visitor);  // without its strategies
void VisitFields(LargestQuestion& question, FieldVisitor& visitor);
void VisitFields(LengthsQuestion& question, FieldVisitor& visitor);  // without its lengths
void VisitFields(SplitQuestion& question, FieldVisitor& visitor);

planner::v1::AdviseRequest EncodeQuestion(const AdviseQuestion& question);
planner::v1::FindBudgetRequest EncodeQuestion(const BudgetQuestion& question);
planner::v1::MakeCurvesRequest EncodeQuestion(const CurvesQuestion& question);
planner::v1::FindLargestRequest EncodeQuestion(const LargestQuestion& question);
planner::v1::PlanLengthsRequest EncodeQuestion(const LengthsQuestion& question);
planner::v1::SplitBudgetRequest EncodeQuestion(const SplitQuestion& question);

absl::StatusOr<AdviseQuestion> DecodeQuestion(const planner::v1::AdviseRequest& message);
absl::StatusOr<BudgetQuestion> DecodeQuestion(const planner::v1::FindBudgetRequest& message);
absl::StatusOr<CurvesQuestion> DecodeQuestion(const planner::v1::MakeCurvesRequest& message);
absl::StatusOr<LargestQuestion> DecodeQuestion(const planner::v1::FindLargestRequest& message);
absl::StatusOr<LengthsQuestion> DecodeQuestion(const planner::v1::PlanLengthsRequest& message);
absl::StatusOr<SplitQuestion> DecodeQuestion(const planner::v1::SplitBudgetRequest& message);

void EncodeAnswer(const Advice& advice, planner::v1::AdviseResponse& message);
void EncodeAnswer(const Advice& advice, planner::v1::FindBudgetResponse& message);
void EncodeAnswer(const std::vector<Curve>& curves, planner::v1::MakeCurvesResponse& message);
void EncodeAnswer(const Advisor::Largest& largest, planner::v1::FindLargestResponse& message);
void EncodeAnswer(const std::vector<Advice>& advices, planner::v1::PlanLengthsResponse& message);
void EncodeAnswer(const Advisor::Split& split, planner::v1::SplitBudgetResponse& message);

absl::StatusOr<Advice> DecodeAnswer(const planner::v1::AdviseResponse& message);
absl::StatusOr<Advice> DecodeAnswer(const planner::v1::FindBudgetResponse& message);
absl::StatusOr<std::vector<Curve>> DecodeAnswer(const planner::v1::MakeCurvesResponse& message);
absl::StatusOr<Advisor::Largest> DecodeAnswer(const planner::v1::FindLargestResponse& message);
absl::StatusOr<std::vector<Advice>> DecodeAnswer(const planner::v1::PlanLengthsResponse& message);
absl::StatusOr<Advisor::Split> DecodeAnswer(const planner::v1::SplitBudgetResponse& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_ADVICE_CODEC_H_
