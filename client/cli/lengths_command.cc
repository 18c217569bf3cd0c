// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/cli/advice_options.h"
#include "client/cli/advice_text.h"
#include "client/cli/commands.h"
#include "client/cli/input_arguments.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/text_table.h"
#include "client/cli/workload_json.h"
#include "client/cli/workload_options.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kLengthsFooter[] = R"(
Examples:
  recurve capacity lengths --lengths 100,200,5000 --memory 64MiB --state-bytes 512KiB --tape-bytes 1MiB
      time and memory of batches of variable length in one memory budget
  recurve capacity lengths --lengths-file lengths.txt --memory 1GiB --hidden 512 --batch 32 --length 4000 --json
      lengths from a file (separated by commas, spaces or newlines), for a model sized for up to 4000 steps

Exit status 3: some length does not fit; the message gives the minimum memory for all.)";

struct LengthsOptions {
  explicit LengthsOptions(CLI::App& app) : workload(app) {}

  WorkloadOptions workload;
  AdviceOptions advice;
  std::string lengths;
  std::string lengths_file;
  std::optional<int64_t> memory;
  Strategy strategy = Strategy::kAuto;
};

absl::StatusOr<std::vector<int64_t>> ParseLengths(const std::string& text) {
  std::vector<int64_t> lengths;
  for (const auto& word : absl::StrSplit(text, absl::ByAnyChar(", \t\r\n"), absl::SkipEmpty())) {
    if (!absl::SimpleAtoi(word, &lengths.emplace_back())) {
      return absl::InvalidArgumentError(absl::StrCat("\"", word, "\" is not a length, a whole number such as 200"));
    }
    if (static_cast<int64_t>(lengths.size()) > kMaxLengths) {
      return absl::InvalidArgumentError(
          absl::StrCat("more than ", kMaxLengths, " lengths; split them over several calls"));
    }
  }
  return lengths;
}

absl::StatusOr<std::vector<int64_t>> ReadLengths(const std::string& path) {
  constexpr int64_t kMostBytes = 20 * kMaxLengths;  // of lengths with 19 digits
  ASSIGN_OR_RETURN(const std::string text, ReadTextArgument(path, kMostBytes));
  ASSIGN_OR_RETURN(std::vector<int64_t> lengths, ParseLengths(text));
  if (!lengths.empty()) return lengths;
  return absl::InvalidArgumentError(
      absl::StrCat("no lengths in ", path, "; separate them by commas, spaces or newlines"));
}

absl::StatusOr<std::vector<int64_t>> LengthsOf(const LengthsOptions& options) {
  if (options.lengths.empty() == options.lengths_file.empty()) {
    return absl::InvalidArgumentError("give either --lengths, such as 100,200,5000, or --lengths-file FILE");
  }
  if (options.lengths_file.empty()) return ParseLengths(options.lengths);
  absl::StatusOr<std::vector<int64_t>> lengths = ReadLengths(options.lengths_file);
  if (lengths.ok()) return lengths;
  return absl::Status(lengths.status().code(), absl::StrCat("--lengths-file: ", lengths.status().message()));
}

std::string LengthsText(const std::vector<int64_t>& lengths, const std::vector<Advice>& advices) {
  std::vector<std::vector<std::string>> rows = {
      {"length", "memory", "bytes", "of store-all", "time", "forwards per link"}};
  for (size_t i = 0; i < lengths.size(); ++i) {
    const Advice& advice = advices[i];
    if (!advice.feasible) {
      rows.push_back({CountText(lengths[i]), "too small", "-", "-", "-", "-"});
      continue;
    }
    rows.push_back(
        {CountText(lengths[i]), FormatBytesRounded(advice.peak_bytes), CountText(advice.peak_bytes),
         PercentText(static_cast<double>(advice.peak_bytes), static_cast<double>(advice.sizing.store_all_bytes)),
         SlowdownText(advice.slowdown), absl::StrFormat("%.2f", ForwardsPerLink(advice))});
  }
  return TextTable(rows);
}

Json LengthsJson(const Workload& workload, const std::vector<int64_t>& lengths, const std::vector<Advice>& advices) {
  Json json = {{"workload", WorkloadJson(workload)}, {"lengths", Json::array()}};
  for (size_t i = 0; i < lengths.size(); ++i) {
    Json entry = {{"length", lengths[i]}};
    entry.update(AdviceJson(advices[i]));
    json["lengths"].push_back(std::move(entry));
  }
  return json;
}

ExitStatus Report(const LengthsOptions& options, const Workload& workload, const std::vector<int64_t>& lengths,
                  const std::vector<Advice>& advices) {
  if (options.advice.json) {
    PrintJson(LengthsJson(workload, lengths, advices));
  } else {
    std::printf("Lengths in %s, with %s. Time is relative to store-all.\n\n%s", FormatBytes(*options.memory).c_str(),
                std::string(ToString(options.strategy)).c_str(), LengthsText(lengths, advices).c_str());
  }
  int64_t too_small = 0;
  int64_t enough = 0;
  for (const Advice& advice : advices) {
    too_small += advice.feasible ? 0 : 1;
    enough = std::max(enough, advice.least_bytes);
  }
  if (too_small == 0) return ExitStatus::kDone;
  return Fail(ExitStatus::kInfeasible,
              absl::StrCat("--memory ", FormatBytes(*options.memory), " is too small for ", too_small, " of ",
                           lengths.size(), " lengths; give at least ", AtLeastText(enough)));
}

ExitStatus RunLengths(const LengthsOptions& options) {
  CatchInterrupts();
  if (!options.memory) return Fail(ExitStatus::kUsage, "--memory is required: the total bytes for each length");
  const absl::StatusOr<std::vector<int64_t>> lengths = LengthsOf(options);
  if (!lengths.ok()) return Fail(lengths.status(), ExitStatus::kUsage);
  const absl::StatusOr<Workload> workload = options.workload.Get(/*free_length=*/true);
  if (!workload.ok()) return Fail(workload.status(), ExitStatus::kUsage);
  const absl::StatusOr<std::vector<Advice>> advices = options.advice.MakeAdvisor()->PlanLengths(
      *workload, *lengths, options.strategy, *options.memory, WhenInterrupted());
  if (!advices.ok()) return options.advice.Fail(advices.status());
  return Report(options, *workload, *lengths, *advices);
}

}  // namespace

Command AddCapacityLengthsCommand(const Section& section) {
  CLI::App& lengths = AddCommand(section, "lengths", "time and memory of batches of variable length", kLengthsFooter);
  auto options = std::make_shared<LengthsOptions>(lengths);
  AddText(lengths, "--lengths", options->lengths, "comma-separated lengths, up to 10,000", "N,N,...");
  AddText(lengths, "--lengths-file", options->lengths_file, "file of lengths; - is standard input", "FILE");
  AddBytes(lengths, "--memory", options->memory, "in total, for each length");
  AddStrategy(lengths, "--strategy", options->strategy, "auto, store-all, chen or hsm");
  AddAdviceOptions(lengths, options->advice);
  return {&lengths, [options] { return RunLengths(*options); }};
}

}  // namespace recurve
