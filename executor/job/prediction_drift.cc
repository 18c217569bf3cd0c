// SPDX-License-Identifier: Apache-2.0
#include "executor/job/prediction_drift.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "executor/job/median.h"

namespace recurve {

void PredictionDrift::Add(double measured_seconds, double predicted_seconds) {
  if (last_.size() == kWindow) last_.pop_front();
  last_.push_back(measured_seconds / predicted_seconds);
}

double PredictionDrift::ratio() const {
  if (last_.empty()) return 1;
  return Median({last_.begin(), last_.end()});
}

bool PredictionDrift::missed() const { return last_.size() == kWindow && std::abs(ratio() - 1) > kTolerance; }

std::string MissedPredictionNote(int64_t step, double ratio) {
  return absl::StrFormat(
      "up to step %d, batches take %.2f times as long as predicted: the machine has changed since link costs were "
      "measured; the next job will measure them again",
      step, ratio);
}

}  // namespace recurve
