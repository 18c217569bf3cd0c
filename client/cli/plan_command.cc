// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/budget_options.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/picture_files.h"
#include "client/cli/plan_answer.h"
#include "client/cli/planner_option.h"
#include "client/cli/terminal.h"
#include "client/pictures/plan_figures.h"
#include "client/pictures/plan_page.h"
#include "client/pictures/plan_svg.h"
#include "client/pictures/plan_text.h"
#include "planner_service/planning/planner.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kPlanFooter[] = R"(
Examples:
  recurve plan --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --memory 15MiB
      compares all strategies in 15 MiB
  recurve plan --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --memory 15MiB --strategy auto
      one strategy, with a picture of its schedule
  recurve plan --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --memory 15MiB --svg plan.svg
      draws the cheapest plan: what is stored and what is recomputed
  recurve plan --length 1000 --slots 250 --alpha 5 --strategy msm --json
      in the units of the paper "Memory-Efficient Backpropagation Through Time"
  recurve plan chain model.json --memory 64MiB
      links of different sizes and costs, described in a file

A link is a run of consecutive steps; its state is what the next link starts from, its tape the activations that its
backward needs in addition. auto, store-all and chen take bytes, ism and msm take slots, hsm takes either. Exit status
3: insufficient memory; the message gives the minimum.)";

struct PlanOptions {
  BudgetOptions budget;
  std::optional<double> forward_seconds, taped_forward_seconds, backward_seconds;
  std::string strategy = "all";
  ServiceOption planner;
  PictureFiles pictures;
  bool json = false;
};

absl::StatusOr<PlanRequest> RequestOf(const PlanOptions& options) {
  absl::StatusOr<PlanRequest> request = RequestOf(options.budget);
  if (!request.ok()) return request;
  if (options.forward_seconds || options.taped_forward_seconds || options.backward_seconds) {
    if (!options.forward_seconds || !options.backward_seconds) {
      return absl::InvalidArgumentError("--forward-cost and --backward-cost are needed together");
    }
    request->costs =
        LinkCosts{*options.forward_seconds, options.taped_forward_seconds.value_or(*options.forward_seconds),
                  *options.backward_seconds};
  }
  return request;
}

absl::Status WritePictures(const PlanFigures& figures, const PictureFiles& files, bool say) {
  const auto write = [&](const std::string& path, const OutputKind& kind, std::string (*draw)(const PlanFigures&)) {
    if (path.empty()) return absl::OkStatus();
    absl::Status status = WritePicture(path, kind, draw(figures));
    if (status.ok() && say) {
      std::printf("  picture      %s (%s)\n", Printable(path).c_str(), std::string(ToString(figures.strategy)).c_str());
    }
    return status;
  };
  RETURN_IF_ERROR(write(files.svg, kSvgPicture, PlanSvg));
  return write(files.html, kHtmlPage, PlanPage);
}

// Draws a feasible plan: on stdout as text, if `text`, and in the files requested.
ExitStatus Draw(const PlanAnswer& answer, const PictureFiles& files, bool text, bool say) {
  const absl::StatusOr<PlanFigures> figures = FiguresOf(answer.request, answer.plan);
  if (!figures.ok()) return Fail(figures.status());
  if (text) {
    const TextLook look = {.width = TerminalWidth(), .unicode = LocaleIsUtf8(), .colours = TerminalHasColours()};
    std::printf("\n%s", PlanPicture(*figures, look).c_str());
  }
  const absl::Status status = WritePictures(*figures, files, say);
  return status.ok() ? ExitStatus::kDone : Fail(status);
}

// The plan with the fewest forwards among those whose budget has the unit of `request`.
const PlanAnswer* Cheapest(const PlanRequest& request, const std::vector<PlanAnswer>& answers) {
  const PlanAnswer* best = nullptr;
  for (const PlanAnswer& answer : answers) {
    if (!answer.plan.feasible || answer.request.budget.index() != request.budget.index()) continue;
    if (best == nullptr || answer.plan.forward_count <= best->plan.forward_count) best = &answer;
  }
  return best;
}

