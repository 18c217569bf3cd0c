// SPDX-License-Identifier: Apache-2.0
#include "client/cli/workload_options.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/model_options.h"
#include "client/cli/option_values.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// To see which kind of workload was asked for.
constexpr const char* kOfChain[] = {"--state-bytes",  "--tape-bytes",         "--fixed-bytes",
                                    "--forward-cost", "--taped-forward-cost", "--backward-cost"};
constexpr const char* kOfModel[] = {"--cell",      "--layers",     "--hidden",      "--embedding",
                                    "--residual",  "--layer-norm", "--dropout",     "--recurrent-dropout",
                                    "--batch",     "--link",       "--reset-state", "--optimizer",
                                    "--link-costs"};

// "8:0.001:0.0012:0.002": steps in a link, then seconds of its forward without tape, with tape, and of its backward.
absl::StatusOr<ModelWorkload::LinkChoice> ParseLinkChoice(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  ModelWorkload::LinkChoice choice;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[0], &choice.link) ||
      !absl::SimpleAtod(parts[1], &choice.costs.forward_seconds) ||
      !absl::SimpleAtod(parts[2], &choice.costs.taped_forward_seconds) ||
      !absl::SimpleAtod(parts[3], &choice.costs.backward_seconds)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--link-costs: \"", text, "\" is not LINK:FORWARD:TAPED:BACKWARD, such as 8:0.001:0.0012:0.002"));
  }
  return choice;
}

}  // namespace

WorkloadOptions::WorkloadOptions(CLI::App& app) : app_(app) {
  AddCount(app, "--length", length_, "links of the chain, or steps of the model's sequence (default 1000)");
  AddChain({app, "A chain of links whose sizes are known"});
  AddModel({app, "Or a model (byte embedding, stacked cells, output layer)"});
}

void WorkloadOptions::AddChain(const Section& section) {
  AddBytes(section, "--state-bytes", state_bytes_, "size of one state, such as 512KiB");
  AddBytes(section, "--tape-bytes", tape_bytes_, "size of one link's tape; 0 is allowed");
  AddBytes(section, "--fixed-bytes", fixed_bytes_, "held besides stored states and tapes; default 0");
  AddReal(section, "--forward-cost", forward_seconds_, "seconds of one link without tape");
  AddReal(section, "--taped-forward-cost", taped_forward_seconds_,
          "seconds of one link with tape; default: as --forward-cost");
  AddReal(section, "--backward-cost", backward_seconds_, "seconds of one link");
}

void WorkloadOptions::AddModel(const Section& section) {
  AddCell(section, model_.model.cell);
  AddCount(section, "--layers", model_.model.layers, "stacked cells, 1 to 64");
  AddCount(section, "--hidden", model_.model.hidden, "hidden size of a cell, 1 to 16384");
  AddCount(section, "--embedding", model_.model.embedding, "size of the byte embedding; 0: as --hidden");
  AddResidual(section, model_.model.residual);
  AddLayerNorm(section, model_.model.layer_norm);
  AddShare(section, "--dropout", model_.model.dropout, "between layers and before the output layer, 0 to below 1");
  AddRecurrentDropout(section, model_.model.recurrent_dropout);
  AddCount(section, "--batch", model_.batch, "sequences in a batch, 1 to 65536");
  AddCount(section, "--link", model_.link, "steps in a link, the unit of planning; 0: chosen");
  AddResetState(section, model_.carry_state);
  AddChoice(section, "--optimizer", model_.optimizer,
            std::map<std::string, OptimizerKind>{{"adamw", OptimizerKind::kAdamW}, {"sgd", OptimizerKind::kSgd}},
            "whose state is held");
  AddTexts(section, "--link-costs", link_costs_,
           "measured seconds of a link of so many steps: forward, with tape, backward; repeat for other links",
           "LINK:FORWARD:TAPED:BACKWARD");
}

bool WorkloadOptions::IsChain() const {
  return std::any_of(std::begin(kOfChain), std::end(kOfChain),
                     [this](const char* option) { return IsGiven(app_, option); });
}

absl::StatusOr<Workload> WorkloadOptions::Get(bool free_length) const {
  const bool chain = IsChain();
  const bool model = std::any_of(std::begin(kOfModel), std::end(kOfModel),
                                 [this](const char* option) { return IsGiven(app_, option); });
  if (chain == model) {
    return absl::InvalidArgumentError(
        "say what is to be run: either a chain by --length, --state-bytes and --tape-bytes, or a model by --hidden, "
        "--layers, --batch and --length");
  }
  if (chain) return GetChain(free_length);
  return GetModel();
}

absl::StatusOr<ChainWorkload> WorkloadOptions::GetChain(bool free_length) const {
  if (!state_bytes_ || !tape_bytes_ || !(length_ || free_length)) {
    return absl::InvalidArgumentError(free_length ? "--state-bytes and --tape-bytes are needed together"
                                                  : "--length, --state-bytes and --tape-bytes are needed together");
  }
  ChainWorkload chain{.length = length_.value_or(1),
                      .state_bytes = *state_bytes_,
                      .tape_bytes = *tape_bytes_,
                      .fixed_bytes = fixed_bytes_.value_or(0)};
  if (forward_seconds_ || taped_forward_seconds_ || backward_seconds_) {
    if (!forward_seconds_ || !backward_seconds_) {
      return absl::InvalidArgumentError("--forward-cost and --backward-cost are needed together");
    }
    chain.costs = LinkCosts{*forward_seconds_, taped_forward_seconds_.value_or(*forward_seconds_), *backward_seconds_};
  }
  return chain;
}

absl::StatusOr<ModelWorkload> WorkloadOptions::GetModel() const {
  ModelWorkload model = model_;
  model.length = length_.value_or(model.length);
  for (const std::string& text : link_costs_) {
    ASSIGN_OR_RETURN(const ModelWorkload::LinkChoice choice, ParseLinkChoice(text));
    model.choices.push_back(choice);
  }
  return model;
}

}  // namespace recurve
