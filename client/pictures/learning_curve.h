// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_LEARNING_CURVE_H_
#define RECURVE_CLIENT_PICTURES_LEARNING_CURVE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// The losses of a training job, in bits per byte, in bounded memory: after many steps, several share a point. Omits
// values that are not finite. Not thread-safe.
class LearningCurve {
 public:
  static constexpr size_t kMostPoints = 800;

  struct Point {  // consecutive steps
    int64_t last = 0;
    int64_t steps = 0;
    double lowest = 0, highest = 0, sum = 0;

    double mean() const { return sum / static_cast<double>(steps); }
  };
  struct HeldOut {
    int64_t step = 0;
    double bits = 0;
  };

  // Steps are added in order, from 1.
  void AddStep(int64_t step, double bits);
  void AddHeldOut(int64_t step, double bits);
  // Forgets this step and all later ones, which are to be added again. May forget a few earlier steps that share a
  // point with it.
  void ForgetFrom(int64_t step);

  const std::vector<Point>& training() const { return training_; }
  const std::vector<HeldOut>& held_out() const { return held_out_; }  // always includes the last one

 private:
  std::vector<Point> training_;
  int64_t steps_of_a_point_ = 1;
  std::vector<HeldOut> held_out_;
};

// The curve as a self-contained SVG file: loss over steps, of training (mean and range of each point's steps) and of
// the held-out part. `subject` describes the job.
std::string LearningCurveSvg(std::string_view subject, const LearningCurve& curve);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_LEARNING_CURVE_H_
