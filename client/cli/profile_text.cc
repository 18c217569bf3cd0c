// SPDX-License-Identifier: Apache-2.0
#include "client/cli/profile_text.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text_table.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr double kListedShare = 0.01;  // of a batch

// Work and the time it took.
struct Work {
  double calls;
  OperationCost cost;
  double seconds;
};

// Its rates, and their shares of the roofline ceilings.
struct Rates {
  double flops_per_second, of_peak, bytes_per_second, of_bandwidth;
};

Rates RatesOf(const Work& work, const Roofline& roofline) {
  return {.flops_per_second = static_cast<double>(work.cost.flops) / work.seconds,
          .of_peak = roofline.ComputeSeconds(work.cost) / work.seconds,
          .bytes_per_second = static_cast<double>(work.cost.bytes) / work.seconds,
          .of_bandwidth = roofline.MemorySeconds(work.cost) / work.seconds};
}

std::string Milliseconds(double seconds) { return absl::StrFormat("%.3g", seconds * 1e3); }

std::vector<std::string> Row(const std::string& name, const Work& work, const JobProfile& profile) {
  const Rates rates = RatesOf(work, profile.roofline);
  const auto giga = [](double rate) { return rate == 0 ? "-" : absl::StrFormat("%.3g", rate / 1e9); };
  return {name,
          CountText(std::llround(work.calls)),
          Milliseconds(work.seconds),
          PercentText(work.seconds, profile.total_seconds()),
          giga(rates.flops_per_second),
          work.cost.flops == 0 ? "-" : PercentText(rates.of_peak, 1),
          giga(rates.bytes_per_second),
          PercentText(rates.of_bandwidth, 1),
          std::string(ToString(BoundOf(work.cost, work.seconds, profile.roofline)))};
}

Work WorkOf(const PhaseProfile& phase) { return {phase.begun, phase.cost(), phase.seconds()}; }
Work WorkOf(const OperationProfile& operation) { return {operation.calls, operation.cost, operation.seconds}; }

std::string Table(const JobProfile& profile) {
  std::vector<std::vector<std::string>> rows = {
      {"phase", "calls", "ms", "share", "GFLOP/s", "of peak", "GB/s", "of bandwidth", "bound by"}};
  for (const PhaseProfile& phase : profile.phases) {
    rows.push_back(Row(std::string(ToString(phase.phase)), WorkOf(phase), profile));
    for (const OperationProfile& operation : phase.operations) {
      if (operation.seconds < kListedShare * profile.total_seconds()) continue;
      rows.push_back(Row(absl::StrCat("  ", std::string(ToString(operation.operation))), WorkOf(operation), profile));
    }
  }
  rows.push_back({"outside of operations", "", Milliseconds(profile.outside_seconds),
                  PercentText(profile.outside_seconds, profile.total_seconds())});
  rows.push_back({"batch", "", Milliseconds(profile.total_seconds()), "100 %"});
  return TextTable(rows);
}

Json WorkJson(std::string_view kind, std::string_view name, const Work& work, const JobProfile& profile) {
  const Rates rates = RatesOf(work, profile.roofline);
  return {{std::string(kind), std::string(name)},
          {"calls", work.calls},
          {"seconds", work.seconds},
          {"share", work.seconds / profile.total_seconds()},
          {"flops", work.cost.flops},
          {"flops_per_second", rates.flops_per_second},
          {"of_peak", rates.of_peak},
          {"bytes", work.cost.bytes},
          {"bytes_per_second", rates.bytes_per_second},
          {"of_bandwidth", rates.of_bandwidth},
          {"bound", std::string(ToString(BoundOf(work.cost, work.seconds, profile.roofline)))}};
}

}  // namespace

std::string JobProfileText(const JobProfile& profile) {
  std::string text = absl::StrFormat("ceilings   %.4g GFLOP/s, packed matrix product; %.3g GB/s, memory\n",
                                     profile.roofline.flops_per_second / 1e9, profile.roofline.bytes_per_second / 1e9);
  absl::StrAppend(&text, "\n", Table(profile), "\n");
  absl::StrAppend(&text, "operations ", SecondsText(profile.operation_seconds()), "; the roofline allows ",
                  SecondsText(profile.roofline_seconds()), " (",
                  PercentText(profile.roofline_seconds(), profile.operation_seconds()), ")\n");
  absl::StrAppend(&text, "per batch  ", SecondsText(profile.unmetered_seconds), " without the meter, ",
                  SecondsText(profile.metered_seconds), " with it (",
                  absl::StrFormat("%+.1f %%", 100 * (profile.metered_seconds / profile.unmetered_seconds - 1)),
                  "), medians of ", profile.batches, " each, alternating\n");
  return text;
}

Json JobProfileJson(const JobProfile& profile) {
  Json phases = Json::array();
  for (const PhaseProfile& phase : profile.phases) {
    Json json = WorkJson("phase", ToString(phase.phase), WorkOf(phase), profile);
    for (const OperationProfile& operation : phase.operations) {
      json["operations"].push_back(WorkJson("operation", ToString(operation.operation), WorkOf(operation), profile));
    }
    phases.push_back(std::move(json));
  }
  return {{"peak_flops_per_second", profile.roofline.flops_per_second},
          {"peak_bytes_per_second", profile.roofline.bytes_per_second},
          {"batches", profile.batches},
          {"seconds_per_batch", profile.total_seconds()},
          {"operation_seconds", profile.operation_seconds()},
          {"outside_seconds", profile.outside_seconds},
          {"roofline_seconds", profile.roofline_seconds()},
          {"metered_seconds_per_batch", profile.metered_seconds},
          {"unmetered_seconds_per_batch", profile.unmetered_seconds},
          {"weights_sha256", profile.weights_sha256},
          {"phases", std::move(phases)}};
}

}  // namespace recurve
