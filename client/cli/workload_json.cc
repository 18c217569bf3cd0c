// SPDX-License-Identifier: Apache-2.0
#include "client/cli/workload_json.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/units/units.h"

namespace recurve {
namespace {

// Reads the keys of one object and notices what is missing, wrong or unknown. The first error stays.
class ObjectReader {
 public:
  explicit ObjectReader(const Json& json) : json_(json) {
    if (!json.is_object()) Fail(absl::StrCat("a workload is a JSON object, not ", json.type_name()));
  }

  bool Has(const std::string& key) const { return json_.contains(key); }

  void Count(const std::string& key, int64_t& value) {
    if (const Json* json = Find(key)) {
      if (!json->is_number_integer()) return Fail(absl::StrCat("\"", key, "\" must be a whole number"));
      value = json->get<int64_t>();
    }
  }

  void Bytes(const std::string& key, int64_t& value) {
    const Json* json = Find(key);
    if (json == nullptr) return;
    if (json->is_number_integer()) {
      value = json->get<int64_t>();
      return;
    }
    if (!json->is_string()) return Fail(absl::StrCat("\"", key, "\" must be bytes, such as 4096 or \"64MiB\""));
    const absl::StatusOr<int64_t> bytes = ParseBytes(json->get<std::string>());
    if (!bytes.ok()) return Fail(absl::StrCat("\"", key, "\": ", bytes.status().message()));
    value = *bytes;
  }

  void Real(const std::string& key, double& value) {
    if (const Json* json = Find(key)) {
      if (!json->is_number()) return Fail(absl::StrCat("\"", key, "\" must be a number"));
      value = json->get<double>();
    }
  }

  void Flag(const std::string& key, bool& value) {
    if (const Json* json = Find(key)) {
      if (!json->is_boolean()) return Fail(absl::StrCat("\"", key, "\" must be true or false"));
      value = json->get<bool>();
    }
  }

  std::string Name(const std::string& key, const std::string& initial) {
    const Json* json = Find(key);
    if (json == nullptr) return initial;
    if (json->is_string()) return json->get<std::string>();
    Fail(absl::StrCat("\"", key, "\" must be a string"));
    return initial;
  }

  const Json* Find(const std::string& key) {
    known_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  void Require(const std::string& key) {
    if (!Has(key)) Fail(absl::StrCat("\"", key, "\" is missing"));
  }

  void Fail(const std::string& message) { status_.Update(absl::InvalidArgumentError(message)); }
  void Fail(const absl::Status& status) { status_.Update(status); }

  // After everything was read.
  absl::Status End() {
    if (!status_.ok() || !json_.is_object()) return status_;
    for (const auto& [key, value] : json_.items()) {
      if (known_.count(key) == 0) return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is not known here"));
    }
    return absl::OkStatus();
  }

 private:
  const Json& json_;
  std::set<std::string> known_{"name"};
  absl::Status status_;
};

void ReadCosts(ObjectReader& reader, LinkCosts& costs) {
  reader.Require("forward_seconds");
  reader.Require("backward_seconds");
  reader.Real("forward_seconds", costs.forward_seconds);
  costs.taped_forward_seconds = costs.forward_seconds;
  reader.Real("taped_forward_seconds", costs.taped_forward_seconds);
  reader.Real("backward_seconds", costs.backward_seconds);
}

absl::StatusOr<Workload> ReadChain(ObjectReader& reader) {
  ChainWorkload chain;
  for (const char* key : {"length", "state_bytes", "tape_bytes"}) reader.Require(key);
  reader.Count("length", chain.length);
  reader.Bytes("state_bytes", chain.state_bytes);
  reader.Bytes("tape_bytes", chain.tape_bytes);
  reader.Bytes("fixed_bytes", chain.fixed_bytes);
  if (const Json* json = reader.Find("costs")) {
    ObjectReader costs(*json);
    ReadCosts(costs, chain.costs.emplace());
    reader.Fail(costs.End());
  }
  if (absl::Status status = reader.End(); !status.ok()) return status;
  return chain;
}

void ReadChoices(ObjectReader& reader, ModelWorkload& model) {
  const Json* json = reader.Find("link_costs");
  if (json == nullptr) return;
  if (!json->is_array()) return reader.Fail("\"link_costs\" must be an array");
  for (const Json& entry : *json) {
    ObjectReader choice(entry);
    ModelWorkload::LinkChoice& read = model.choices.emplace_back();
    choice.Require("link");
    choice.Count("link", read.link);
    ReadCosts(choice, read.costs);
    reader.Fail(choice.End());
  }
}

absl::StatusOr<Workload> ReadModel(ObjectReader& reader) {
  ModelWorkload model;
  const std::string cell = reader.Name("cell", "lstm");
  if (cell != "lstm") reader.Fail(absl::StrCat("\"cell\" is \"", cell, "\"; must be \"lstm\""));
  const std::string optimizer = reader.Name("optimizer", "adamw");
  if (optimizer == "sgd") {
    model.optimizer = ModelWorkload::Optimizer::kSgd;
  } else if (optimizer != "adamw") {
    reader.Fail(absl::StrCat("\"optimizer\" is \"", optimizer, "\"; must be \"adamw\" or \"sgd\""));
  }
  reader.Require("hidden");
  reader.Count("layers", model.layers);
  reader.Count("hidden", model.hidden);
  reader.Count("embedding", model.embedding);
  reader.Real("dropout", model.dropout);
  reader.Count("batch", model.batch);
  reader.Count("length", model.length);
  reader.Count("link", model.link);
  reader.Flag("carry_state", model.carry_state);
  ReadChoices(reader, model);
  if (absl::Status status = reader.End(); !status.ok()) return status;
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
  Json json = {{"cell", "lstm"},
               {"optimizer", model.optimizer == ModelWorkload::Optimizer::kSgd ? "sgd" : "adamw"},
               {"layers", model.layers},
               {"hidden", model.hidden},
               {"embedding", model.embedding},
               {"dropout", model.dropout},
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
  ObjectReader reader(json);
  return reader.Has("state_bytes") ? ReadChain(reader) : ReadModel(reader);
}

}  // namespace recurve
