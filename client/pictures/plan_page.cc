// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/plan_page.h"

#include <initializer_list>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/pictures/embedded_files.h"
#include "client/pictures/markup.h"
#include "client/pictures/schedule_charts.h"
#include "client/pictures/svg_figure.h"

namespace recurve {
namespace {

constexpr const char* kDetailName[] = {"links", "actions", "pixels"};

std::string Number(double value) { return absl::StrFormat("%.9g", value); }

// "[[1,2],[3,4]]": the numbers of each item.
template <typename Item, typename Numbers>
std::string Rows(const std::vector<Item>& items, const Numbers& numbers) {
  std::string json = "[";
  for (const Item& item : items) {
    json += json.size() > 1 ? ",[" : "[";
    for (const double number : numbers(item)) {
      json += Number(number);
      json += ',';
    }
    json.back() = ']';
  }
  return json + "]";
}

std::string Data(const PlanFigures& figures) {
  using Numbers = std::initializer_list<double>;
  const Timeline& timeline = figures.timeline;
  const auto work = [](const Timeline::LinkSpan& w) -> std::vector<double> {
    return Numbers{static_cast<double>(w.work), w.begin, w.end, w.from, w.to};
  };
  const auto kept = [](const Timeline::StoredInterval& k) -> std::vector<double> {
    return Numbers{k.tapes ? 1.0 : 0.0, k.from, k.to, k.stored_at_from, k.stored_at_to, k.dropped_at_from};
  };
  const auto fill = [](const Timeline::Fill& f) -> std::vector<double> {
    return Numbers{f.time, static_cast<double>(f.states), static_cast<double>(f.tapes)};
  };
  return absl::StrCat(
      "{\"detail\":\"", kDetailName[static_cast<int>(timeline.detail)],
      "\",\"slots\":", figures.in_slots ? "true" : "false", ",\"seconds\":", figures.in_seconds ? "true" : "false",
      ",\"links\":", timeline.links, ",\"stateSize\":", figures.state_size, ",\"tapeSize\":", figures.tape_size,
      ",\"budget\":", Number(figures.budget), ",\"peak\":", Number(figures.peak),
      ",\"duration\":", Number(timeline.duration), ",\"storeAll\":", Number(timeline.store_all_duration),
      ",\"frame\":{\"left\":", ChartFrame::kLinks.left, ",\"right\":", ChartFrame::kLinks.right,
      ",\"linksTop\":", ChartFrame::kLinks.top, ",\"linksBottom\":", ChartFrame::kLinks.bottom,
      ",\"storeBottom\":", ChartFrame::kStore.bottom, "},\n\"work\":", Rows(timeline.work, work),
      ",\n\"kept\":", Rows(timeline.kept, kept), ",\n\"fill\":", Rows(timeline.fill, fill), "}");
}

}  // namespace

std::string PlanPage(const PlanFigures& figures) {
  std::string explanation;
  for (const std::string& paragraph : figures.Explanation()) {
    absl::StrAppend(&explanation, "<p>", Escaped(paragraph), "</p>\n");
  }
  // The legend is above the charts, at negative y, so that the charts keep the coordinates that the script uses.
  const Legend legend = ScheduleLegend(figures.timeline);
  const std::string chart = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" id=\"chart\" aria-label=\"%s\" viewBox=\"0 %s %s %s\">\n"
      "<g transform=\"translate(0 %s)\">\n%s</g>\n%s</svg>\n",
      Escaped(figures.Headline()), Coordinate(-legend.height), Coordinate(kFigureWidth),
      Coordinate(ChartFrame::kHeight + legend.height), Coordinate(-legend.height), legend.svg, ScheduleCharts(figures));
  return absl::StrReplaceAll(kPlanPageTemplate, {{"{{headline}}", Escaped(figures.Headline())},
                                                 {"{{subtitle}}", Escaped(figures.Subtitle())},
                                                 {"{{style}}", kPicturesCss},
                                                 {"{{chart}}", chart},
                                                 {"{{explanation}}", explanation},
                                                 {"{{data}}", Data(figures)}});
}

}  // namespace recurve
