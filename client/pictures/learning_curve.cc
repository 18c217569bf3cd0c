// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/learning_curve.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/pictures/axis.h"
#include "client/pictures/markup.h"
#include "client/pictures/svg_figure.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr PlotArea kLossPlot = {.left = 76, .right = 580, .top = PlotArea::kAbove, .bottom = 364};

LearningCurve::Point Merged(const LearningCurve::Point& a, const LearningCurve::Point& b) {
  return {.last = b.last,
          .steps = a.steps + b.steps,
          .lowest = std::min(a.lowest, b.lowest),
          .highest = std::max(a.highest, b.highest),
          .sum = a.sum + b.sum};
}

// Coordinates of steps and bits.
struct LossFrame {
  double last_step = 1;
  double bottom = 0, top = 1, spacing = 1;  // bits; ticks are multiples of the spacing

  double X(int64_t step) const {
    return kLossPlot.left + static_cast<double>(step) / last_step * (kLossPlot.right - kLossPlot.left);
  }
  double Y(double bits) const {
    return kLossPlot.bottom - (bits - bottom) / (top - bottom) * (kLossPlot.bottom - kLossPlot.top);
  }
};

LossFrame FrameAround(const LearningCurve& curve) {
  LossFrame frame;
  double lowest = INFINITY, highest = -INFINITY;
  for (const LearningCurve::Point& point : curve.training()) {
    frame.last_step = static_cast<double>(point.last);
    lowest = std::min(lowest, point.lowest);
    highest = std::max(highest, point.highest);
  }
  for (const LearningCurve::HeldOut& held_out : curve.held_out()) {
    frame.last_step = std::max(frame.last_step, static_cast<double>(held_out.step));
    lowest = std::min(lowest, held_out.bits);
    highest = std::max(highest, held_out.bits);
  }
  if (lowest > highest) return frame;  // no points
  constexpr int kMostTicks = 8;
  const double least_range = std::max(1e-3, 1e-6 * std::abs(highest));
  frame.spacing = RoundTicks(std::max(highest - lowest, least_range), kMostTicks)[1];
  frame.bottom = std::floor(lowest / frame.spacing) * frame.spacing;
  frame.top = std::max(highest, frame.bottom + frame.spacing);
  return frame;
}

std::string LossAxes(const LossFrame& frame) {
  std::string svg;
  for (const double step : RoundTicks(frame.last_step, 5, /*unit=*/1, /*least=*/1)) {
    svg += kLossPlot.XTick(frame.X(std::llround(step)), CountText(std::llround(step)));
  }
  const auto first = static_cast<int64_t>(std::llround(frame.bottom / frame.spacing));
  for (int64_t tick = first; static_cast<double>(tick) * frame.spacing <= frame.top * (1 + 1e-9); ++tick) {
    const double bits = static_cast<double>(tick) * frame.spacing;
    svg += kLossPlot.YTick(frame.Y(bits), absl::StrFormat("%.6g", bits));
  }
  return svg + kLossPlot.XTitle("optimizer steps") + kLossPlot.YTitle("loss (bits per byte)");
}

std::string At(const LossFrame& frame, int64_t step, double bits) {
  return absl::StrCat(Coordinate(frame.X(step)), " ", Coordinate(frame.Y(bits)));
}

// The area between lowest and highest: forward along the top, back along the bottom.
std::string RangeArea(const std::vector<LearningCurve::Point>& points, const LossFrame& frame) {
  if (points.empty() || points.front().steps == 1) return "";
  std::string data;
  for (const LearningCurve::Point& point : points) {
    absl::StrAppend(&data, data.empty() ? "M" : "L", At(frame, point.last, point.highest));
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    absl::StrAppend(&data, "L", At(frame, point->last, point->lowest));
  }
  return SvgPath(data + "Z", "tape");
}

