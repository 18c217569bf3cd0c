// SPDX-License-Identifier: Apache-2.0
#include "client/cli/advice_text.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

std::string FixedText(const Sizing& sizing) {
  constexpr size_t kKindsInALine = 4;
  std::string text = FormatBytesRounded(sizing.fixed_bytes);
  for (size_t i = 0; i < sizing.fixed_by_kind.size(); ++i) {
    const auto& [kind, bytes] = sizing.fixed_by_kind[i];
    const char* before = i == 0 ? ": " : i % kKindsInALine == 0 ? ",\n             " : ", ";
    absl::StrAppend(&text, before, kind, " ", FormatBytesRounded(bytes));
  }
  return text;
}

Json SizingJson(const Sizing& sizing) {
  Json json = {{"link", sizing.link},
               {"links", sizing.links},
               {"state_bytes", sizing.state_bytes},
               {"tape_bytes", sizing.tape_bytes},
               {"fixed_bytes", sizing.fixed_bytes},
               {"store_all_bytes", sizing.store_all_bytes}};
  for (const auto& [kind, bytes] : sizing.fixed_by_kind) json["fixed_by_kind"][kind] = bytes;
  return json;
}

}  // namespace

std::string WorkloadText(const Workload& workload) {
  if (const auto* chain = std::get_if<ChainWorkload>(&workload)) {
    std::string text = absl::StrCat(Counted(chain->length, "link"), " of ", FormatBytesRounded(chain->state_bytes),
                                    " state and ", FormatBytesRounded(chain->tape_bytes), " tape");
    if (chain->fixed_bytes > 0) absl::StrAppend(&text, " and ", FormatBytesRounded(chain->fixed_bytes), " fixed");
    return text;
  }
  const auto& model = std::get<ModelWorkload>(workload);
  const bool an = model.model.cell == Cell::kLstm || model.model.cell == Cell::kSlstm;
  return absl::StrCat(an ? "an " : "a ", std::string(NameOf(kCellTitles, model.model.cell)), " of ",
                      Counted(model.model.layers, "layer"), " of ", CountText(model.model.hidden), ", batch ",
                      CountText(model.batch), ", ", Counted(model.length, "step"));
}

std::string SizeText(int64_t bytes) {
  return bytes < 1024 ? absl::StrCat(bytes, bytes == 1 ? " byte" : " bytes")
                      : absl::StrCat(FormatBytesRounded(bytes), " (", CountText(bytes), " bytes)");
}

std::string SlowdownText(double slowdown) {
  if (slowdown >= 100) return CountText(std::llround(slowdown)) + "x";
  return slowdown < 10 ? absl::StrFormat("%.2fx", slowdown) : absl::StrFormat("%.1fx", slowdown);
}

double ForwardsPerLink(const Advice& advice) {
  return static_cast<double>(advice.forward_count) / static_cast<double>(advice.sizing.links);
}

std::string AdviceText(const Advice& advice) {
  const Sizing& sizing = advice.sizing;
  std::string text;
  absl::StrAppend(&text, "  memory     ", SizeText(advice.peak_bytes), ", ",
                  PercentText(static_cast<double>(advice.peak_bytes), static_cast<double>(sizing.store_all_bytes)),
                  " of the ", FormatBytesRounded(sizing.store_all_bytes), " that store-all needs\n");
  absl::StrAppend(&text, "  time       ", SlowdownText(advice.slowdown), " that of store-all; ",
                  absl::StrFormat("%.2f forwards per link", ForwardsPerLink(advice)), "\n");
  if (advice.predicted_seconds) {
    absl::StrAppend(&text, "  predicted  ", SecondsText(*advice.predicted_seconds), " per forward and backward\n");
  }
  absl::StrAppend(&text, "  split      ", Counted(sizing.links, "link"), " of ", Counted(sizing.link, "step"), "; ",
                  FormatBytesRounded(sizing.state_bytes), " per state, ", FormatBytesRounded(sizing.tape_bytes),
                  " per tape\n");
  if (sizing.fixed_bytes > 0) absl::StrAppend(&text, "  fixed      ", FixedText(sizing), "\n");
  absl::StrAppend(&text, "  minimum    ", SizeText(advice.least_bytes), " is the smallest feasible total\n");
  return text;
}

Json AdviceJson(const Advice& advice) {
  Json json = {{"feasible", advice.feasible}, {"strategy", std::string(ToString(advice.strategy))}};
  for (const char* key : {"budget_bytes", "peak_bytes", "forward_count", "forward_count_lower_bound", "recompute_ratio",
                          "slowdown", "predicted_seconds"}) {
    json[key] = nullptr;
  }
  json["least_bytes"] = advice.least_bytes;
  json["sizing"] = SizingJson(advice.sizing);
  if (!advice.feasible) return json;
  json["budget_bytes"] = advice.budget_bytes;
  json["peak_bytes"] = advice.peak_bytes;
  json["forward_count"] = advice.forward_count;
  json["forward_count_lower_bound"] = advice.forward_count_lower_bound;
  json["recompute_ratio"] = ForwardsPerLink(advice);
  json["slowdown"] = advice.slowdown;
  if (advice.predicted_seconds) json["predicted_seconds"] = *advice.predicted_seconds;
  return json;
}

}  // namespace recurve
