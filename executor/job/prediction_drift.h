// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_PREDICTION_DRIFT_H_
#define RECURVE_EXECUTOR_JOB_PREDICTION_DRIFT_H_

#include <cstdint>
#include <deque>
#include <string>

namespace recurve {

// Compares measured with predicted batch times during training. Not thread-safe.
class PredictionDrift {
 public:
  static constexpr int64_t kWindow = 10;      // steps
  static constexpr double kTolerance = 0.25;  // of the prediction

  void Add(double measured_seconds, double predicted_seconds);

  // The median ratio of measured to predicted seconds over the last steps; 1 before the first.
  double ratio() const;
  // Whether the window is full and the ratio is off by more than the tolerance.
  bool missed() const;

 private:
  std::deque<double> last_;  // ratios, at most kWindow
};

// A one-line note that the prediction missed and that its link costs have been discarded.
std::string MissedPredictionNote(int64_t step, double ratio);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_PREDICTION_DRIFT_H_
