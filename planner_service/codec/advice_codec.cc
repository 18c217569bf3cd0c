// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/advice_codec.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planner_service/codec/field_checks.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Kinds of fixed bytes in an answer; there are fewer, and later versions may have more.
constexpr int64_t kMaxKinds = 64;

planner::v1::Sizing EncodeSizing(const Sizing& sizing) {
  planner::v1::Sizing message;
  message.set_link(sizing.link);
  message.set_links(sizing.links);
  message.set_state_bytes(sizing.state_bytes);
  message.set_tape_bytes(sizing.tape_bytes);
  message.set_fixed_bytes(sizing.fixed_bytes);
  message.set_store_all_bytes(sizing.store_all_bytes);
  for (const auto& [kind, bytes] : sizing.fixed_by_kind) {
    planner::v1::KindBytes& part = *message.add_fixed_by_kind();
    part.set_kind(kind);
    part.set_bytes(bytes);
  }
  return message;
}

absl::Status DecodeSizing(const std::string& field, const planner::v1::Sizing& message, Sizing& sizing) {
  sizing.link = message.link();
  sizing.links = message.links();
  sizing.state_bytes = message.state_bytes();
  sizing.tape_bytes = message.tape_bytes();
  sizing.fixed_bytes = message.fixed_bytes();
  sizing.store_all_bytes = message.store_all_bytes();
  absl::Status status = CheckRange(field + ".link", sizing.link, 1, kMaxChainLength);
  status.Update(CheckRange(field + ".links", sizing.links, 1, kMaxChainLength));
  status.Update(CheckRange(field + ".state_bytes", sizing.state_bytes, 0, INT64_MAX));
  status.Update(CheckRange(field + ".tape_bytes", sizing.tape_bytes, 0, INT64_MAX));
  status.Update(CheckRange(field + ".fixed_bytes", sizing.fixed_bytes, 0, INT64_MAX));
  status.Update(CheckRange(field + ".store_all_bytes", sizing.store_all_bytes, sizing.fixed_bytes, INT64_MAX));
  status.Update(CheckCount(field + ".fixed_by_kind", message.fixed_by_kind_size(), 0, kMaxKinds));
  if (!status.ok()) return status;
  for (const planner::v1::KindBytes& part : message.fixed_by_kind()) {
    status.Update(CheckRange(absl::StrCat(field, ".fixed_by_kind.bytes"), part.bytes(), 0, INT64_MAX));
    sizing.fixed_by_kind.emplace_back(part.kind(), part.bytes());
  }
  return status;
}

planner::v1::Advice EncodeAdvice(const Advice& advice) {
  planner::v1::Advice message;
  message.set_feasible(advice.feasible);
  message.set_strategy(EncodeStrategy(advice.strategy));
  *message.mutable_sizing() = EncodeSizing(advice.sizing);
  message.set_least_bytes(advice.least_bytes);
  if (!advice.feasible) return message;
  message.set_budget_bytes(advice.budget_bytes);
  message.set_peak_bytes(advice.peak_bytes);
  message.set_forward_count(advice.forward_count);
  message.set_forward_count_lower_bound(advice.forward_count_lower_bound);
  message.set_slowdown(advice.slowdown);
  if (advice.predicted_seconds) message.set_predicted_seconds(*advice.predicted_seconds);
  return message;
}

absl::Status CheckFigures(const std::string& field, const Advice& advice) {
  absl::Status status = CheckRange(field + ".budget_bytes", advice.budget_bytes, 0, INT64_MAX);
  status.Update(CheckRange(field + ".peak_bytes", advice.peak_bytes, 0, advice.budget_bytes));
  status.Update(CheckRange(field + ".forward_count", advice.forward_count, advice.sizing.links, INT64_MAX));
  status.Update(
      CheckRange(field + ".forward_count_lower_bound", advice.forward_count_lower_bound, 0, advice.forward_count));
  status.Update(CheckAtLeast(field + ".slowdown", advice.slowdown, 1));
  if (advice.predicted_seconds) {
    status.Update(CheckAtLeast(field + ".predicted_seconds", *advice.predicted_seconds, 0));
  }
  return status;
}

