// SPDX-License-Identifier: Apache-2.0
#include "client/cli/chain_answer.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text_table.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr size_t kMostRanges = 6;

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string TimesText(int64_t cost, int64_t store_all_cost) {
  return absl::StrFormat("%.3f", Ratio(cost, store_all_cost));
}

Json TransfersJson(const TwoLevelRequest::Store& store, int64_t peak_bytes, const ReplayResult::Transfers& transfers) {
  return {{"bytes", store.bytes},     {"write_cost", store.write_cost}, {"read_cost", store.read_cost},
          {"peak_bytes", peak_bytes}, {"writes", transfers.writes},     {"reads", transfers.reads}};
}

std::string StoreLine(int64_t peak_bytes, const ReplayResult::Transfers& transfers) {
  return absl::StrCat(FormatBytesRounded(peak_bytes), " at the peak, ", Counted(transfers.writes, "state"),
                      " written, ", CountText(transfers.reads), " read\n");
}

}  // namespace

std::vector<SegmentUse> UseOfSegments(const std::vector<ChainSegment>& segments, const Schedule& schedule) {
  std::vector<SegmentUse> uses(segments.size());
  std::vector<size_t> segment_of;  // by link
  for (size_t i = 0; i < segments.size(); ++i) segment_of.insert(segment_of.end(), segments[i].links, i);
  bool first_sweep = true;
  ScheduleWalk walk(schedule);
  while (const std::optional<Action> action = walk.Next()) {
    if (action->kind == Action::Kind::kReverse) first_sweep = false;
    if (action->kind != Action::Kind::kForward) continue;
    if (first_sweep && action->write_state) uses[segment_of[action->begin]].states.push_back(action->begin);
    for (int64_t link = action->begin; link < action->end; ++link) {
      SegmentUse& use = uses[segment_of[link]];
      ++use.forwards;
      if (!first_sweep || action->tape != Action::Tape::kStored) continue;
      use.tapes.push_back(link);
      // Each tape is stored with the state before it, unless that is stored already.
      if (link > 0 && (use.states.empty() || use.states.back() != link)) use.states.push_back(link);
    }
  }
  return uses;
}

std::string RangesText(const std::vector<int64_t>& positions, size_t most) {
  std::string text;
  size_t ranges = 0;
  for (size_t i = 0; i < positions.size(); ++ranges) {
    size_t last = i;
    while (last + 1 < positions.size() && positions[last + 1] == positions[last] + 1) ++last;
    if (ranges < most) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", positions[i]);
      if (last > i) absl::StrAppend(&text, "..", positions[last]);
    }
    i = last + 1;
  }
  if (ranges > most) absl::StrAppend(&text, ", and ", ranges - most, " more");
  return text.empty() ? "-" : text;
}

std::string ChainText(const ChainRequest& request, const std::vector<std::string>& names, const ChainPlan& plan) {
  std::string text = absl::StrCat(Counted(plan.schedule.length(), "link"), " in ",
                                  Counted(static_cast<int64_t>(request.segments.size()), "segment"), ", in ",
                                  FormatBytesRounded(request.budget_bytes), "\n");
  absl::StrAppend(&text, "  cost         ", CountText(plan.cost), ", ", TimesText(plan.cost, plan.store_all_cost),
                  " times that of store-all; ",
                  plan.cost == plan.cost_lower_bound
                      ? "no persistent schedule costs less"
                      : absl::StrCat("none costs less than ", CountText(plan.cost_lower_bound)),
                  "\n");
  absl::StrAppend(&text, "  peak         ", FormatBytesRounded(plan.peak_bytes), ", plus a working set of ",
                  FormatBytesRounded(plan.working_set_bytes), "\n");
  absl::StrAppend(&text, "  store-all    ", FormatBytesRounded(plan.store_all_bytes), ", cost ",
                  CountText(plan.store_all_cost), "\n\nstored by the first sweep:\n");
  const std::vector<SegmentUse> uses = UseOfSegments(request.segments, plan.schedule);
  std::vector<std::vector<std::string>> rows = {
      {"segment", "links", "forwards per link", "tapes of links", "states before links"}};
  int64_t begin = 0;
  for (size_t i = 0; i < uses.size(); ++i) {
    const int64_t links = request.segments[i].links;
    rows.push_back({names[i], absl::StrCat(begin, "..", begin + links - 1),
                    absl::StrFormat("%.3f", Ratio(uses[i].forwards, links)), RangesText(uses[i].tapes, kMostRanges),
                    RangesText(uses[i].states, kMostRanges)});
    begin += links;
  }
  return text + TextTable(rows);
}