ExitStatus Compare(const PlanRequest& request, Planner& planner, const PlanOptions& options) {
  // hsm takes both kinds of budget, so its check covers the ranges of all strategies.
  PlanRequest probe = request;
  probe.strategy = Strategy::kHsm;
  if (absl::Status status = CheckRequest(probe); !status.ok()) return Fail(status, ExitStatus::kUsage);
  const absl::StatusOr<std::vector<PlanAnswer>> answers = CompareStrategies(request, planner, WhenInterrupted());
  if (!answers.ok()) return Fail(answers.status());
  const bool say = !options.json && !options.pictures.to_stdout();
  if (options.json) {
    Json object = {{"length", request.length}, {"strategies", Json::array()}};
    for (const PlanAnswer& answer : *answers) object["strategies"].push_back(PlanJson(answer));
    PrintJson(object);
  } else if (say) {
    std::fputs(ComparisonText(request, *answers).c_str(), stdout);
  }
  const PlanAnswer* best = Cheapest(request, *answers);
  return options.pictures.wanted() && best != nullptr ? Draw(*best, options.pictures, /*text=*/false, say)
                                                      : ExitStatus::kDone;
}

ExitStatus RunPlan(const PlanOptions& options) {
  CatchInterrupts();
  absl::StatusOr<PlanRequest> request = RequestOf(options);
  if (!request.ok()) return Fail(request.status(), ExitStatus::kUsage);
  if (absl::Status status = CheckPictureFiles(options.pictures, options.json); !status.ok()) {
    return Fail(status, ExitStatus::kUsage);
  }
  const std::unique_ptr<Planner> planner = MakePlannerFor(options.planner);
  if (options.strategy == "all") return Compare(*request, *planner, options);

  absl::StatusOr<Strategy> strategy = ParseStrategy(options.strategy);
  if (!strategy.ok()) return Fail(strategy.status(), ExitStatus::kUsage);
  request->strategy = *strategy;
  if (absl::Status status = CheckRequest(*request); !status.ok()) return Fail(status, ExitStatus::kUsage);
  absl::StatusOr<Plan> plan = planner->MakePlan(*request, WhenInterrupted());
  if (!plan.ok()) return Fail(plan.status());
  const PlanAnswer answer{.request = *request, .plan = *std::move(plan)};
  const bool say = !options.json && !options.pictures.to_stdout();
  if (options.json) PrintJson(PlanJson(answer));
  if (!answer.plan.feasible) return Fail(ExitStatus::kInfeasible, InfeasibleText(answer));
  if (say) std::fputs(PlanText(answer).c_str(), stdout);
  const bool text = say && request->length > 1;
  return text || options.pictures.wanted() ? Draw(answer, options.pictures, text, say) : ExitStatus::kDone;
}

}  // namespace

Command AddPlanCommand(const Section& section) {
  CLI::App& plan =
      AddCommand(section, "plan",
                 "cheapest schedule for a chain of equal links in a memory budget; compares strategies", kPlanFooter);
  auto options = std::make_shared<PlanOptions>();
  AddBudgetOptions(plan, options->budget);
  AddText(plan, "--strategy", options->strategy, "auto, store-all, chen, hsm, ism, msm, or all to compare them",
          "NAME");
  const Section time(plan, "Predicted time");
  AddReal(time, "--forward-cost", options->forward_seconds, "seconds of one link without tape");
  AddReal(time, "--taped-forward-cost", options->taped_forward_seconds,
          "seconds of one link with tape; default: --forward-cost");
  AddReal(time, "--backward-cost", options->backward_seconds, "seconds of one link");
  const Section pictures(plan, "Pictures");
  AddText(pictures, "--svg", options->pictures.svg,
          "draw the plan (of all strategies, the cheapest) into this file; - is stdout", "FILE");
  AddText(pictures, "--html", options->pictures.html, "the same as an interactive page in one self-contained file",
          "FILE");
  AddPlannerOption(plan, options->planner);
  AddFlag(plan, "--json", options->json, "print one JSON object");
  const Section others(plan, "Other chains");
  const std::vector<Command> commands = {AddPlanChainCommand(others), AddPlanOffloadCommand(others)};
  return {&plan, [options, commands] { return RunChosen(commands, [&] { return RunPlan(*options); }); }};
}

}  // namespace recurve