std::string Lines(const LearningCurve& curve, const LossFrame& frame) {
  std::string training, held_out, marks;
  for (const LearningCurve::Point& point : curve.training()) {
    absl::StrAppend(&training, training.empty() ? "M" : "L", At(frame, point.last, point.mean()));
  }
  constexpr size_t kMostMarks = 100;
  for (const LearningCurve::HeldOut& point : curve.held_out()) {
    absl::StrAppend(&held_out, held_out.empty() ? "M" : "L", At(frame, point.step, point.bits));
    marks += SvgMark(frame.X(point.step), frame.Y(point.bits));
  }
  std::string svg;
  if (!training.empty()) svg += SvgPath(training, "curve curve-auto");
  if (curve.held_out().size() > 1) svg += SvgPath(held_out, "curve curve-hsm");
  if (curve.held_out().size() <= kMostMarks) svg += marks;
  return svg;
}

Legend LossLegend(const LearningCurve& curve) {
  const bool ranges = !curve.training().empty() && curve.training().front().steps > 1;
  std::vector<LegendEntry> entries = {
      {SvgPath("M0 6H26", "curve curve-auto"),
       ranges ? absl::StrCat("training: mean and range of ", CountText(curve.training().front().steps), " steps")
              : std::string("training")}};
  if (!curve.held_out().empty()) {
    entries.push_back({SvgPath("M0 6H26", "curve curve-hsm") + SvgMark(13, 6), "held-out text"});
  }
  return MakeLegend(entries);
}

std::string Headline(const LearningCurve& curve) {
  if (!curve.held_out().empty()) {
    const LearningCurve::HeldOut& last = curve.held_out().back();
    return absl::StrFormat("%.3f bits per byte on held-out text after step %s", last.bits, CountText(last.step));
  }
  if (curve.training().empty()) return "No step was trained";
  const LearningCurve::Point& last = curve.training().back();
  return absl::StrFormat("%.3f bits per byte in training after step %s", last.mean(), CountText(last.last));
}

}  // namespace

void LearningCurve::AddStep(int64_t step, double bits) {
  if (!std::isfinite(bits)) return;
  const Point point = {.last = step, .steps = 1, .lowest = bits, .highest = bits, .sum = bits};
  if (!training_.empty() && training_.back().steps < steps_of_a_point_) {
    training_.back() = Merged(training_.back(), point);
    return;
  }
  if (training_.size() == kMostPoints) {
    for (size_t i = 0; i < kMostPoints / 2; ++i) training_[i] = Merged(training_[2 * i], training_[2 * i + 1]);
    training_.resize(kMostPoints / 2);
    steps_of_a_point_ *= 2;
  }
  training_.push_back(point);
}

void LearningCurve::AddHeldOut(int64_t step, double bits) {
  if (!std::isfinite(bits)) return;
  if (held_out_.size() == kMostPoints) {
    for (size_t i = 0; i < kMostPoints / 2; ++i) held_out_[i] = held_out_[2 * i + 1];
    held_out_.resize(kMostPoints / 2);
  }
  held_out_.push_back({step, bits});
}

void LearningCurve::ForgetFrom(int64_t step) {
  while (!training_.empty() && training_.back().last >= step) training_.pop_back();
  while (!held_out_.empty() && held_out_.back().step >= step) held_out_.pop_back();
}

std::string LearningCurveSvg(std::string_view subject, const LearningCurve& curve) {
  const LossFrame frame = FrameAround(curve);
  SvgFigure figure(Headline(curve));
  figure.AddText(subject, "muted");
  const Legend legend = LossLegend(curve);
  figure.AddDrawing(legend.height, legend.svg);
  figure.AddDrawing(
      kLossPlot.bottom + PlotArea::kBelow,
      absl::StrCat(LossAxes(frame), RangeArea(curve.training(), frame), Lines(curve, frame), kLossPlot.XAxis()));
  figure.AddText("Lower is better. Bits per byte: cross-entropy; a uniform guess takes 8.");
  return figure.Document();
}

}  // namespace recurve
