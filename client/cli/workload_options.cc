// SPDX-License-Identifier: Apache-2.0
#include "client/cli/workload_options.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/model_options.h"
#include "client/cli/option_values.h"

namespace recurve {
namespace {

constexpr char kChainGroup[] = "A chain of links whose sizes are known";
constexpr char kModelGroup[] = "Or a model (byte embedding, stacked cells, output layer)";

// "8:0.001:0.0012:0.002": steps in a link, then seconds of its forward without tape, with tape, and of its backward.
ModelWorkload::LinkChoice ParseLinkChoice(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  ModelWorkload::LinkChoice choice;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[0], &choice.link) ||
      !absl::SimpleAtod(parts[1], &choice.costs.forward_seconds) ||
      !absl::SimpleAtod(parts[2], &choice.costs.taped_forward_seconds) ||
      !absl::SimpleAtod(parts[3], &choice.costs.backward_seconds)) {
    throw CLI::ValidationError(
        "--link-costs", "\"" + text + "\" is not LINK:FORWARD:TAPED:BACKWARD, such as " + "8:0.001:0.0012:0.002");
  }
  return choice;
}

bool AnyGiven(const std::vector<const CLI::Option*>& options) {
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) { return option->count() > 0; });
}

}  // namespace

WorkloadOptions::WorkloadOptions(CLI::App& app) {
  AddCount(app, "--length", length_, "links of the chain, or steps of the model's sequence (default 1000)");
  AddChain(app);
  AddModel(app);
}

void WorkloadOptions::AddChain(CLI::App& app) {
  const auto add = [this](CLI::Option* option) { chain_options_.push_back(option->group(kChainGroup)); };
  add(AddBytes(app, "--state-bytes", state_bytes_, "size of one state, such as 512KiB"));
  add(AddBytes(app, "--tape-bytes", tape_bytes_, "size of one link's tape; 0 is allowed"));
  add(AddBytes(app, "--fixed-bytes", fixed_bytes_, "held besides stored states and tapes; default 0"));
  add(AddReal(app, "--forward-cost", forward_seconds_, "seconds of one link without tape"));
  add(AddReal(app, "--taped-forward-cost", taped_forward_seconds_,
              "seconds of one link with tape; default: as --forward-cost"));
  add(AddReal(app, "--backward-cost", backward_seconds_, "seconds of one link"));
}

void WorkloadOptions::AddModel(CLI::App& app) {
  const auto add = [this](CLI::Option* option) { model_options_.push_back(option->group(kModelGroup)); };
  add(AddCell(app, model_.cell));
  add(AddCount(app, "--layers", model_.layers, "stacked cells, 1 to 64"));
  add(AddCount(app, "--hidden", model_.hidden, "hidden size of a cell, 1 to 16384"));
  add(AddCount(app, "--embedding", model_.embedding, "size of the byte embedding; 0: as --hidden"));
  add(AddResidual(app, model_.residual));
  add(AddLayerNorm(app, model_.layer_norm));
  add(AddShare(app, "--dropout", model_.dropout, "between layers and before the output layer, 0 to below 1"));
  add(AddRecurrentDropout(app, model_.recurrent_dropout));
  add(AddCount(app, "--batch", model_.batch, "sequences in a batch, 1 to 65536"));
  add(AddCount(app, "--link", model_.link, "steps in a link, the unit of planning; 0: chosen"));
  add(app.add_flag_function(
      "--reset-state", [this](int64_t) { model_.carry_state = false; },
      "start each batch from a state of zeros, not from the last state of the one before"));
  add(AddChoice(app, "--optimizer", model_.optimizer,
                std::map<std::string, ModelWorkload::Optimizer>{{"adamw", ModelWorkload::Optimizer::kAdamW},
                                                                {"sgd", ModelWorkload::Optimizer::kSgd}},
                "which one"));
  add(app.add_option_function<std::vector<std::string>>(
             "--link-costs",
             [this](const std::vector<std::string>& texts) {
               for (const std::string& text : texts) model_.choices.push_back(ParseLinkChoice(text));
             },
             "measured seconds of a link of so many steps: forward, with tape, backward; repeat for other links")
          ->type_name("LINK:FORWARD:TAPED:BACKWARD")
          ->allow_extra_args(false)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
}

absl::StatusOr<Workload> WorkloadOptions::Get(bool free_length) const {
  const bool chain = AnyGiven(chain_options_);
  const bool model = AnyGiven(model_options_);
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
  return model;
}

}  // namespace recurve