std::string CurveText(const ChainPlan& plan) {
  std::vector<std::vector<std::string>> rows = {{"memory", "cost", "times store-all"}};
  for (const ChainCorner& corner : plan.curve) {
    rows.push_back(
        {FormatBytesRounded(corner.bytes), CountText(corner.cost), TimesText(corner.cost, plan.store_all_cost)});
  }
  return TextTable(rows);
}

Json ChainJson(const ChainRequest& request, const std::vector<std::string>& names, const ChainPlan& plan) {
  Json json = {{"length", plan.schedule.length()},
               {"budget_bytes", request.budget_bytes},
               {"cost", plan.cost},
               {"cost_lower_bound", plan.cost_lower_bound},
               {"peak_bytes", plan.peak_bytes},
               {"working_set_bytes", plan.working_set_bytes},
               {"store_all_cost", plan.store_all_cost},
               {"store_all_bytes", plan.store_all_bytes},
               {"segments", Json::array()},
               {"curve", Json::array()}};
  const std::vector<SegmentUse> uses = UseOfSegments(request.segments, plan.schedule);
  for (size_t i = 0; i < uses.size(); ++i) {
    json["segments"].push_back({{"name", names[i]},
                                {"links", request.segments[i].links},
                                {"forward_count", uses[i].forwards},
                                {"first_sweep_states", uses[i].states},
                                {"first_sweep_tapes", uses[i].tapes}});
  }
  for (const ChainCorner& corner : plan.curve) {
    json["curve"].push_back({{"bytes", corner.bytes}, {"cost", corner.cost}});
  }
  return json;
}

std::string TwoLevelText(const TwoLevelRequest& request, const TwoLevelPlan& plan) {
  std::string text =
      absl::StrCat(Counted(request.length, "link"), ", a state of ", FormatBytesRounded(request.state_bytes), ", in ",
                   FormatBytesRounded(request.device.bytes), " on the device and ",
                   FormatBytesRounded(request.host.bytes), " on the host\n");
  absl::StrAppend(&text, "  cost         ", CountText(plan.cost), "; ", CountText(plan.device_only_cost),
                  " with the device alone, ", CountText(plan.store_all_cost), " with store-all\n");
  absl::StrAppend(&text, "  forwards     ", CountText(plan.forward_count),
                  absl::StrFormat(" (%.3f per link)", Ratio(plan.forward_count, request.length)), "\n");
  absl::StrAppend(&text, "  device       ", StoreLine(plan.device_peak_bytes, plan.device));
  absl::StrAppend(&text, "  host         ", StoreLine(plan.host_peak_bytes, plan.host));
  return text;
}

Json TwoLevelJson(const TwoLevelRequest& request, const TwoLevelPlan& plan) {
  return {{"length", request.length},
          {"state_bytes", request.state_bytes},
          {"tape_bytes", request.tape_bytes < kMaxBytes ? Json(request.tape_bytes) : Json()},
          {"start", request.start == Level::kHost ? "host" : "device"},
          {"cost", plan.cost},
          {"device_only_cost", plan.device_only_cost},
          {"store_all_cost", plan.store_all_cost},
          {"forward_count", plan.forward_count},
          {"device", TransfersJson(request.device, plan.device_peak_bytes, plan.device)},
          {"host", TransfersJson(request.host, plan.host_peak_bytes, plan.host)}};
}

}  // namespace recurve
