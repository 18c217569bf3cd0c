// SPDX-License-Identifier: Apache-2.0
#include "client/cli/workload_options.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/option_fields.h"
#include "client/cli/option_values.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// --length is shared by chains and models.
bool BesidesLength(std::string_view field) { return field != "length"; }

// "8:0.001:0.0012:0.002": steps per link, then seconds of its forward without tape, with tape, and of its backward.
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
  OptionBinder chain({app, "A chain of links whose sizes are known"}, BesidesLength);
  VisitFields(chain_, chain);
  OptionBinder costs({app, "A chain of links whose sizes are known"});
  VisitFields(costs_, costs);
  cost_options_ = costs.names();
  chain_options_ = chain.names();
  chain_options_.insert(chain_options_.end(), cost_options_.begin(), cost_options_.end());
  AddModel({app, "Or a model (byte embedding, stacked cells, output layer)"});
}

void WorkloadOptions::AddModel(const Section& section) {
  OptionBinder model(section, BesidesLength);
  VisitFields(model_, model);
  model_options_ = model.names();
  AddTexts(section, "--link-costs", link_costs_,
           "measured seconds of a link of LINK steps: forward, with tape, backward; repeat for other lengths",
           "LINK:FORWARD:TAPED:BACKWARD");
  model_options_.push_back("--link-costs");
}

bool WorkloadOptions::AnyGiven(const std::vector<std::string>& options) const {
  return std::any_of(options.begin(), options.end(),
                     [this](const std::string& option) { return IsGiven(app_, option); });
}

absl::StatusOr<Workload> WorkloadOptions::Get(bool free_length) const {
  const bool chain = IsChain();
  const bool model = AnyGiven(model_options_);
  if (chain == model) {
    return absl::InvalidArgumentError(
        "give a workload: either a chain by --length, --state-bytes and --tape-bytes, or a model by --hidden, "
        "--layers, --batch and --length");
  }
  if (chain) return GetChain(free_length);
  return GetModel();
}

absl::StatusOr<ChainWorkload> WorkloadOptions::GetChain(bool free_length) const {
  if (!IsGiven(app_, "--state-bytes") || !IsGiven(app_, "--tape-bytes") || !(length_ || free_length)) {
    return absl::InvalidArgumentError(free_length ? "--state-bytes and --tape-bytes are needed together"
                                                  : "--length, --state-bytes and --tape-bytes are needed together");
  }
  ChainWorkload chain = chain_;
  chain.length = length_.value_or(chain.length);
  if (!AnyGiven(cost_options_)) return chain;
  if (!IsGiven(app_, "--forward-cost") || !IsGiven(app_, "--backward-cost")) {
    return absl::InvalidArgumentError("--forward-cost and --backward-cost are needed together");
  }
  chain.costs = costs_;
  if (!IsGiven(app_, "--taped-forward-cost")) chain.costs->taped_forward_seconds = costs_.forward_seconds;
  return chain;
}

absl::StatusOr<ModelWorkload> WorkloadOptions::GetModel() const {
  ModelWorkload model = model_;
  model.length = length_.value_or(model.length);
  for (const std::string& text : link_costs_) {
    ASSIGN_OR_RETURN(const ModelWorkload::LinkChoice choice, ParseLinkChoice(text));
    model.link_costs.push_back(choice);
  }
  return model;
}

}  // namespace recurve
