// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/advice_options.h"
#include "client/cli/advice_text.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/workload_json.h"
#include "client/cli/workload_options.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kFitFooter[] = R"(
Examples:
  recurve capacity fit --dimension batch --memory 16GiB --layers 2 --hidden 1024 --length 1000
      the largest batch that fits in 16 GiB, at most 25 % slower than with store-all
  recurve capacity fit --dimension length --memory 1GiB --state-bytes 512KiB --tape-bytes 1MiB --max-slowdown 2
      the longest chain that fits in 1 GiB at twice the time

Exit status 3: not even 1 fits; the message gives the minimum memory.)";

struct FitOptions {
  explicit FitOptions(CLI::App& app) : workload(app) {}

  WorkloadOptions workload;
  AdviceOptions advice;
  Dimension dimension = Dimension::kBatch;
  std::optional<int64_t> memory;
  Strategy strategy = Strategy::kAuto;
  double max_slowdown = 1.25;
};

std::string TextOf(Dimension dimension) { return std::string(NameOf(kDimensionNames, dimension)); }

Workload With(Workload workload, Dimension dimension, int64_t value) {
  if (auto* chain = std::get_if<ChainWorkload>(&workload)) {
    chain->length = value;
    return workload;
  }
  auto& model = std::get<ModelWorkload>(workload);
  switch (dimension) {
    case Dimension::kBatch:
      model.batch = value;
      break;
    case Dimension::kLength:
      model.length = value;
      break;
    case Dimension::kHidden:
      model.model.hidden = value;
      break;
  }
  return workload;
}

// Nothing fits: reports the memory in which the smallest workload would.
ExitStatus FailWithWhatWouldDo(const Workload& smallest, const FitOptions& options, Advisor& advisor) {
  const absl::StatusOr<Advice> enough =
      advisor.FindBudget(smallest, options.strategy, options.max_slowdown, WhenInterrupted());
  if (!enough.ok()) return options.advice.Fail(enough.status());
  const std::string what =
      absl::StrCat("not even ", WorkloadText(smallest), " fits in --memory ", FormatBytes(*options.memory),
                   " at no more than ", SlowdownText(options.max_slowdown), " the time of store-all; ");
  return Fail(ExitStatus::kInfeasible,
              what + (enough->feasible ? absl::StrCat("give at least ", AtLeastText(enough->budget_bytes))
                                       : "give a larger --max-slowdown, or use --strategy auto"));
}

ExitStatus RunFit(const FitOptions& options) {
  CatchInterrupts();
  if (!options.memory) return Fail(ExitStatus::kUsage, "--memory is required: the bytes of the device");
  if (options.workload.IsChain() && options.dimension != Dimension::kLength) {
    return Fail(ExitStatus::kUsage,
                absl::StrCat("--dimension ", TextOf(options.dimension),
                             " needs a model, such as --hidden 1024; for a chain, use --dimension length"));
  }
  const absl::StatusOr<Workload> workload = options.workload.Get(options.dimension == Dimension::kLength);
  if (!workload.ok()) return Fail(workload.status(), ExitStatus::kUsage);
  const std::unique_ptr<Advisor> advisor = options.advice.MakeAdvisor();
  const absl::StatusOr<Advisor::Largest> largest = advisor->FindLargest(
      *workload, options.dimension, options.strategy, *options.memory, options.max_slowdown, WhenInterrupted());
  if (!largest.ok()) return options.advice.Fail(largest.status());
  const Workload found = With(*workload, options.dimension, std::max<int64_t>(1, largest->value));
  if (options.advice.json) {
    Json json = {{"dimension", TextOf(options.dimension)},
                 {"value", largest->value},
                 {"memory_bytes", *options.memory},
                 {"max_slowdown", options.max_slowdown},
                 {"workload", WorkloadJson(found)}};
    json.update(AdviceJson(largest->advice));
    PrintJson(json);
  }
  if (largest->value == 0) return FailWithWhatWouldDo(found, options, *advisor);
  if (!options.advice.json) {
    std::printf("%s %s is the largest that fits in %s at no more than %s the time of\nstore-all, with %s: %s.\n\n%s",
                TextOf(options.dimension).c_str(), CountText(largest->value).c_str(),
                FormatBytes(*options.memory).c_str(), SlowdownText(options.max_slowdown).c_str(),
                std::string(ToString(options.strategy)).c_str(), WorkloadText(found).c_str(),
                AdviceText(largest->advice).c_str());
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddCapacityFitCommand(const Section& section) {
  CLI::App& fit = AddCommand(section, "fit", "largest batch, length or hidden size that fits a device", kFitFooter);
  auto options = std::make_shared<FitOptions>(fit);
  AddChoice(fit, "--dimension", options->dimension, kDimensionNames, "what to maximize");
  AddBytes(fit, "--memory", options->memory, "of the device, in total, such as 16GiB");
  AddReal(fit, "--max-slowdown", options->max_slowdown, "largest time relative to store-all");
  AddStrategy(fit, "--strategy", options->strategy, "auto, store-all, chen or hsm");
  AddAdviceOptions(fit, options->advice);
  return {&fit, [options] { return RunFit(*options); }};
}

}  // namespace recurve
