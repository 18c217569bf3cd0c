// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "client/cli/chain_answer.h"
#include "client/cli/chain_file.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/option_values.h"
#include "client/cli/planner_option.h"

namespace recurve {
namespace {

constexpr char kChainFooter[] = R"(
FILE describes the chain as segments of equal links, such as an encoder and a decoder:
  {"segments": [
    {"name": "encoder", "links": 60, "state_bytes": "64KiB",  "tape_bytes": "1.5MiB",
     "forward_cost": 100, "taped_forward_cost": 110, "backward_cost": 220},
    {"name": "decoder", "links": 60, "state_bytes": "192KiB", "tape_bytes": "4MiB",
     "forward_cost": 450, "taped_forward_cost": 480, "backward_cost": 950}]}
Costs are integers in any unit. Defaults: taped_forward_cost is forward_cost, and the "final_state_bytes" beside the
segments is the last state_bytes. At most 2,000 links, or about 300 if all differ.

Examples:
  recurve plan chain model.json
      the curve of cost over memory
  recurve plan chain model.json --memory 64MiB
      the cheapest schedule in 64 MiB, and what it stores)";

struct ChainOptions {
  std::string file;
  std::optional<int64_t> memory, points;
  ServiceOption planner;
  bool json = false;
};

// Without a budget, the answer is a curve.
constexpr int64_t kPointsWithoutBudget = 20;

ExitStatus RunChain(const ChainOptions& options) {
  CatchInterrupts();
  absl::StatusOr<ChainFile> file = ReadChainFile(options.file);
  if (!file.ok()) return Fail(file.status(), ExitStatus::kUsage);
  const ChainRequest request = {.segments = file->segments,
                                .final_state_bytes = file->final_state_bytes,
                                .budget_bytes = options.memory.value_or(kMaxBytes),
                                .max_corners = options.points.value_or(options.memory ? 0 : kPointsWithoutBudget)};
  if (absl::Status status = CheckRequest(request); !status.ok()) return Fail(status, ExitStatus::kUsage);
  const absl::StatusOr<ChainPlan> plan = MakeChainPlannerFor(options.planner)->PlanChain(request, WhenInterrupted());
  if (!plan.ok()) return Fail(WithoutPlannerHint(plan.status(), options.planner));
  if (options.json) {
    PrintJson(ChainJson(request, file->names, *plan));
    return ExitStatus::kDone;
  }
  if (options.memory) std::fputs(ChainText(request, file->names, *plan).c_str(), stdout);
  if (options.memory && request.max_corners > 0) std::fputs("\n", stdout);
  if (request.max_corners > 0) std::fputs(CurveText(*plan).c_str(), stdout);
  return ExitStatus::kDone;
}

}  // namespace

Command AddPlanChainCommand(const Section& section) {
  CLI::App& chain =
      AddCommand(section, "chain", "cheapest schedule for a chain of unequal links, such as an encoder and a decoder",
                 kChainFooter);
  auto options = std::make_shared<ChainOptions>();
  AddPositional(chain, "file", options->file, "the chain, in JSON; - for standard input", "FILE");
  AddBytes(chain, "--memory", options->memory,
           "for stored states and tapes, excluding the start state and the working set; default: the whole curve");
  AddCount(chain, "--points", options->points,
           "maximum number of points of the curve, up to 10,000; default without --memory: 20");
  AddPlannerOption(chain, options->planner);
  AddFlag(chain, "--json", options->json, "print one JSON object");
  return {.app = &chain, .run = [options] { return RunChain(*options); }};
}

}  // namespace recurve
