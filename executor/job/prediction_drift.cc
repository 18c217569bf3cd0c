// SPDX-License-Identifier: Apache-2.0
#include "executor/job/prediction_drift.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace recurve {

void PredictionDrift::Add(double measured_seconds, double predicted_seconds) {
  if (last_.size() == kWindow) last_.pop_front();
  last_.push_back(measured_seconds / predicted_seconds);
}

double PredictionDrift::ratio() const {
  if (last_.empty()) return 1;
  std::vector<double> ratios(last_.begin(), last_.end());
  const auto middle = ratios.begin() + static_cast<int64_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

bool PredictionDrift::missed() const { return last_.size() == kWindow && std::abs(ratio() - 1) > kTolerance; }

}  // namespace recurve
