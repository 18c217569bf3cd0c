// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_PREDICTION_DRIFT_H_
#define RECURVE_EXECUTOR_JOB_PREDICTION_DRIFT_H_

#include <cstdint>
#include <deque>
#include <string>

namespace recurve {

// How well the predicted time of a batch holds while a job trains. Not thread-safe.
class PredictionDrift {
 public:
  static constexpr int64_t kWindow = 10;      // steps
  static constexpr double kTolerance = 0.25;  // of the prediction

  void Add(double measured_seconds, double predicted_seconds);

  // Measured over predicted seconds, the median of the last steps; 1 before the first.
  double ratio() const;
  // A whole window is off by more than the tolerance.
  bool missed() const;

 private:
  std::deque<double> last_;  // ratios, at most kWindow
};

// For whoever follows a job whose prediction missed, in one line. The costs it came from are forgotten by then.
std::string MissedPredictionNote(int64_t step, double ratio);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_PREDICTION_DRIFT_H_
