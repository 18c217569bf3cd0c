// SPDX-License-Identifier: Apache-2.0
#include "executor/job/prediction_drift.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"

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

std::string MissedPredictionNote(int64_t step, double ratio) {
  return absl::StrFormat(
      "up to step %d a batch takes %.2f times as long as predicted: the machine is not as it was when link costs were "
      "measured; they will be measured again for the next job",
      step, ratio);
}

}  // namespace recurve