absl::StatusOr<Advice> DecodeAdvice(const std::string& field, const planner::v1::Advice& message) {
  Advice advice{.feasible = message.feasible(), .least_bytes = message.least_bytes()};
  ASSIGN_OR_RETURN(advice.strategy, DecodeStrategy(message.strategy()));
  absl::Status status = DecodeSizing(field + ".sizing", message.sizing(), advice.sizing);
  status.Update(CheckRange(field + ".least_bytes", advice.least_bytes, 0, INT64_MAX));
  if (!status.ok()) return status;
  if (!advice.feasible) return advice;
  advice.budget_bytes = message.budget_bytes();
  advice.peak_bytes = message.peak_bytes();
  advice.forward_count = message.forward_count();
  advice.forward_count_lower_bound = message.forward_count_lower_bound();
  advice.slowdown = message.slowdown();
  if (message.has_predicted_seconds()) advice.predicted_seconds = message.predicted_seconds();
  status = CheckFigures(field, advice);
  if (!status.ok()) return status;
  return advice;
}

absl::StatusOr<Curve> DecodeCurve(const std::string& field, const planner::v1::Curve& message) {
  Curve curve{.complete = message.complete()};
  ASSIGN_OR_RETURN(curve.strategy, DecodeStrategy(message.strategy()));
  absl::Status status = CheckCount(field + ".corners", message.corners_size(), 0, kMaxCurvePoints);
  int64_t least_bytes = 0;
  if (!status.ok()) return status;
  for (int i = 0; i < message.corners_size(); ++i) {
    const planner::v1::CurvePoint& corner = message.corners(i);
    const std::string name = absl::StrCat(field, ".corners[", i, "]");
    status.Update(CheckRange(name + ".budget_bytes", corner.budget_bytes(), least_bytes, INT64_MAX - 1));
    status.Update(CheckRange(name + ".link", corner.link(), 1, kMaxChainLength));
    status.Update(CheckRange(name + ".forward_count", corner.forward_count(), 1, INT64_MAX));
    status.Update(CheckAtLeast(name + ".slowdown", corner.slowdown(), 1));
    if (!status.ok()) return status;
    least_bytes = corner.budget_bytes() + 1;
    curve.corners.push_back({.budget_bytes = corner.budget_bytes(),
                             .link = corner.link(),
                             .forward_count = corner.forward_count(),
                             .slowdown = corner.slowdown()});
  }
  return curve;
}

template <typename Messages>
absl::StatusOr<std::vector<Advice>> DecodeAdvices(const char* field, const Messages& messages, int64_t most) {
  absl::Status status = CheckCount(field, messages.size(), 1, most);
  if (!status.ok()) return status;
  std::vector<Advice> advices;
  for (int i = 0; i < messages.size(); ++i) {
    ASSIGN_OR_RETURN(Advice advice, DecodeAdvice(absl::StrCat(field, "[", i, "]"), messages[i]));
    advices.push_back(std::move(advice));
  }
  return advices;
}

}  // namespace

void EncodeAnswer(const Advice& advice, planner::v1::AdviseResponse& message) {
  *message.mutable_advice() = EncodeAdvice(advice);
}

void EncodeAnswer(const Advice& advice, planner::v1::FindBudgetResponse& message) {
  *message.mutable_advice() = EncodeAdvice(advice);
}

void EncodeAnswer(const std::vector<Curve>& curves, planner::v1::MakeCurvesResponse& message) {
  for (const Curve& curve : curves) {
    planner::v1::Curve& encoded = *message.add_curves();
    encoded.set_strategy(EncodeStrategy(curve.strategy));
    encoded.set_complete(curve.complete);
    for (const CurvePoint& corner : curve.corners) {
      planner::v1::CurvePoint& point = *encoded.add_corners();
      point.set_budget_bytes(corner.budget_bytes);
      point.set_link(corner.link);
      point.set_forward_count(corner.forward_count);
      point.set_slowdown(corner.slowdown);
    }
  }
}

void EncodeAnswer(const Advisor::Largest& largest, planner::v1::FindLargestResponse& message) {
  message.set_value(largest.value);
  *message.mutable_advice() = EncodeAdvice(largest.advice);
}

void EncodeAnswer(const std::vector<Advice>& advices, planner::v1::PlanLengthsResponse& message) {
  for (const Advice& advice : advices) *message.add_advices() = EncodeAdvice(advice);
}

void EncodeAnswer(const Advisor::Split& split, planner::v1::SplitBudgetResponse& message) {
  message.set_feasible(split.feasible);
  for (const Advice& share : split.shares) *message.add_shares() = EncodeAdvice(share);
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
  absl::Status status = CheckRange("value", message.value(), 0, INT64_MAX);
  if (!status.ok()) return status;
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
  absl::Status status = CheckAtLeast("total_time", split.total_time, 0);
  status.Update(CheckAtLeast("total_time_lower_bound", split.total_time_lower_bound, 0));
  if (!status.ok()) return status;
  ASSIGN_OR_RETURN(split.shares, DecodeAdvices("shares", message.shares(), kMaxWorkloads));
  return split;
}

}  // namespace recurve
