// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/chart_labels.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/pictures/markup.h"

namespace recurve {
namespace {

class Labels {
 public:
  Labels(const Timeline& timeline, const ChartFrame& frame) {
    for (const Timeline::LinkSpan& stretch : timeline.work) {
      const auto [low, high] = std::minmax(stretch.from, stretch.to);
      lines_.push_back({frame.X(stretch.begin), frame.LinksY(high), frame.X(stretch.end), frame.LinksY(low)});
    }
  }

  // Places a label with its left end at `x` and its base line at `y`, unless it would overlap another label or, with
  // `off_lines`, a line of work.
  bool Place(double x, double y, const std::string& text, bool off_lines) {
    const Box box = TextBox(x, y, text);
    if (box.right > ChartFrame::kLinks.right + 2 || box.top < ChartFrame::kLinks.top) return false;
    const auto meets = [&box](const Box& other) { return box.Meets(other); };
    if (std::ranges::any_of(labels_, meets) || (off_lines && std::ranges::any_of(lines_, meets))) return false;
    labels_.push_back(box);
    svg_ += SvgText(x, y, text, "halo");
    return true;
  }

  std::string Svg() && { return std::move(svg_); }

 private:
  std::vector<Box> lines_, labels_;
  std::string svg_;
};

// Above its bar, as far left as possible.
void LabelState(const Timeline::StoredInterval& stay, const ChartFrame& frame, Labels& labels) {
  const auto name = absl::StrCat("state ", static_cast<int64_t>(stay.from));
  const double last = frame.X(stay.dropped_at_from) - TextWidth(name);
  constexpr double kStep = 8;
  for (double x = frame.X(stay.stored_at_from) + kStep; x < last; x += kStep) {
    if (labels.Place(x, frame.LinksY(stay.from) - 4, name, /*off_lines=*/true)) return;
  }
}

// At the left end of its area, vertically centered.
void LabelTape(const Timeline::StoredInterval& stay, const ChartFrame& frame, Labels& labels) {
  const auto name = absl::StrCat("tape ", static_cast<int64_t>(stay.from));
  const double begin = frame.X(stay.stored_at_to);
  if (frame.X(stay.dropped_at_to) - begin < TextWidth(name) + 12) return;
  labels.Place(begin + 6, (frame.LinksY(stay.from) + frame.LinksY(stay.to)) / 2 + 6, name, /*off_lines=*/false);
}

// Left of a rising line, right of a falling one.
void LabelStretch(const Timeline::LinkSpan& stretch, const ChartFrame& frame, Labels& labels) {
  const auto name = absl::StrCat(static_cast<int64_t>(std::min(stretch.from, stretch.to)));
  const double width = TextWidth(name);
  const double begin = frame.X(stretch.begin);
  const double end = frame.X(stretch.end);
  if (end - begin < width + 6) return;
  const double middle = (begin + end) / 2;
  const double x = stretch.to > stretch.from ? middle - width - 5 : middle + 3;
  const double y = (frame.LinksY(stretch.from) + frame.LinksY(stretch.to)) / 2 - 3;
  labels.Place(x, y, name, /*off_lines=*/false);
}

}  // namespace

std::string ChartLabels(const Timeline& timeline, const ChartFrame& frame) {
  if (timeline.detail != Timeline::Detail::kLinks) return "";
  Labels labels(timeline, frame);
  const bool high = frame.LinksY(0) - frame.LinksY(1) >= kTextSize + 2;  // a line of text fits beside a link
  for (const Timeline::StoredInterval& stay : timeline.kept) {
    if (!stay.tapes) {
      LabelState(stay, frame, labels);
    } else if (high) {
      LabelTape(stay, frame, labels);
    }
  }
  if (high) {
    for (const Timeline::LinkSpan& stretch : timeline.work) LabelStretch(stretch, frame, labels);
  }
  return std::move(labels).Svg();
}

}  // namespace recurve
