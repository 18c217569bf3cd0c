// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_LEARNING_CURVE_H_
#define RECURVE_CLIENT_PICTURES_LEARNING_CURVE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// The losses of a training, in bits per byte, in bounded memory: from some number of steps on, several share a point.
// Values that are not finite are left out. Not thread-safe.
class LearningCurve {
 public:
  static constexpr size_t kMostPoints = 800;

  struct Point {  // of steps that follow each other
    int64_t last = 0;
    int64_t steps = 0;
    double lowest = 0, highest = 0, sum = 0;

    double mean() const { return sum / static_cast<double>(steps); }
  };
  struct HeldOut {
    int64_t step = 0;
    double bits = 0;
  };

  // In the order of the steps, from 1.
  void AddStep(int64_t step, double bits);
  void AddHeldOut(int64_t step, double bits);

  const std::vector<Point>& training() const { return training_; }
  const std::vector<HeldOut>& held_out() const { return held_out_; }  // the last one is never left out

 private:
  std::vector<Point> training_;
  int64_t steps_of_a_point_ = 1;
  std::vector<HeldOut> held_out_;
};

// The curve as an SVG file that stands by itself: loss over steps, of training as the mean within the range of a
// point's steps, and of the held-out part. `subject` says of what.
std::string LearningCurveSvg(std::string_view subject, const LearningCurve& curve);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_LEARNING_CURVE_H_
