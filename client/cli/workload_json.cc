// SPDX-License-Identifier: Apache-2.0
#include "client/cli/workload_json.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/json_object.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

void ReadCosts(JsonObject& reader, LinkCosts& costs) {
  reader.Require("forward_seconds");
  reader.Require("backward_seconds");
  reader.Real("forward_seconds", costs.forward_seconds);
  costs.taped_forward_seconds = costs.forward_seconds;
  reader.Real("taped_forward_seconds", costs.taped_forward_seconds);
  reader.Real("backward_seconds", costs.backward_seconds);
}

absl::StatusOr<Workload> ReadChain(JsonObject& reader) {
  ChainWorkload chain;
  for (const char* key : {"length", "state_bytes", "tape_bytes"}) reader.Require(key);
  reader.Count("length", chain.length);
  reader.Bytes("state_bytes", chain.state_bytes);
  reader.Bytes("tape_bytes", chain.tape_bytes);
  reader.Bytes("fixed_bytes", chain.fixed_bytes);
  if (const Json* json = reader.Find("costs")) {
    JsonObject costs(*json, "costs");
    ReadCosts(costs, chain.costs.emplace());
    reader.Fail(costs.End());
  }
  RETURN_IF_ERROR(reader.End());
  return chain;
}

void ReadChoices(JsonObject& reader, ModelWorkload& model) {
  const Json* json = reader.Find("link_costs");
  if (json == nullptr) return;
  if (!json->is_array()) return reader.Fail("link_costs", "must be a list");
  for (const Json& entry : *json) {
    JsonObject choice(entry, absl::StrCat("link_costs[", model.choices.size(), "]"));
    ModelWorkload::LinkChoice& read = model.choices.emplace_back();
    choice.Require("link");
    choice.Count("link", read.link);
    ReadCosts(choice, read.costs);
    reader.Fail(choice.End());
  }
}

absl::StatusOr<Workload> ReadModel(JsonObject& reader) {
  ModelWorkload model;
  std::string cell = "lstm";
  std::string optimizer = "adamw";
  reader.Text("cell", cell);
  reader.Text("optimizer", optimizer);
  if (const std::optional<Cell> known = ParseCell(cell)) {
    model.model.cell = *known;
  } else {
    reader.Fail("cell", absl::StrCat("is \"", cell,
                                     "\"; must be \"lstm\", \"gru\", \"gru-reset-before\", \"tanh\", "
                                     "\"relu\" or \"slstm\""));
  }
  if (optimizer == "sgd") {
    model.optimizer = OptimizerKind::kSgd;
  } else if (optimizer != "adamw") {
    reader.Fail("optimizer", absl::StrCat("is \"", optimizer, "\"; must be \"adamw\" or \"sgd\""));
  }
  reader.Require("hidden");
  reader.Count("layers", model.model.layers);
  reader.Count("hidden", model.model.hidden);
  reader.Count("embedding", model.model.embedding);
  reader.Flag("residual", model.model.residual);
  reader.Flag("layer_norm", model.model.layer_norm);
  reader.Real("dropout", model.model.dropout);
  reader.Real("recurrent_dropout", model.model.recurrent_dropout);
  reader.Count("batch", model.batch);
  reader.Count("length", model.length);
  reader.Count("link", model.link);
  reader.Flag("carry_state", model.carry_state);
  ReadChoices(reader, model);
  RETURN_IF_ERROR(reader.End());
  return model;
}

Json CostsJson(const LinkCosts& costs) {
  return {{"forward_seconds", costs.forward_seconds},
          {"taped_forward_seconds", costs.taped_forward_seconds},
          {"backward_seconds", costs.backward_seconds}};
}

Json ChainJson(const ChainWorkload& chain) {
  Json json = {{"length", chain.length},
               {"state_bytes", chain.state_bytes},
               {"tape_bytes", chain.tape_bytes},
               {"fixed_bytes", chain.fixed_bytes}};
  if (chain.costs) json["costs"] = CostsJson(*chain.costs);
  return json;
}

Json ModelJson(const ModelWorkload& model) {
  Json json = {{"cell", std::string(ToString(model.model.cell))},
               {"optimizer", model.optimizer == OptimizerKind::kSgd ? "sgd" : "adamw"},
               {"layers", model.model.layers},
               {"hidden", model.model.hidden},
               {"embedding", model.model.embedding},
               {"residual", model.model.residual},
               {"layer_norm", model.model.layer_norm},
               {"dropout", model.model.dropout},
               {"recurrent_dropout", model.model.recurrent_dropout},
               {"batch", model.batch},
               {"length", model.length},
               {"link", model.link},
               {"carry_state", model.carry_state}};
  for (const ModelWorkload::LinkChoice& choice : model.choices) {
    Json entry = {{"link", choice.link}};
    entry.update(CostsJson(choice.costs));
    json["link_costs"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

Json WorkloadJson(const Workload& workload) {
  const auto* chain = std::get_if<ChainWorkload>(&workload);
  return chain != nullptr ? ChainJson(*chain) : ModelJson(std::get<ModelWorkload>(workload));
}

absl::StatusOr<Workload> ParseWorkload(const Json& json) {
  JsonObject reader(json, "workload");
  reader.Find("name");
  return reader.Find("state_bytes") != nullptr ? ReadChain(reader) : ReadModel(reader);
}

}  // namespace recurve
