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
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kAdviseFooter[] = R"(
Examples:
  recurve capacity advise --memory 256MiB --layers 2 --hidden 512 --batch 32 --length 1000
      how fast a model trains in 256 MiB in total, how it is split into links, and where the bytes go
  recurve capacity advise --memory 64MiB --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --json
      the same for a chain, as JSON

Exit status 3: insufficient memory; the message gives the minimum.)";

struct AdviseOptions {
  explicit AdviseOptions(CLI::App& app) : workload(app) {}

  WorkloadOptions workload;
  AdviceOptions advice;
  std::optional<int64_t> memory;
  Strategy strategy = Strategy::kAuto;
};

ExitStatus RunAdvise(const AdviseOptions& options) {
  CatchInterrupts();
  if (!options.memory) return Fail(ExitStatus::kUsage, "--memory is required: the total bytes");
  const absl::StatusOr<Workload> workload = options.workload.Get();
  if (!workload.ok()) return Fail(workload.status(), ExitStatus::kUsage);
  const absl::StatusOr<Advice> advice =
      options.advice.MakeAdvisor()->Advise(*workload, options.strategy, *options.memory, WhenInterrupted());
  if (!advice.ok()) return options.advice.Fail(advice.status());
  const std::string strategy(ToString(options.strategy));
  const std::string memory = FormatBytes(*options.memory);
  if (options.advice.json) {
    Json json = {{"workload", WorkloadJson(*workload)}, {"memory_bytes", *options.memory}};
    json.update(AdviceJson(*advice));
    PrintJson(json);
  } else if (advice->feasible) {
    std::printf("%s in %s, with %s.\n\n%s", WorkloadText(*workload).c_str(), memory.c_str(), strategy.c_str(),
                AdviceText(*advice).c_str());
  }
  if (advice->feasible) return ExitStatus::kDone;
  return Fail(ExitStatus::kInfeasible, absl::StrCat(strategy, " cannot run ", WorkloadText(*workload), " in --memory ",
                                                    memory, "; give at least ", AtLeastText(advice->least_bytes)));
}

}  // namespace

Command AddCapacityAdviseCommand(const Section& section) {
  CLI::App& advise =
      AddCommand(section, "advise", "how fast a chain or a model runs in a memory budget", kAdviseFooter);
  auto options = std::make_shared<AdviseOptions>(advise);
  AddBytes(advise, "--memory", options->memory, "in total, such as 16GiB");
  AddStrategy(advise, "--strategy", options->strategy, "auto, store-all, chen, hsm, ism or msm");
  AddAdviceOptions(advise, options->advice);
  return {&advise, [options] { return RunAdvise(*options); }};
}

}  // namespace recurve
