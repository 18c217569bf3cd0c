// SPDX-License-Identifier: Apache-2.0
#include "executor/model/model_file.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "executor/model/parameters.h"
#include "nlohmann/json.hpp"

namespace recurve {
namespace {

constexpr const char* kMetadataKey = "recurve";
constexpr const char* kFormat = "byte-rnn-1";  // what the parameters mean; a reader refuses any other
constexpr int64_t kMaxExtent = int64_t{1} << 20;

absl::Status FileError(const std::string& path, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("model file ", path, ": ", absl::string_view(what.data(), what.size())));
}

std::string ConfigToJson(const ModelConfig& config) {
  return nlohmann::json{{"format", kFormat},
                        {"vocabulary", config.vocabulary},
                        {"cell", std::string(ToString(config.cell))},
                        {"layers", config.layers},
                        {"hidden", config.hidden},
                        {"embedding", config.embedding},
                        {"residual", config.residual},
                        {"layer_norm", config.layer_norm},
                        {"dropout", config.dropout},
                        {"recurrent_dropout", config.recurrent_dropout}}
      .dump();
}

absl::StatusOr<int64_t> ReadExtent(const std::string& path, const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_number_integer()) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is missing or no whole number"));
  }
  const auto value = found->get<int64_t>();
  if (value < 1 || value > kMaxExtent) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is ", value, ", must be 1..", kMaxExtent));
  }
  return value;
}

absl::StatusOr<double> ReadRate(const std::string& path, const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_number()) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is missing or no number"));
  }
  const auto rate = found->get<double>();
  if (!(rate >= 0 && rate < 1)) {
    return FileError(path, absl::StrCat("metadata recurve.", field, " is ", rate, ", must be in [0, 1)"));
  }
  return rate;
}

absl::StatusOr<ModelConfig> ConfigFromMetadata(const std::string& path, const Safetensors& file) {
  const auto text = file.metadata.find(kMetadataKey);
  if (text == file.metadata.end()) return FileError(path, "has no `recurve` metadata; it was not saved by recurve");
  const nlohmann::json json = nlohmann::json::parse(text->second, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return FileError(path, "its `recurve` metadata is no JSON object");
  const auto format = json.find("format");
  if (format == json.end() || *format != kFormat) {
    return FileError(path,
                     absl::StrCat("metadata recurve.format is not \"", kFormat, "\", the only one that is known"));
  }
  ModelConfig config;
  const std::pair<const char*, int64_t*> extents[] = {{"vocabulary", &config.vocabulary},
                                                      {"layers", &config.layers},
                                                      {"hidden", &config.hidden},
                                                      {"embedding", &config.embedding}};
  for (const auto& [field, value] : extents) {
    const absl::StatusOr<int64_t> extent = ReadExtent(path, json, field);
    if (!extent.ok()) return extent.status();
    *value = *extent;
  }
  const auto cell = json.find("cell");
  const std::optional<Cell> parsed =
      cell != json.end() && cell->is_string() ? ParseCell(cell->get<std::string>()) : std::nullopt;
  if (!parsed) return FileError(path, "metadata recurve.cell is missing or names no cell that is known");
  config.cell = *parsed;
  for (const auto& [field, value] : {std::pair("residual", &config.residual), {"layer_norm", &config.layer_norm}}) {
    const auto found = json.find(field);
    if (found == json.end() || !found->is_boolean()) {
      return FileError(path, absl::StrCat("metadata recurve.", field, " is missing or neither true nor false"));
    }
    *value = found->get<bool>();
  }
  for (const auto& [field, value] :
       {std::pair("dropout", &config.dropout), {"recurrent_dropout", &config.recurrent_dropout}}) {
    const absl::StatusOr<double> rate = ReadRate(path, json, field);
    if (!rate.ok()) return rate.status();
    *value = *rate;
  }
  return config;
}

// The tensors in the order of the layout: a file written by another program may have them in any.
absl::StatusOr<std::vector<NamedTensor>> Arrange(const std::string& path, const ModelConfig& config,
                                                 std::vector<NamedTensor> tensors) {
  const ParameterLayout layout(config);
  if (tensors.size() != layout.entries().size()) {
    return FileError(
        path, absl::StrCat("has ", tensors.size(), " tensors, its configuration says ", layout.entries().size()));
  }
  std::vector<NamedTensor> arranged;
  arranged.reserve(tensors.size());
  for (const ParameterLayout::Entry& entry : layout.entries()) {
    const auto found = std::find_if(tensors.begin(), tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name == entry.name; });
    if (found == tensors.end()) return FileError(path, absl::StrCat("has no tensor ", entry.name));
    if (found->shape != entry.shape) {
      return FileError(path, absl::StrCat("tensor ", entry.name, " has shape [", absl::StrJoin(found->shape, ", "),
                                          "], its configuration says [", absl::StrJoin(entry.shape, ", "), "]"));
    }
    arranged.push_back(std::move(*found));
  }
  return arranged;
}

}  // namespace

absl::Status SaveModel(const std::string& path, const Model& model) {
  return WriteSafetensors(path, {{kMetadataKey, ConfigToJson(model.config)}}, model.parameters);
}

absl::StatusOr<Model> LoadModel(const std::string& path) {
  absl::StatusOr<Safetensors> file = ReadSafetensors(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<ModelConfig> config = ConfigFromMetadata(path, *file);
  if (!config.ok()) return config.status();
  absl::StatusOr<std::vector<NamedTensor>> parameters = Arrange(path, *config, std::move(file->tensors));
  if (!parameters.ok()) return parameters.status();
  return Model{.config = *config, .parameters = *std::move(parameters)};
}

}  // namespace recurve
