// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/cli/advice_options.h"
#include "client/cli/advice_text.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/picture_files.h"
#include "client/cli/text_table.h"
#include "client/cli/workload_json.h"
#include "client/cli/workload_options.h"
#include "client/pictures/curve_svg.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kCurveFooter[] = R"(
Examples:
  recurve capacity curve --length 1000 --state-bytes 512KiB --tape-bytes 1MiB
      time as a function of memory, for every strategy that counts in bytes
  recurve capacity curve --layers 2 --hidden 1024 --batch 32 --length 1000 --strategy auto --points 1000 --json
      all corners of one strategy for a model, as JSON
  recurve capacity curve --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --strategy auto,msm,chen --svg curve.svg
      a picture of these strategies; ism and msm search for their bytes, which takes seconds

Memory is the total: fixed bytes, stored states and tapes. A line gives the least memory for its time; with less memory,
the time is that of the line above.)";

constexpr Strategy kStrategiesInBytes[] = {Strategy::kAuto, Strategy::kHsm, Strategy::kChen, Strategy::kStoreAll};

struct CurveOptions {
  explicit CurveOptions(CLI::App& app) : workload(app) {}

  WorkloadOptions workload;
  AdviceOptions advice;
  std::string strategy = "all";
  int64_t points = 12;
  PictureFiles pictures;
};

absl::StatusOr<std::vector<Strategy>> StrategiesOf(const std::string& name) {
  if (name == "all") return std::vector<Strategy>(std::begin(kStrategiesInBytes), std::end(kStrategiesInBytes));
  std::vector<Strategy> strategies;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(name, ','))) {
    ASSIGN_OR_RETURN(const Strategy strategy, ParseStrategy(part));
    strategies.push_back(strategy);
  }
  return strategies;
}

Json CurvesJson(const Workload& workload, const std::vector<Curve>& curves) {
  Json json = {{"workload", WorkloadJson(workload)}, {"curves", Json::array()}};
  for (const Curve& curve : curves) {
    Json corners = Json::array();
    for (const CurvePoint& corner : curve.corners) {
      corners.push_back({{"budget_bytes", corner.budget_bytes},
                         {"link", corner.link},
                         {"forward_count", corner.forward_count},
                         {"slowdown", corner.slowdown}});
    }
    json["curves"].push_back({{"strategy", std::string(ToString(curve.strategy))},
                              {"complete", curve.complete},
                              {"corners", std::move(corners)}});
  }
  return json;
}

std::string CurvesText(const Workload& workload, const std::vector<Curve>& curves) {
  const bool chain = std::holds_alternative<ChainWorkload>(workload);
  std::vector<std::vector<std::string>> rows = {{"strategy", "memory", "bytes", "link forwards", "time"}};
  if (!chain) rows.front().push_back("steps per link");
  bool complete = true;
  for (const Curve& curve : curves) {
    complete = complete && curve.complete;
    for (const CurvePoint& corner : curve.corners) {
      rows.push_back({std::string(ToString(curve.strategy)), FormatBytesRounded(corner.budget_bytes),
                      CountText(corner.budget_bytes), CountText(corner.forward_count), SlowdownText(corner.slowdown)});
      if (!chain) rows.back().push_back(CountText(corner.link));
    }
  }
  return absl::StrCat("Time as a function of memory for ", WorkloadText(workload), ".\nTime is relative to store-all.",
                      complete ? "" : " There are more corners; see --points.", "\n\n", TextTable(rows));
}

ExitStatus RunCurve(const CurveOptions& options) {
  CatchInterrupts();
  const absl::StatusOr<Workload> workload = options.workload.Get();
  if (!workload.ok()) return Fail(workload.status(), ExitStatus::kUsage);
  const absl::StatusOr<std::vector<Strategy>> strategies = StrategiesOf(options.strategy);
  if (!strategies.ok()) return Fail(strategies.status(), ExitStatus::kUsage);
  if (absl::Status status = CheckPictureFiles(options.pictures, options.advice.json); !status.ok()) {
    return Fail(status, ExitStatus::kUsage);
  }
  const auto advisor = options.advice.MakeAdvisor();
  const absl::StatusOr<std::vector<Curve>> curves =
      advisor->MakeCurves(*workload, *strategies, options.points, WhenInterrupted());
  if (!curves.ok()) return options.advice.Fail(curves.status());
  if (options.pictures.wanted()) {
    constexpr int64_t kPointsDrawn = 400;
    const absl::StatusOr<std::vector<Curve>> drawn =
        advisor->MakeCurves(*workload, *strategies, std::max(options.points, kPointsDrawn), WhenInterrupted());
    if (!drawn.ok()) return options.advice.Fail(drawn.status());
    const absl::Status status =
        WritePicture(options.pictures.svg, kSvgPicture, CurveSvg(WorkloadText(*workload), *drawn));
    if (!status.ok()) return Fail(status);
    if (options.pictures.to_stdout()) return ExitStatus::kDone;
  }
  if (options.advice.json) {
    PrintJson(CurvesJson(*workload, *curves));
  } else {
    std::fputs(CurvesText(*workload, *curves).c_str(), stdout);
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddCapacityCurveCommand(const Section& section) {
  CLI::App& curve = AddCommand(section, "curve", "time as a function of memory, for each strategy", kCurveFooter);
  auto options = std::make_shared<CurveOptions>(curve);
  AddText(curve, "--strategy", options->strategy,
          "auto, hsm, chen, store-all, ism, msm, a comma-separated list, or all for the first four", "NAMES");
  AddCount(curve, "--points", options->points, "maximum number of corners per curve, 2 to 10,000");
  AddText(curve, "--svg", options->pictures.svg, "draw the curves into this file; - is stdout", "FILE");
  AddAdviceOptions(curve, options->advice);
  return {&curve, [options] { return RunCurve(*options); }};
}

}  // namespace recurve
