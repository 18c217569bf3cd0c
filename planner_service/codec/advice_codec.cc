// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/advice_codec.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/field_codec.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Checks relations between fields.
absl::Status CheckFigures(const std::string& field, const Advice& advice) {
  const Sizing& sizing = advice.sizing;
  RETURN_IF_ERROR(CheckRange(field + ".sizing.store_all_bytes", sizing.store_all_bytes, {.least = sizing.fixed_bytes}));
  if (!advice.feasible) return absl::OkStatus();
  return FirstError({
      CheckRange(field + ".peak_bytes", advice.peak_bytes, 0, advice.budget_bytes),
      CheckRange(field + ".forward_count", advice.forward_count, {.least = sizing.links}),
      CheckRange(field + ".forward_count_lower_bound", advice.forward_count_lower_bound, 0, advice.forward_count),
      CheckReal(field + ".slowdown", advice.slowdown, {.least = 1}),
  });
}

absl::StatusOr<Advice> DecodeAdvice(const std::string& field, const planner::v1::Advice& message) {
  ASSIGN_OR_RETURN(Advice advice, DecodeFields<Advice>(message, field + "."));
  RETURN_IF_ERROR(CheckFigures(field, advice));
  return advice;
}

absl::StatusOr<Curve> DecodeCurve(const std::string& field, const planner::v1::Curve& message) {
  ASSIGN_OR_RETURN(Curve curve, DecodeFields<Curve>(message, field + "."));
  int64_t least_bytes = 0;
  for (size_t i = 0; i < curve.corners.size(); ++i) {
    const int64_t bytes = curve.corners[i].budget_bytes;
    RETURN_IF_ERROR(
        CheckRange(absl::StrCat(field, ".corners[", i, "].budget_bytes"), bytes, least_bytes, INT64_MAX - 1));
    least_bytes = bytes + 1;
  }
  return curve;
}

template <typename Messages>
absl::StatusOr<std::vector<Advice>> DecodeAdvices(const char* field, const Messages& messages, int64_t most) {
  RETURN_IF_ERROR(CheckCount(field, messages.size(), 1, most));
  std::vector<Advice> advices;
  for (int i = 0; i < messages.size(); ++i) {
    ASSIGN_OR_RETURN(Advice advice, DecodeAdvice(absl::StrCat(field, "[", i, "]"), messages[i]));
    advices.push_back(std::move(advice));
  }
  return advices;
}

}  // namespace

void EncodeAnswer(const Advice& advice, planner::v1::AdviseResponse& message) {
  EncodeFields(advice, *message.mutable_advice());
}

void EncodeAnswer(const Advice& advice, planner::v1::FindBudgetResponse& message) {
  EncodeFields(advice, *message.mutable_advice());
}

void EncodeAnswer(const std::vector<Curve>& curves, planner::v1::MakeCurvesResponse& message) {
  for (const Curve& curve : curves) EncodeFields(curve, *message.add_curves());
}

void EncodeAnswer(const Advisor::Largest& largest, planner::v1::FindLargestResponse& message) {
  message.set_value(largest.value);
  EncodeFields(largest.advice, *message.mutable_advice());
}

void EncodeAnswer(const std::vector<Advice>& advices, planner::v1::PlanLengthsResponse& message) {
  for (const Advice& advice : advices) EncodeFields(advice, *message.add_advices());
}

void EncodeAnswer(const Advisor::Split& split, planner::v1::SplitBudgetResponse& message) {
  message.set_feasible(split.feasible);
  for (const Advice& share : split.shares) EncodeFields(share, *message.add_shares());
  message.set_total_time(split.total_time);
  message.set_total_time_lower_bound(split.total_time_lower_bound);
}

absl::StatusOr<Advice> DecodeAnswer(const planner::v1::AdviseResponse& message) {
  return DecodeAdvice("advice", message.advice());
}

absl::StatusOr<Advice> DecodeAnswer(const planner::v1::FindBudgetResponse& message) {
  return DecodeAdvice("advice", message.advice());
}

absl::StatusOr<std::vector<Curve>> DecodeAnswer(const planner::v1::MakeCurvesResponse& message) {
  std::vector<Curve> curves;
  for (int i = 0; i < message.curves_size(); ++i) {
    ASSIGN_OR_RETURN(Curve curve, DecodeCurve(absl::StrCat("curves[", i, "]"), message.curves(i)));
    curves.push_back(std::move(curve));
  }
  return curves;
}

absl::StatusOr<Advisor::Largest> DecodeAnswer(const planner::v1::FindLargestResponse& message) {
  RETURN_IF_ERROR(CheckRange("value", message.value(), kNotNegative));
  ASSIGN_OR_RETURN(Advice advice, DecodeAdvice("advice", message.advice()));
  return Advisor::Largest{.value = message.value(), .advice = std::move(advice)};
}

absl::StatusOr<std::vector<Advice>> DecodeAnswer(const planner::v1::PlanLengthsResponse& message) {
  return DecodeAdvices("advices", message.advices(), kMaxLengths);
}

absl::StatusOr<Advisor::Split> DecodeAnswer(const planner::v1::SplitBudgetResponse& message) {
  Advisor::Split split{.feasible = message.feasible(),
                       .total_time = message.total_time(),
                       .total_time_lower_bound = message.total_time_lower_bound()};
  RETURN_IF_ERROR(CheckReal("total_time", split.total_time, kNotBelowZero));
  RETURN_IF_ERROR(CheckReal("total_time_lower_bound", split.total_time_lower_bound, kNotBelowZero));
  ASSIGN_OR_RETURN(split.shares, DecodeAdvices("shares", message.shares(), kMaxWorkloads));
  return split;
}

}  // namespace recurve
