// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/advice_options.h"
#include "client/cli/advice_text.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/slurm_memory.h"
#include "client/cli/workload_json.h"
#include "client/cli/workload_options.h"
#include "planner_service/process/granted.h"

namespace recurve {
namespace {

constexpr char kBudgetFooter[] = R"(
Examples:
  recurve capacity budget --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --max-slowdown 1.25
      the smallest memory in which a chain takes at most 25 % longer than with store-all
  recurve capacity budget --layers 2 --hidden 1024 --batch 32 --length 1000 --max-slowdown 1.1 --json
      the same for a model, including its weights, as JSON
  recurve capacity budget --layers 2 --hidden 1024 --batch 32 --length 1000 --slurm
      --mem=877M, what to give sbatch for a training in that memory

Exit status 3: no memory makes the strategy that fast.)";

struct SmallestBudgetOptions {
  explicit SmallestBudgetOptions(CLI::App& app) : workload(app) {}

  WorkloadOptions workload;
  AdviceOptions advice;
  Strategy strategy = Strategy::kAuto;
  double max_slowdown = 1.25;
  bool slurm = false;
};

std::string TooSlowText(const Workload& workload, const SmallestBudgetOptions& options) {
  return absl::StrCat(std::string(ToString(options.strategy)), " cannot run ", WorkloadText(workload), " within ",
                      SlowdownText(options.max_slowdown),
                      " the time of store-all in any memory; give a larger --max-slowdown, or use --strategy auto");
}

ExitStatus RunBudget(const SmallestBudgetOptions& options) {
  CatchInterrupts();
  const absl::StatusOr<Workload> workload = options.workload.Get();
  if (!workload.ok()) return Fail(workload.status(), ExitStatus::kUsage);
  const absl::StatusOr<Advice> advice =
      options.advice.MakeAdvisor()->FindBudget(*workload, options.strategy, options.max_slowdown, WhenInterrupted());
  if (!advice.ok()) return options.advice.Fail(advice.status());
  const int64_t mebibytes = SlurmMebibytes(advice->budget_bytes, GrantedProcessors());
  if (options.advice.json) {
    Json json = {{"workload", WorkloadJson(*workload)}, {"max_slowdown", options.max_slowdown}};
    json.update(AdviceJson(*advice));
    json["slurm_mem_mib"] = advice->feasible ? Json(mebibytes) : Json(nullptr);
    PrintJson(json);
  } else if (advice->feasible && options.slurm) {
    std::printf("%s\n", SlurmMemoryOption(mebibytes).c_str());
  } else if (advice->feasible) {
    std::printf("%s is enough for %s\nat no more than %s the time of store-all, with %s.\n\n%s",
                SizeText(advice->budget_bytes).c_str(), WorkloadText(*workload).c_str(),
                SlowdownText(options.max_slowdown).c_str(), std::string(ToString(options.strategy)).c_str(),
                AdviceText(*advice).c_str());
  }
  return advice->feasible ? ExitStatus::kDone : Fail(ExitStatus::kInfeasible, TooSlowText(*workload, options));
}

}  // namespace

Command AddCapacityBudgetCommand(const Section& section) {
  CLI::App& budget = AddCommand(section, "budget", "smallest memory within a given slowdown", kBudgetFooter);
  auto options = std::make_shared<SmallestBudgetOptions>(budget);
  AddReal(budget, "--max-slowdown", options->max_slowdown, "largest time relative to store-all");
  AddStrategy(budget, "--strategy", options->strategy, "auto, store-all, chen or hsm");
  AddFlag(budget, "--slurm", options->slurm,
          "print only what sbatch needs for it (--mem=71M), with one thread per processor of this machine");
  AddAdviceOptions(budget, options->advice);
  return {&budget, [options] { return RunBudget(*options); }};
}

}  // namespace recurve
