// SPDX-License-Identifier: Apache-2.0
#include "executor/job/loss_history.h"

#include <algorithm>

namespace recurve {

void VisitFields(LossPoint& point, FieldVisitor& visitor) {
  visitor.Count({"step"}, {}, point.step);
  visitor.Real({"loss"}, {}, point.loss);
  visitor.Real({"metric"}, {}, point.metric);
  visitor.Flag({"held_out"}, point.held_out);
}

void VisitFields(LossHistory::Series& series, FieldVisitor& visitor) {
  visitor.Count({"stride"}, {.least = 1}, series.stride);
  visitor.Count({"seen"}, kNotNegative, series.seen);
  visitor.Fields({"points"}, {0, LossHistory::kMost}, series.points);
}

void VisitFields(LossHistory& history, FieldVisitor& visitor) {
  visitor.Fields({"steps"}, history.steps_);
  visitor.Fields({"evaluations"}, history.evaluations_);
}

void LossHistory::Series::Add(const LossPoint& point) {
  if (seen++ % stride != 0) return;
  points.push_back(point);
  if (static_cast<int64_t>(points.size()) <= kMost) return;
  size_t kept = 0;
  for (size_t i = 0; i < points.size(); i += 2) points[kept++] = points[i];
  points.resize(kept);
  stride *= 2;
}

void LossHistory::Add(const LossPoint& point) { (point.held_out ? evaluations_ : steps_).Add(point); }

std::vector<LossPoint> LossHistory::Points() const {
  std::vector<LossPoint> points = steps_.points;
  points.insert(points.end(), evaluations_.points.begin(), evaluations_.points.end());
  std::stable_sort(points.begin(), points.end(),
                   [](const LossPoint& a, const LossPoint& b) { return a.step < b.step; });
  return points;
}

}  // namespace recurve
